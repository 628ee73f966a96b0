"""What waits for what, among the bundles of one cluster."""

import asyncio
import signal
from datetime import UTC, datetime

import pytest

from tests.controlplane.kubectl import kubectl
from tests.end_to_end.story import config_map, deployment, namespace


@pytest.fixture
def one(clusters):
    return clusters(1)[0]


async def names(cluster, namespace):
    listed = await kubectl(cluster.kubeconfig, cluster.name, "-n", namespace, "get", "cm", "-o", "name")
    return set(listed.split()) - {"configmap/kube-root-ca.crt"}


async def being_deleted(cluster, namespace, name):
    found = await cluster.request("GET", f"/api/v1/namespaces/{namespace}/configmaps/{name}")
    return "deletionTimestamp" in found["metadata"]


async def finalizers(cluster, namespace, name, found):
    patch = f'{{"metadata": {{"finalizers": {found}}}}}'
    await kubectl(
        cluster.kubeconfig, cluster.name, "-n", namespace, "patch", "cm", name, "--type=merge", "-p", patch
    )


async def test_an_operator_outlives_what_waits_for_its_finalizers(story, one, unique):
    story.bundle("operator", files={"all.yaml": [namespace(unique), config_map("operator", unique)]})
    database = {
        "files": {"all.yaml": [config_map("database", unique)]},
        "dependsOn": [{"bundle": "operator"}],
    }
    story.bundle("databases", **database)
    story.commit()
    await story.roadstead("apply", "-c", "dev")
    await finalizers(one, unique, "database", '["example.com/backup"]')
    story.remove("fleet/bundle-operator.yaml")
    story.remove("fleet/bundle-databases.yaml")
    story.commit("both go")

    process = await story.start("apply", "-c", "dev")
    while not await being_deleted(one, unique, "database"):
        await asyncio.sleep(0.1)
    await asyncio.sleep(1.0)  # in which the operator's end would come
    process.send_signal(signal.SIGINT)
    out, _ = await process.communicate()
    assert process.returncode == 130
    assert f"dev ConfigMap/{unique}/database: delete failed (StuckDeleting)" in out.decode()
    assert "waits for its finalizers example.com/backup" in out.decode()
    assert "bundle databases, which depends on it, is not gone" in out.decode()
    assert await names(one, unique) == {"configmap/operator", "configmap/database"}

    await finalizers(one, unique, "database", "[]")
    await story.roadstead("apply", "-c", "dev")
    assert await names(one, unique) == set()


async def test_who_has_nothing_to_do_waits_for_no_dependency(story, unique):
    """Without controllers the deployment is never ready."""
    story.bundle("slow", files={"all.yaml": [namespace(unique), deployment("web", unique)]})
    story.bundle("quick", files={"all.yaml": [config_map("a", unique)]})
    story.commit()
    await story.roadstead("apply", "-c", "dev")
    story.bundle("quick", dependsOn=[{"bundle": "slow"}])
    story.commit("quick depends on slow")
    done = await story.roadstead("apply", "-c", "dev", "-o", "json")
    assert done.data()["summary"] == {"unchanged": 3}
    story.write("apps/quick/all.yaml", [config_map("a", unique, key="new")])
    told = "it depends on bundle slow, which is not ready"
    waited = await story.ask_until(lambda ended: told in ended.told, "apply", "-c", "dev")
    assert waited.code == 1
    assert told in waited.told


def job(name, namespace):
    container = {"name": "main", "image": "migrate:1"}
    template = {"spec": {"containers": [container], "restartPolicy": "Never"}}
    spec = {"template": template, "ttlSecondsAfterFinished": 60}
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": spec}


class Jobs:
    """Without controllers, the test does what they would."""

    def __init__(self, cluster, namespace):
        self._cluster = cluster
        self._path = f"/apis/batch/v1/namespaces/{namespace}/jobs"

    async def begins(self, name):
        """As soon as it is there."""
        async with asyncio.timeout(240):
            while name not in {
                one["metadata"]["name"] for one in (await self._cluster.request("GET", self._path))["items"]
            }:
                await asyncio.sleep(0.1)
        await self._is(name, active=1)

    async def ends(self, name):
        done = [{"type": one, "status": "True"} for one in ("SuccessCriteriaMet", "Complete")]
        await self._is(name, active=0, succeeded=1, completionTime=now(), conditions=done)

    async def removed(self, name):
        """As its TTL would have it."""
        await self._cluster.request("DELETE", f"{self._path}/{name}?propagationPolicy=Background")

    async def _is(self, name, **status):
        await self._cluster.request(
            "PATCH",
            f"{self._path}/{name}/status",
            {"status": {"startTime": BEGAN, **status}},
            content_type="application/merge-patch+json",
        )


def now():
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


BEGAN = now()


async def test_what_depends_on_a_bundle_waits_until_its_jobs_are_done(story, one, unique):
    story.bundle("migrate", files={"all.yaml": [namespace(unique), job("migrate", unique)]})
    story.bundle("web", files={"a.yaml": config_map("web", unique)}, dependsOn=[{"bundle": "migrate"}])
    story.commit()
    jobs = Jobs(one, unique)
    running = await story.start("apply", "-c", "dev")
    await jobs.begins("migrate")
    await asyncio.sleep(2)  # in which what waits for no more than its start would come
    assert await names(one, unique) == set()
    await jobs.ends("migrate")
    await running.communicate()
    assert running.returncode == 0
    assert await names(one, unique) == {"configmap/web"}

    await jobs.removed("migrate")
    story.write("apps/web/a.yaml", config_map("web", unique, key="new"))
    again = await story.roadstead("apply", "-c", "dev", "-o", "json")
    assert again.data()["summary"]["updated"] == 1


async def test_what_depends_on_a_job_waits_until_it_is_done(story, one, unique):
    after = config_map("after", unique)
    needed = f"batch/namespaces/{unique}/Job/migrate"
    after["metadata"]["annotations"] = {"config.kubernetes.io/depends-on": needed}
    story.bundle("shop", files={"all.yaml": [namespace(unique), job("migrate", unique), after]})
    story.commit()
    jobs = Jobs(one, unique)
    running = await story.start("apply", "-c", "dev")
    await jobs.begins("migrate")
    await asyncio.sleep(8)  # longer than a step waits by itself
    assert await names(one, unique) == set()
    assert running.returncode is None
    await jobs.ends("migrate")
    await running.communicate()
    assert running.returncode == 0
    assert await names(one, unique) == {"configmap/after"}

    await jobs.removed("migrate")
    after["data"] = {"key": "new"}
    story.write("apps/shop/all.yaml", [namespace(unique), job("migrate", unique), after])
    again = await story.roadstead("apply", "-c", "dev", "-o", "json")
    assert again.data()["summary"]["updated"] == 1
