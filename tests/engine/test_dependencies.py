"""What waits for what in the loop that serves."""

import asyncio

import pytest

from roadstead.sim import writing
from roadstead.sim.writes import Write
from tests.end_to_end.story import config_map, namespace
from tests.engine import fleets

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
    async with asyncio.timeout(30):
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
