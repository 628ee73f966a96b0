"""From somebody's edit of an owned object to our suspicion, on a real API server: 50 edits of 500 objects.

The edit is a patch as kubectl sends it, over a connection that is open already. Nothing else is going on.
Before that, what looking at these objects costs.
"""

import asyncio
import statistics
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import uvloop

from roadstead.model.errors import Problem
from roadstead.model.facts import ApiResource
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.model.inventory import Entry
from roadstead.objects import ownership
from roadstead.stages.observe import drift_watch, finding
from roadstead.stages.observe.stream import Selection
from roadstead.world import tasks
from roadstead.world.kube import client as kube
from roadstead.world.kube import kubeconfig
from roadstead.world.kube.client import Client
from roadstead.world.kube.write import Writer
from tests.cluster import samples
from tests.controlplane import plane

_OBJECTS, _EDITS, _AT_ONCE = 500, 50, 16
_NAMESPACE = "default"


def main() -> None:
    uvloop.run(_measure())


async def _measure() -> None:
    async with plane.running(1, audit=False) as control_plane:
        (cluster,) = control_plane.clusters
        access = kubeconfig.load([cluster.kubeconfig]).access(cluster.name)
        async with kube.connect(access, cluster="c1") as client, kube.connect(access, cluster="c1") as other:
            resource = (await client.resources()).find(GroupKind("apps", "Deployment"))
            assert resource
            entries = await _apply(client, resource)
            await _costs(client, resource)
            await _watch(client, Writer(other), resource, entries)


async def _apply(client: Client, resource: ApiResource) -> dict[ObjectId, Entry]:
    writer = Writer(client)

    async def apply(number: int) -> Entry:
        obj = _deployment(number)
        name = obj["metadata"]["name"]
        live = ownership.live(await writer.apply(resource, _NAMESPACE, name, orjson.dumps(obj), force=True))
        return Entry(live.id, live.uid, "v1:00", live.signature, live.mark, resource.api_version)

    applied = await tasks.each(range(_OBJECTS), apply, limit=_AT_ONCE)
    return {entry.id: entry for entry in applied}


async def _costs(client: Client, resource: ApiResource) -> None:
    """In milliseconds, one request after another; the list holds all objects."""
    body = orjson.dumps(_deployment(0))
    writer = Writer(client)
    asked: dict[str, Callable[[], Awaitable[object]]] = {
        "metadata list": lambda: client.list(resource, selector=ownership.PART_OF, metadata=True),
        "found, as a view does": lambda: finding.find(client, resource, (), ownership.live, metadata=True),
        "get": lambda: client.get(resource, _NAMESPACE, "d0"),
        "dry run": lambda: writer.apply(resource, _NAMESPACE, "d0", body, force=True, dry_run=True),
        "apply that changes nothing": lambda: writer.apply(resource, _NAMESPACE, "d0", body, force=True),
    }
    for name, ask in asked.items():
        taken = []
        for _ in range(_EDITS):
            began = time.perf_counter()
            await ask()
            taken.append(time.perf_counter() - began)
        print(f"{name}: median {statistics.median(taken) * 1000:.1f} ms")


def _deployment(number: int) -> dict[str, Any]:
    obj = samples.deployment(_NAMESPACE, f"d{number}", replicas=0)
    obj["metadata"]["labels"] = {ownership.PART_OF: "applyset-x-v1"}
    return obj


async def _watch(
    client: Client, intruder: Writer, resource: ApiResource, entries: dict[ObjectId, Entry]
) -> None:
    suspected: dict[ObjectId, float] = {}
    news = asyncio.Event()

    def suspect(bundle: str, one: ObjectId) -> None:
        suspected[one] = time.perf_counter()
        news.set()

    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    async with drift_watch.running(client, suspect, _never) as watch:
        await watch.expect({"web": entries})
        async with asyncio.timeout(60):
            while len(watch.suspicions.live) < len(entries):  # noqa: ASYNC110  # a list ends without a word
                await asyncio.sleep(0.05)
        held = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        since_sent, since_answered = [], []
        for one in list(entries)[:_EDITS]:
            image = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "other"}]
            sent = time.perf_counter()
            await intruder.json_patch(resource, one.namespace, one.name, image, manager="kubectl-edit")
            answered = time.perf_counter()
            while one not in suspected:
                news.clear()
                await news.wait()
            since_sent.append(suspected[one] - sent)
            since_answered.append(suspected[one] - answered)
            await asyncio.sleep(0.05)
    for name, measured in (
        ("edit sent", since_sent),
        ("edit answered", since_answered),
    ):
        middle, worst = statistics.median(measured), max(measured)
        print(f"{name} to suspicion: median {middle * 1000:.1f} ms, worst {worst * 1000:.1f} ms of {_EDITS}")
    print(f"watching {_OBJECTS} objects holds {held / _OBJECTS:.0f} bytes for each")


def _never(selection: Selection, problem: Problem | None) -> None:
    if problem:
        raise SystemExit(f"{selection} is not watched: {problem}")


if __name__ == "__main__":
    main()
