"""Taking fields over from tools that applied before us, on a real API server; the tools are imitated by
kubectl under their names."""

import asyncio
import json

import pytest

from roadstead.objects import difference, ownership
from tests.controlplane.direct import RequestFailed
from tests.controlplane.kubectl import kubectl

BEFORE = {
    "kubectl apply": ("apply",),
    "kubectl create": ("create",),
    "kubectl apply --server-side": ("apply", "--server-side"),
    "Helm": ("create", "--field-manager=helm"),
    "Helm, server-side": ("apply", "--server-side", "--field-manager=helm"),
    "Flux": ("apply", "--server-side", "--field-manager=kustomize-controller"),
    "Argo CD": ("apply", "--field-manager=argocd-controller"),
    "Argo CD, server-side": ("apply", "--server-side", "--field-manager=argocd-controller"),
}


def deployment(namespace):
    web = {"name": "web", "image": "web:1", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    pod = {"containers": [web, {"name": "side", "image": "side:1"}], "nodeSelector": {"disk": "fast"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace, "labels": {"a": "1", "b": "2"}},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": pod},
        },
    }


def without_half(manifest):
    """A label, a container, a variable and a field of the Pod less."""
    less = json.loads(json.dumps(manifest))
    del less["metadata"]["labels"]["b"]
    pod = less["spec"]["template"]["spec"]
    del pod["containers"][1], pod["containers"][0]["env"][1], pod["nodeSelector"]
    return less


class Deployment:
    """The one Deployment of a test."""

    def __init__(self, cluster, namespace):
        self.cluster = cluster
        self.path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"

    async def read(self):
        return await self.cluster.request("GET", self.path)

    async def apply(self, manifest):
        query = "?fieldManager=roadstead&force=true"
        return await self.cluster.request(
            "PATCH", self.path + query, manifest, content_type="application/apply-patch+yaml"
        )

    async def patch(self, operations):
        return await self.cluster.request(
            "PATCH", self.path, operations, content_type="application/json-patch+json"
        )

    async def take_over(self):
        await self.patch(ownership.takeover_patch(await self.read()))


def left_over(live, manifest):
    """What the manifest does not have and live has, of what `without_half` removes."""
    pod = live["spec"]["template"]["spec"]
    wanted = manifest["spec"]["template"]["spec"]
    found = [
        f"label {key}" for key in live["metadata"]["labels"].keys() - manifest["metadata"]["labels"].keys()
    ]
    found += ["a container"] if len(pod["containers"]) > len(wanted["containers"]) else []
    found += ["a variable"] if len(pod["containers"][0]["env"]) > len(wanted["containers"][0]["env"]) else []
    return found + (["a field of the Pod"] if "nodeSelector" in pod else [])


@pytest.mark.parametrize("tool", BEFORE)
async def test_what_another_tool_set_goes_only_when_its_fields_were_taken_over(clusters, unique, tool):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    live, manifest = Deployment(cluster, unique), deployment(unique)
    less = without_half(manifest)
    command = [*BEFORE[tool], "-f", "-"]
    await kubectl(cluster.kubeconfig, cluster.name, *command, stdin=json.dumps(manifest))

    everything = ["label b", "a container", "a variable", "a field of the Pod"]
    await live.apply(manifest)
    assert left_over(await live.apply(less), less) == everything, "a forced apply alone is not enough"

    await live.take_over()
    assert left_over(await live.apply(less), less) == []
    assert ownership.takeover_patch(await live.read()) is None
    assert difference.drift(less, await live.read()) == []


async def test_fields_wiped_of_their_owners_go_again_after_before_first_apply_is_dropped(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    live, manifest = Deployment(cluster, unique), deployment(unique)
    less = without_half(manifest)
    await live.apply(manifest)
    await live.patch([{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}])
    assert ownership.signature(await live.read()) == ""

    again = await live.apply(manifest)
    assert [entry["manager"] for entry in ownership.entries(again)] == ["roadstead", "before-first-apply"]
    assert left_over(await live.apply(less), less), "before-first-apply keeps what we drop"

    await live.apply(manifest)
    await live.take_over()
    assert left_over(await live.apply(less), less) == []


async def test_dropping_before_first_apply_takes_nothing_from_a_controller(clusters, unique):
    """Merging it instead would make us own the claim of a bound volume, and our next apply remove it."""
    (cluster,) = clusters(1)
    path = f"/api/v1/persistentvolumes/{unique}"
    manifest = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": unique},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "hostPath": {"path": "/data"},
            "persistentVolumeReclaimPolicy": "Retain",
        },
    }

    async def apply():
        query = "?fieldManager=roadstead&force=true"
        return await cluster.request(
            "PATCH", path + query, manifest, content_type="application/apply-patch+yaml"
        )

    async def patch(operations):
        return await cluster.request("PATCH", path, operations, content_type="application/json-patch+json")

    claim = {"kind": "PersistentVolumeClaim", "namespace": "default", "name": unique}
    await apply()
    await patch([{"op": "add", "path": "/spec/claimRef", "value": claim}])
    await patch([{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}])
    await patch(ownership.takeover_patch(await apply()))
    live = await apply()
    assert live["spec"]["claimRef"] == claim
    assert [entry["manager"] for entry in ownership.entries(live)] == ["roadstead"]


async def test_a_patch_for_an_object_that_moved_meanwhile_is_a_conflict(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    live, manifest = Deployment(cluster, unique), deployment(unique)
    await kubectl(cluster.kubeconfig, cluster.name, "create", "-f", "-", stdin=json.dumps(manifest))
    operations = ownership.takeover_patch(await live.read())
    await live.patch([{"op": "add", "path": "/metadata/labels/moved", "value": "yes"}])
    with pytest.raises(RequestFailed) as refused:
        await live.patch(operations)
    assert refused.value.status == 409


def definition(group, *versions):
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    listed = [{"name": name, "served": True, "storage": name == "v2", "schema": schema} for name in versions]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"things.{group}"},
        "spec": {
            "group": group,
            "scope": "Cluster",
            "names": {"kind": "Thing", "plural": "things"},
            "versions": listed,
        },
    }


async def test_entries_at_a_version_that_is_gone_fail_every_apply_until_they_are_moved(clusters, unique):
    (cluster,) = clusters(1)
    group = f"{unique}.example.com"

    async def define(*versions):
        text = json.dumps(definition(group, *versions))
        await kubectl(cluster.kubeconfig, cluster.name, "apply", "--server-side", "-f", "-", stdin=text)

    async def send(method, version, body=None, kind="apply-patch+yaml"):
        path = f"/apis/{group}/{version}/things/t?fieldManager=roadstead"
        return await cluster.request(method, path, body, content_type=f"application/{kind}")

    async def apply(version):
        thing = {
            "apiVersion": f"{group}/{version}",
            "kind": "Thing",
            "metadata": {"name": "t"},
            "data": version,
        }
        return await send("PATCH", version, thing)

    async def status(attempt):
        try:
            await attempt()
        except RequestFailed as refused:
            return refused.status
        return 200

    async def until(wanted, attempt):
        async with asyncio.timeout(120):
            while await status(attempt) != wanted:
                await asyncio.sleep(0.1)

    await define("v1", "v2")
    await until(200, lambda: apply("v1"))
    await define("v2")
    await until(404, lambda: send("GET", "v1"))
    assert await status(lambda: apply("v2")) == 500

    moved = ownership.stale_versions(await send("GET", "v2"), {f"{group}/v2"})
    await send("PATCH", "v2", moved, kind="json-patch+json")
    assert (await apply("v2"))["data"] == "v2"
