"""What was told is held against what the store knows, for ends that nobody told."""

from datetime import UTC, datetime

import pytest

from roadstead.engine import truth
from roadstead.model.ids import Key
from roadstead.model.status import ClusterStatus, Deviation, Reach, Standing, Status, Trouble
from roadstead.stages.notify.subjects import Subject
from roadstead.world import store

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEY = Key("web", "c1")
DRIFT = Subject("drift", "c1", "web", "ConfigMap/shop/a")
FAILED, UNHEALTHY, FROZEN = (
    Subject(kind, "c1", "web", "") for kind in ("apply-failed", "unhealthy", "frozen")
)
LOST, UNSEEN, GIT = (
    Subject("cluster-unreachable", "c1", "", ""),
    Subject("not-seen", "c1", "", "Pod"),
    Subject("frozen", "", "", ""),
)
HINDERED = Subject("apply-failed", "c1", "", "")


@pytest.fixture
async def opened(tmp_path):
    async with store.open(str(tmp_path / "hub.db"), writer="hub") as made:
        yield made


async def over(opened, *subjects, git=True):
    return set(await truth.ended(opened, subjects, goes_by_git=lambda cluster: git))


async def test_drift_is_over_when_no_field_of_the_object_is_wrong_any_more(opened):
    await opened.deviations.replace(KEY, (Deviation(KEY, DRIFT.object, Trouble.DRIFTED, NOW),))
    assert await over(opened, DRIFT) == set()
    await opened.deviations.replace(KEY, (Deviation(KEY, DRIFT.object, Trouble.UNREADY, NOW),))
    assert await over(opened, DRIFT) == {DRIFT}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(Status(KEY, Standing.BLOCKED, reason="Invalid"), set(), id="blocked hides the rest"),
        pytest.param(Status(KEY, Standing.FAILED, unready=1), {FAILED}, id="applied, and failed"),
        pytest.param(Status(KEY, Standing.FROZEN), {FAILED}, id="held"),
        pytest.param(Status(KEY, Standing.PROGRESSING, unready=1), {FAILED, FROZEN}, id="not ready yet"),
        pytest.param(Status(KEY, Standing.READY), {FAILED, FROZEN, UNHEALTHY}, id="well"),
        pytest.param(None, {FAILED, FROZEN, UNHEALTHY}, id="gone"),
    ],
)
async def test_a_bundle_stands_as_its_status_says(opened, status, expected):
    if status:
        await opened.statuses.put(status)
    assert await over(opened, FAILED, FROZEN, UNHEALTHY) == expected


async def test_a_cluster_is_lost_until_it_is_reached_or_gone_from_git(opened):
    await opened.clusters.put(ClusterStatus("c1", reach=Reach.UNKNOWN))
    assert await over(opened, LOST, UNSEEN) == set(), "not asked yet is no answer"
    await opened.clusters.put(ClusterStatus("c1", reach=Reach.REACHABLE))
    assert await over(opened, LOST, UNSEEN) == {LOST}
    await opened.clusters.remove("c1")
    assert await over(opened, LOST, UNSEEN) == {LOST, UNSEEN}


async def test_git_is_followed_when_it_says_so(opened):
    assert await over(opened, GIT, HINDERED, git=False) == set()
    assert await over(opened, GIT, HINDERED) == {GIT, HINDERED}
