"""The Python clients that people use, against simulated clusters.

They are imported by the tests themselves: it takes half a second, in each process that only collects.
"""

from __future__ import annotations

import asyncio
import json

import pytest

from roadstead.sim import kubeconfig

pytestmark = pytest.mark.whole

APPLY = "application/apply-patch+yaml"


@pytest.fixture
def access(simulated, tmp_path):
    """A kubeconfig of the cluster, whose one context is c1."""
    file = tmp_path / "config"
    kubeconfig.write(file, simulated.server, [simulated.cluster])
    return file


def _configmap(name: str) -> dict:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "1"}}


async def test_the_official_client_applies_lists_and_watches(access, deployment):
    from kubernetes import client, config, watch

    def use() -> None:
        with config.new_client_from_config(str(access), context="c1") as api:
            core, apps = client.CoreV1Api(api), client.AppsV1Api(api)
            made = apps.create_namespaced_deployment("default", deployment)
            assert made.spec.strategy.type == "RollingUpdate"
            assert [each.metadata.name for each in apps.list_deployment_for_all_namespaces().items] == ["web"]
            scale = client.V1Scale(spec=client.V1ScaleSpec(replicas=3))
            apps.patch_namespaced_deployment_scale("web", "default", scale)
            applied = core.patch_namespaced_config_map(
                "one",
                "default",
                _configmap("one"),
                field_manager="ann",
                force=True,
                _content_type=APPLY,
            )
            assert applied.metadata.managed_fields[0].manager == "ann"
            version = core.list_namespaced_config_map("default", limit=1).metadata.resource_version
            core.create_namespaced_config_map("default", _configmap("two"))
            core.delete_namespaced_config_map("two", "default")
            stream = watch.Watch().stream(
                core.list_namespaced_config_map, "default", resource_version=version, timeout_seconds=1
            )
            seen = [(event["type"], event["object"].metadata.name) for event in stream]
            assert seen == [("ADDED", "two"), ("DELETED", "two")]
            with pytest.raises(client.ApiException) as refused:
                core.read_namespaced_config_map("two", "default")
            assert (refused.value.status, json.loads(refused.value.body)["reason"]) == (404, "NotFound")

    await asyncio.to_thread(use)


async def test_the_official_dynamic_client_finds_kinds_and_applies(access, deployment):
    from kubernetes import config, dynamic

    def use() -> None:
        with config.new_client_from_config(str(access), context="c1") as api:
            kinds = dynamic.DynamicClient(api)
            deployments = kinds.resources.get(api_version="apps/v1", kind="Deployment")
            body = {"apiVersion": "apps/v1", "kind": "Deployment", **deployment}
            body["metadata"]["namespace"] = "default"
            made = deployments.server_side_apply(body=body, field_manager="ann")
            assert made.metadata.managedFields[0].operation == "Apply"
            assert [each.metadata.name for each in deployments.get(namespace="default").items] == ["web"]

    await asyncio.to_thread(use)


@pytest.mark.filterwarnings("ignore:Kubernetes version .* is not supported:UserWarning")
async def test_kr8s_creates_lists_watches_patches_and_deletes(access, deployment):
    import kr8s.asyncio
    from kr8s.asyncio.objects import ConfigMap, Deployment

    api = await kr8s.asyncio.api(kubeconfig=str(access), context="c1")
    one = await ConfigMap(_configmap("one"), api=api)
    await one.create()
    await one.label({"set": "x"})
    listed = [each.name async for each in api.get("configmaps", namespace="default", label_selector="set=x")]
    assert listed == ["one"]
    await one.patch({"data": {"b": "2"}})
    await one.refresh()
    assert one.raw["data"] == {"a": "1", "b": "2"}
    web = await Deployment({"apiVersion": "apps/v1", "kind": "Deployment", **deployment}, api=api)
    await web.create()
    await web.scale(2)
    assert web.replicas == 2
    async for event, found in api.watch("configmaps", namespace="default"):
        assert (event, found.name) == ("ADDED", "one")
        break
    await one.delete()
    assert not await one.exists()
