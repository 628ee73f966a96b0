"""What a hub answers, as `status` shows it."""

import pytest

from roadstead.cli import hub_answers

TOLD = {
    "cluster": "prod", "bundle": "web", "standing": "failed", "reach": "reachable", "commit": "abc",
    "staged": "v1:1", "applied": "v1:1", "ready": "", "message": "it crashes", "objects": 2, "unready": 1,
    "drifted": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "sync"),
    [
        pytest.param({}, "in sync", id="what failed on a cluster that is seen"),
        pytest.param(
            {"reach": "unreachable"}, "unreachable", id="what had failed before its cluster was lost"
        ),
        pytest.param({"reach": "unreachable", "standing": "unreachable"}, "unreachable", id="what was well"),
    ],
)
def test_nothing_on_a_cluster_that_is_lost_is_called_in_sync(changed, sync):
    found = hub_answers._key(TOLD | changed)
    assert found.sync == sync
    assert not found.is_fine
