"""A Job that failed did not run, also when its TTL removed it since."""

import pytest
import yaml

from roadstead.model.reasons import DEPENDENCY_NOT_READY
from roadstead.sim.controllers.machines import Failing, Way
from tests.end_to_end.story import config_map
from tests.operations.shops import FLEET, Shop, shop_in

pytestmark = pytest.mark.whole

AFTER = """
---
apiVersion: roadstead.dev/v1alpha1
kind: Bundle
metadata: {name: after}
spec: {source: {path: apps/after}, clusters: {all: true}, dependsOn: [{bundle: web}]}
"""
JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "migrate", "namespace": "shop"},
    "spec": {
        "backoffLimit": 0,
        "template": {
            "spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "migrate:1"}]}
        },
    },
}


@pytest.fixture
async def shop(tmp_path):
    async with shop_in(tmp_path) as made:
        made.repository.commit("two bundles", {"roadstead.yaml": FLEET + AFTER})
        made.repository.write({"apps/after/all.yaml": yaml.safe_dump(config_map("done", "shop", x="1"))})
        made.says(JOB)
        yield made


def is_there(shop: Shop, api_version: str, kind: str, name: str) -> bool:
    return shop.live["new"].get(api_version, kind, name, namespace="shop") is not None


def remove(shop: Shop) -> None:
    """As its TTL would."""
    for cluster in shop.live.clusters:
        shop.live[cluster.name].delete("batch/v1", "Job", "migrate", namespace="shop")


async def test_what_depends_on_a_failed_job_waits_until_it_ran_and_no_longer(shop):
    for member in shop.live.clusters:
        shop.live[member.name].fail(Failing("migrate:1", Way.CRASH))
    for _ in range(2):
        done = await shop.apply(wait=False)
        assert DEPENDENCY_NOT_READY in {one.reason for one in done.all_problems()}
        assert not is_there(shop, "v1", "ConfigMap", "done")
        remove(shop)
    for member in shop.live.clusters:
        shop.live[member.name].fail()
    assert not (await shop.apply(wait=False)).failed
    assert is_there(shop, "v1", "ConfigMap", "done")
    remove(shop)
    shop.asked.clear()
    assert not (await shop.apply(wait=False)).failed
    assert {one.method for one in shop.asked} <= {"GET"}
