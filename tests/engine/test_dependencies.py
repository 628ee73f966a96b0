"""What waits for what in the loop that serves."""

import asyncio

import pytest

from roadstead.sim import ending, writing
from roadstead.sim.writes import Write
from tests.end_to_end.story import config_map, namespace
from tests.engine import fleets

pytestmark = pytest.mark.whole

BEGAN = "2026-11-22T18:00:00Z"
DONE = {
    "startTime": BEGAN,
    "completionTime": BEGAN,
    "succeeded": 1,
    "conditions": [{"type": one, "status": "True"} for one in ("SuccessCriteriaMet", "Complete")],
}


def job(**annotations):
    container = {"name": "main", "image": "migrate:1"}
    template = {"spec": {"containers": [container], "restartPolicy": "Never"}}
    metadata = {"name": "migrate", "namespace": "shop", "annotations": annotations}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": template}}


@pytest.fixture
async def fleet(tmp_path):
    async with fleets.simulated(tmp_path) as made:
        yield made


async def becomes(fleet, status):
    """The Job is as its controller would have it, once it is there."""
    cluster = fleet.clusters["c1"]
    kind = cluster.builtin("jobs", "batch")
    async with asyncio.timeout(fleets.PATIENCE):
        while (live := cluster.object(kind, "shop", "migrate")) is None:
            await asyncio.sleep(0.02)
    write = Write(cluster, kind, "shop", "migrate", "job-controller", subresource="status")
    writing.replace(write, {**live, "status": status})


async def test_a_bundle_waits_until_the_jobs_of_one_that_it_depends_on_are_done(fleet):
    fleet.story.bundle("migrate", files={"all.yaml": [namespace("shop"), job()]})
    files = {"a.yaml": config_map("after", "shop", x="1")}
    fleet.story.bundle("web", files=files, dependsOn=[{"bundle": "migrate"}])
    fleet.commit()
    async with fleet.served():
        await becomes(fleet, {"startTime": BEGAN, "active": 1})
        await asyncio.sleep(1)
        assert fleet.data("c1", "after", "shop") is None
        await becomes(fleet, DONE)
        await fleet.settled(2)
        assert fleet.data("c1", "after", "shop") == {"x": "1"}


async def test_an_object_waits_until_the_job_that_it_depends_on_is_done(fleet):
    after = config_map("after", "shop", x="1")
    after["metadata"]["annotations"] = {
        "config.kubernetes.io/depends-on": "batch/namespaces/shop/Job/migrate"
    }
    fleet.story.bundle("web", files={"all.yaml": [namespace("shop"), job(), after]})
    fleet.commit()
    async with fleet.served():
        await becomes(fleet, {"startTime": BEGAN, "active": 1})
        await asyncio.sleep(8)
        assert fleet.data("c1", "after", "shop") is None
        await becomes(fleet, DONE)
        await fleet.settled(1)
        assert fleet.data("c1", "after", "shop") == {"x": "1"}


FAILED = {
    "startTime": BEGAN,
    "failed": 1,
    "conditions": [
        {"type": one, "status": "True", "reason": "BackoffLimitExceeded", "lastTransitionTime": BEGAN}
        for one in ("FailureTarget", "Failed")
    ],
}


def is_there(fleet):
    cluster = fleet.clusters["c1"]
    return cluster.object(cluster.builtin("jobs", "batch"), "shop", "migrate") is not None


def remove(fleet):
    """As its TTL would."""
    cluster = fleet.clusters["c1"]
    write = Write(cluster, cluster.builtin("jobs", "batch"), "shop", "migrate", "ttl")
    ending.delete(write, *write.current(), propagation="Background", grace=None)


async def becomes_there(fleet):
    async with asyncio.timeout(fleets.PATIENCE):
        while not is_there(fleet):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("noticed", [True, False], ids=["while the hub looks", "while it is down"])
async def test_a_job_that_failed_is_remembered_so_that_its_ttl_does_not_make_it_one_that_ran(fleet, noticed):
    fleet.story.bundle("migrate", files={"all.yaml": [namespace("shop"), job()]})
    fleet.commit()
    async with fleet.served() as serving:
        await becomes(fleet, {"startTime": BEGAN, "active": 1})
        if noticed:
            await remembered(fleet, serving)
    if not noticed:
        await becomes(fleet, FAILED)
    async with fleet.served() as serving:
        await remembered(fleet, serving, already=noticed)
        remove(fleet)
        await becomes_there(fleet)
        await becomes(fleet, DONE)
        await fleet.settled(1)
        remove(fleet)
        await asyncio.sleep(1)
        assert not is_there(fleet), "it ran"
        assert not fleet.of("drift")


async def remembered(fleet, serving, *, already=False):
    if not already:
        await becomes(fleet, FAILED)
    async with asyncio.timeout(fleets.PATIENCE):
        while True:
            owned = (
                (serving.reconciling.keepers["c1"].inventories or {}) if serving.reconciling.keepers else {}
            )
            if any(one.failed for each in owned.values() for one in each.entries.values()):
                return
            await asyncio.sleep(0.02)


async def test_a_job_that_failed_while_nobody_looked_is_told_once(fleet):
    fleet.story.bundle("migrate", files={"all.yaml": [namespace("shop"), job()]})
    fleet.commit()
    async with fleet.served():
        await becomes(fleet, {"startTime": BEGAN, "active": 1})
    await becomes(fleet, FAILED)
    for _ in range(2):
        async with fleet.served() as serving:
            await fleet.event("unhealthy", bundle="migrate")
            found = (await serving.store.statuses.page()).items
            while [str(one.standing) for one in found] != ["failed"]:
                await asyncio.sleep(0.05)
                found = (await serving.store.statuses.page()).items
    assert len(fleet.of("unhealthy")) == 1
