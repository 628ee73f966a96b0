"""Lists, metadata, discovery and facts of real API servers."""

import asyncio
import json

import msgspec
import orjson
import pytest

from roadstead.model import reasons
from roadstead.model.errors import RoadsteadError
from roadstead.model.facts import ApiResource
from roadstead.model.ids import GroupKind
from roadstead.world.blobs import Blobs
from roadstead.world.kube import facts
from roadstead.world.kube.client import Client
from roadstead.world.kube.write import Writer
from tests.cluster.connecting import connected
from tests.cluster.test_kube_errors import definition
from tests.controlplane.kubectl import kubectl

CONFIG_MAP = ApiResource("", "v1", "ConfigMap", "configmaps", namespaced=True)


async def fill(one: Client, namespace: str, count: int) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            metadata = {"name": f"c{number:03}", "labels": {"parity": str(number % 2)}}
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"k": "v"}}
            group.create_task(Writer(one).create(CONFIG_MAP, namespace, metadata["name"], orjson.dumps(body)))


async def test_lists_by_pages_selectors_and_metadata(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    async with connected(cluster) as one:
        await fill(one, unique, 25)
        mark = cluster.mark()
        paged = await one.list(CONFIG_MAP, namespace=unique, page=10)
        assert len(cluster.requests(since=mark, user_agent="roadstead")) == 3
        names = [f"c{number:03}" for number in range(25)]
        assert [item["metadata"]["name"] for item in paged.objects()] == names
        whole = await one.list(CONFIG_MAP, namespace=unique)
        assert list(whole.objects()) == list(paged.objects())
        assert int(whole.resource_version) >= int(paged.resource_version)

        odd = await one.list(CONFIG_MAP, namespace=unique, selector="parity=1", metadata=True)
        assert [item["metadata"]["name"] for item in odd.objects()] == names[1::2]
        assert not any("data" in item for item in odd.objects())
        assert {item["kind"] for item in odd.objects()} == {"ConfigMap"}
        raw = msgspec.json.decode(odd.items[0])
        assert raw["kind"] == "PartialObjectMetadata"

        found = await one.get(CONFIG_MAP, unique, "c000", metadata=True)
        assert found == next(iter((await one.list(CONFIG_MAP, namespace=unique, metadata=True)).objects()))


async def test_the_kinds_found_are_those_that_kubectl_finds(clusters):
    (cluster,) = clusters(1)
    table = await kubectl(cluster.kubeconfig, cluster.name, "api-resources", "--no-headers", "--cached=false")
    theirs = set()
    for row in table.splitlines():
        *_, api_version, namespaced, kind = row.split()
        theirs.add((api_version, kind, row.split()[0], namespaced == "true"))
    async with connected(cluster) as one:
        served = await one.resources()
    ours = {
        (item.api_version, item.kind, item.plural, item.namespaced) for item in served.items if item.preferred
    }
    assert ours == theirs
    assert not served.warnings


async def test_a_kind_that_appears_later_is_found_when_asked_anew(clusters, unique):
    (cluster,) = clusters(1)
    group = f"{unique}.example.com"
    async with connected(cluster) as one:
        crd = (await one.resources()).find(GroupKind("apiextensions.k8s.io", "CustomResourceDefinition"))
        body = definition(group, "v1alpha1", "v1", stored="v1")
        await Writer(one).apply(crd, "", f"things.{group}", body, force=True)
        thing = GroupKind(group, "Thing")
        assert (await one.resources()).find(thing) is None
        async with asyncio.timeout(120):
            while (found := (await one.resources(fresh=True)).find(thing)) is None:
                await asyncio.sleep(0.05)
        assert (found.version, found.plural, found.namespaced) == ("v1", "things", True)
        assert (await one.resources()).versions(thing) == ("v1", "v1alpha1")


@pytest.mark.real_servers("an APIService changes nothing in simulated clusters")
async def test_an_api_service_that_is_down_leaves_all_other_kinds_known(clusters, unique):
    (cluster,) = clusters(1)
    group = f"{unique}.example.com"
    service = {"name": "none", "namespace": "default", "port": 443}
    spec = {
        "group": group,
        "version": "v1",
        "groupPriorityMinimum": 100,
        "versionPriority": 10,
        "insecureSkipTLSVerify": True,
        "service": service,
    }
    path = "/apis/apiregistration.k8s.io/v1/apiservices"
    await cluster.request("POST", path, {"metadata": {"name": f"v1.{group}"}, "spec": spec})
    try:
        async with connected(cluster) as one:
            async with asyncio.timeout(120):
                while group not in (served := await one.resources(fresh=True)).unavailable:
                    await asyncio.sleep(0.1)
            assert served.find(GroupKind("apps", "Deployment")) is not None
            assert served.find(GroupKind("no-such.example.com", "Thing")) is None
            with pytest.raises(RoadsteadError) as caught:
                served.find(GroupKind(group, "Thing"))
            assert caught.value.problem.reason is reasons.UNREACHABLE
            assert f"kubectl get apiservice v1.{group}" in caught.value.problem.hint
            with pytest.raises(RoadsteadError) as caught:
                await one.list(ApiResource(group, "v1", "Thing", "things", namespaced=True))
            assert caught.value.problem.reason is reasons.SERVER_ERROR
    finally:
        await cluster.request("DELETE", f"{path}/v1.{group}")


async def test_facts_stay_the_same_and_tell_clusters_apart(clusters, tmp_path):
    cluster, twin = clusters(2)
    blobs = Blobs(tmp_path / "blobs")
    async with connected(cluster) as one, connected(twin) as two:
        found, other = await facts.ask(one, blobs), await facts.ask(two, blobs)
        async with asyncio.timeout(120):  # schemas of definitions that other tests made follow these slowly
            while (again := await facts.ask(one, blobs)).schemas != found.schemas:
                found = again
    assert found.digest == again.digest
    assert found.identity != other.identity
    assert found.version.startswith(found.labels["roadstead.dev/minor"])
    kinds = {item.kind for item in found.resources}
    assert {"Pod", "Deployment", "CustomResourceDefinition"} <= kinds
    facts.write(tmp_path / "record", found, blobs)
    (read,) = facts.read(tmp_path / "record", blobs).values()
    assert set(read.resources) == set(found.resources)
    assert read.digest == found.digest


async def test_schemas_hold_the_kinds_by_which_objects_are_checked(clusters, tmp_path):
    (cluster,) = clusters(1)
    blobs = Blobs(tmp_path)
    async with connected(cluster) as one:
        document = json.loads(blobs.get(await one.schema(blobs)))
    kinds = {
        (kind["group"], kind["version"], kind["kind"])
        for schema in document["components"]["schemas"].values()
        for kind in schema.get("x-kubernetes-group-version-kind", ())
    }
    assert {("", "v1", "Pod"), ("apps", "v1", "Deployment"), ("batch", "v1", "CronJob")} <= kinds
    pod = document["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"]
    assert "containers" in pod["properties"]


async def test_one_kind_that_is_forbidden_does_not_hide_the_others(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    async with connected(cluster, "limited") as limited:
        served = await limited.resources()
        secret = served.find(GroupKind("", "Secret"))
        role = served.find(GroupKind("rbac.authorization.k8s.io", "Role"))
        assert (await limited.list(secret, namespace=unique)).items == []
        with pytest.raises(RoadsteadError) as caught:
            await limited.list(role, namespace=unique)
    assert caught.value.problem.reason is reasons.FORBIDDEN


async def test_requests_are_counted_as_the_server_sees_them(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    async with connected(cluster) as one:
        mark = cluster.mark()
        await fill(one, unique, 3)
        await one.list(CONFIG_MAP, namespace=unique)
        assert one.requests == {("create", "configmaps"): 3, ("list", "configmaps"): 1}
        seen = cluster.requests(since=mark, user_agent="roadstead")
    assert sorted(request.verb for request in seen) == ["create", "create", "create", "list"]
