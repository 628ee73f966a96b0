"""Watches of real API servers: what they tell, how they end, and where they are silent."""

import asyncio
from contextlib import aclosing
from typing import Any

import orjson
import pytest

from roadstead.model import reasons
from roadstead.model.errors import ConflictError, RoadsteadError, TransientError
from roadstead.model.facts import ApiResource
from roadstead.model.ids import GroupKind
from roadstead.world.kube import client, kubeconfig
from roadstead.world.kube.client import Client, Limits
from roadstead.world.kube.write import Writer
from tests.cluster.connecting import connected
from tests.cluster.test_kube_errors import definition, eventually, manifest

CONFIG_MAP = ApiResource("", "v1", "ConfigMap", "configmaps", namespaced=True)
PART_OF = "applyset.kubernetes.io/part-of"


async def latest(one: Client, namespace: str = "") -> str:
    return (await one.list(CONFIG_MAP, namespace=namespace)).resource_version


async def apply(one: Client, namespace: str, name: str, **metadata: Any) -> dict[str, Any]:
    return await Writer(one).apply(
        CONFIG_MAP, namespace, name, manifest("ConfigMap", name, metadata=metadata), force=True
    )


async def delete(one: Client, namespace: str, obj: dict[str, Any]) -> None:
    metadata = obj["metadata"]
    await Writer(one).delete(
        CONFIG_MAP, namespace, metadata["name"], uid=metadata["uid"], propagation="Background"
    )


async def take(events: Any, count: int) -> list[client.WatchEvent]:
    async with asyncio.timeout(120):
        return [await anext(events) for _ in range(count)]


@pytest.fixture
async def place(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    async with connected(cluster) as one:
        yield one


@pytest.mark.parametrize("metadata", [True, False], ids=["metadata", "whole objects"])
async def test_a_watch_tells_what_happens_after_the_list(place, unique, metadata):
    await apply(place, unique, "before")
    options = {"namespace": unique, "metadata": metadata}
    version = (await place.list(CONFIG_MAP, **options)).resource_version
    async with aclosing(place.watch(CONFIG_MAP, resource_version=version, **options)) as events:
        made = await apply(place, unique, "a")
        changed = await apply(place, unique, "a", labels={"x": "y"})
        await delete(place, unique, made)
        seen = await take(events, 3)
    assert [(one.type, one.object["metadata"]["name"]) for one in seen] == [
        ("ADDED", "a"),
        ("MODIFIED", "a"),
        ("DELETED", "a"),
    ]
    assert {one.object["kind"] for one in seen} == {"ConfigMap"}
    assert seen[1].object["metadata"] == changed["metadata"]
    assert [one.resource_version for one in seen[:2]] == [
        made["metadata"]["resourceVersion"],
        changed["metadata"]["resourceVersion"],
    ]
    assert int(seen[2].resource_version) > int(seen[1].resource_version)


async def test_a_watch_that_the_server_ended_goes_on_where_it_was(place, unique):
    version = await latest(place)
    seen = []
    for name in ("a", "b"):
        await apply(place, unique, name)
        async with asyncio.timeout(120):
            while name not in seen:  # a slow server may end a watch before it has told anything
                watch = place.watch(CONFIG_MAP, namespace=unique, resource_version=version, seconds=1)
                async for event in watch:
                    version = event.resource_version
                    if event.type != "BOOKMARK":
                        seen.append(event.object["metadata"]["name"])
    assert seen == ["a", "b"]


async def test_leaving_a_selector_looks_like_a_deletion(place, unique):
    version = await latest(place)
    options = {"namespace": unique, "selector": PART_OF, "metadata": True, "resource_version": version}
    async with aclosing(place.watch(CONFIG_MAP, **options)) as events:
        await apply(place, unique, "a", labels={PART_OF: "x"})
        await apply(place, unique, "a", labels={})
        _, left = await take(events, 2)
    assert left.type == "DELETED"
    assert left.object["metadata"]["labels"] == {PART_OF: "x"}
    assert "deletionTimestamp" not in left.object["metadata"]
    assert await place.get(CONFIG_MAP, unique, "a") is not None


async def test_a_large_event_arrives_whole(place, unique):
    version = await latest(place)
    data = {str(number): "x" * 1000 for number in range(900)}
    async with aclosing(place.watch(CONFIG_MAP, namespace=unique, resource_version=version)) as events:
        body = orjson.dumps(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}
        )
        await Writer(place).create(CONFIG_MAP, unique, "a", body)
        (event,) = await take(events, 1)
    assert event.object["data"] == data


@pytest.mark.real_servers(
    "a definition is gone at once in simulated clusters: a watch that begins later finds no such kind"
)
async def test_a_change_of_a_definition_ends_its_watches_and_its_deletion_deletes_each_object(place, unique):
    group, write = f"{unique}.example.com", Writer(place)
    crd = (await place.resources()).find(GroupKind("apiextensions.k8s.io", "CustomResourceDefinition"))
    thing = ApiResource(group, "v1", "Thing", "things", namespaced=True)
    name = f"things.{group}"
    made = await write.apply(crd, "", name, definition(group, "v1", stored="v1"), force=True)
    for each in ("a", "b"):
        body = manifest("Thing", each, f"{group}/v1", spec={"a": 1})
        await eventually(lambda each=each, body=body: write.apply(thing, unique, each, body, force=True))
    version = (await place.list(thing)).resource_version
    events = place.watch(thing, resource_version=version, metadata=True)
    await write.apply(thing, unique, "c", manifest("Thing", "c", f"{group}/v1"), force=True)
    await take(events, 1)  # it is open now
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "description": "changed"}
    await write.apply(crd, "", name, definition(group, "v1", stored="v1", schema=schema), force=True)
    async with asyncio.timeout(120):
        assert await drain(events) == []

    # what was before the change is forgotten, too: list again
    await eventually(lambda: place.list(thing))
    version = (await place.list(thing)).resource_version
    deleted = set()
    async with asyncio.timeout(120), aclosing(place.watch(thing, resource_version=version)) as events:
        await write.apply(thing, unique, "d", manifest("Thing", "d", f"{group}/v1"), force=True)
        await take(events, 1)  # it is open now; begun after the delete it may find no such kind
        await write.delete(crd, "", name, uid=made["metadata"]["uid"], propagation="Background")
        async for event in events:
            if event.type == "DELETED":
                deleted.add(event.object["metadata"]["name"])
            if len(deleted) == 4:
                break
    assert deleted == {"a", "b", "c", "d"}


async def drain(events: Any) -> list[client.WatchEvent]:
    return [event async for event in events]


async def test_what_a_watch_may_not_see_is_forbidden(clusters):
    (cluster,) = clusters(1)
    async with connected(cluster, "viewer") as viewer:
        secret = (await viewer.resources()).find(GroupKind("", "Secret"))
        with pytest.raises(RoadsteadError) as caught:
            await drain(viewer.watch(secret, resource_version="0"))
    assert caught.value.problem.reason is reasons.FORBIDDEN
    assert str(caught.value).startswith("c1: watch Secret failed (Forbidden): ")


async def test_deaths_of_servers_and_versions_that_nobody_knows(own_clusters):
    (cluster,) = own_clusters(1).clusters
    access = kubeconfig.load([cluster.kubeconfig]).access(cluster.name)
    async with client.connect(access, cluster="c1") as one:
        first = await latest(one)
        for number in range(3):
            await apply(one, "default", f"c{number}")

        # a server that dies ends its watches with an error, after what they told
        seen: list[str] = []
        watching = asyncio.ensure_future(follow(one, first, seen))
        async with asyncio.timeout(120):
            while len(seen) < 3:
                await asyncio.sleep(0.01)
        await cluster.kill()
        with pytest.raises(TransientError) as died:
            await watching
        assert died.value.problem.reason is reasons.UNREACHABLE
        assert seen == ["ADDED"] * 3

        # its successor does not remember what was before it
        await cluster.start_apiserver()
        with pytest.raises(ConflictError) as forgotten:
            await follow(one, first, [])
        assert forgotten.value.problem.reason is reasons.EXPIRED

    # a version from the future gives silence
    async with client.connect(access, cluster="c1", limits=Limits(silence=3.0)) as one:
        future = str(int(await latest(one)) + 1_000_000)
        with pytest.raises(TransientError) as silent:
            await follow(one, future, [])
        assert silent.value.problem.cause == f"{cluster.url}: no answer within 3 s"


async def follow(one: Client, version: str, seen: list[str]) -> None:
    async for event in one.watch(CONFIG_MAP, resource_version=version, namespace="default"):
        seen.append(event.type)
