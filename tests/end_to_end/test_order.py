"""What waits for what, among the bundles of one cluster."""

import asyncio
import signal

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
    waited = await story.ask("apply", "-c", "dev", "--timeout", "10s")
    assert waited.code == 1
    assert "it depends on bundle slow, which is not ready" in waited.out + waited.err
