"""From somebody's edit to the event and to the restored object, of a hub on a real API server: at rest, and while
1,000 applications of four objects change.

The hub is a process of its own, as `roadstead serve` starts it; its log line of the event is what counts. The edit
is a patch as kubectl sends it, over a connection that is open already. Deployments come without controllers.
"""

import asyncio
import contextlib
import math
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from bench import hubs, podinfo
from roadstead.model.facts import ApiResource
from roadstead.model.ids import GroupKind
from roadstead.world.kube import client as kube
from roadstead.world.kube import kubeconfig
from roadstead.world.kube.client import Client
from roadstead.world.kube.write import Writer
from tests.controlplane import plane
from tests.controlplane.cluster import Cluster

_APPLICATIONS, _EDITS = 1_000, 100
_NAMESPACE = "ours"
_INTRUDERS = "intruder:1"
_OVERTAKEN = 5.0  # seconds after which no event comes for an object that is restored
_IMAGE = "/spec/template/spec/containers/0/image"


def main() -> None:
    podinfo.text()
    uvloop.run(_measure())


async def _measure() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        async with plane.running(1, audit=False) as control_plane:
            (cluster,) = control_plane.clusters
            await cluster.create_namespace(_NAMESPACE)
            folder = Path(name)
            podinfo.write_fleet(
                folder / "fleet",
                name="bench",
                count=_APPLICATIONS,
                context=cluster.name,
                namespace=_NAMESPACE,
                cpu="1m",
            )
            told = _Seen()
            access = kubeconfig.load([cluster.kubeconfig]).access(cluster.name)
            async with (
                kube.connect(access, cluster="c1") as watching,
                kube.connect(access, cluster="c1") as intruder,
                hubs.running(folder, cluster.kubeconfig, hear=told.hear) as hub,
            ):
                deployments = (await intruder.resources()).find(GroupKind("apps", "Deployment"))
                assert deployments
                await hub.until(lambda: told.count, _APPLICATIONS, "applied")
                asked = await _about_inventories(cluster)
                hubs.say(f"{asked / _APPLICATIONS:.2f} requests about inventories for each")
                hubs.say(
                    f"{_APPLICATIONS} applications applied in {told.seconds:.1f} s, {hub.memory / 1e6:.0f} MB"
                )
                async with _restored(watching, deployments) as seen:
                    case = _Case(told, Writer(intruder), deployments, seen)
                    _tell("at rest", await case.edits(_EDITS, every=0.1))
                    told.begin()
                    podinfo.change_cpu(folder / "fleet", "2m")
                    await hub.pushed()
                    taken = await case.edits(_EDITS, every=0.2)
                    moved = told.count
                    _tell(f"while {_APPLICATIONS} applications change ({moved} had by the last edit)", taken)
                    await hub.until(lambda: told.count, _APPLICATIONS, "changed")
                    hubs.say(f"all of them changed in {told.seconds:.1f} s")


async def _about_inventories(cluster: Cluster) -> float:
    """Requests to Secrets until now, whatever came of them."""
    lines = str(await cluster.request("GET", "/metrics")).splitlines()
    wanted = [one for one in lines if one.startswith("apiserver_request_total{") and '"secrets"' in one]
    return sum(float(one.rpartition(" ")[2]) for one in wanted)


@dataclass
class _Seen:
    """What the hub says: drift by object, with when its line was read, and the bundles that are as the last
    commit says."""

    events: dict[str, float] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    begun: float = field(default_factory=time.perf_counter)
    ended: float = 0.0
    commit: str = ""

    def hear(self, told: hubs.Told) -> None:
        if told.get("kind") == "drift":
            self.events[told["object"].rpartition("/")[2]] = time.perf_counter()
        elif told.get("kind") == "commit":
            self.commit = told["commit"]
        elif told.get("kind") == "applied" and self.commit.startswith(told["commit"]):
            self.changed.add(told["bundle"])
            self.ended = time.perf_counter()

    def begin(self) -> None:
        self.changed.clear()
        self.begun = time.perf_counter()

    @property
    def count(self) -> int:
        return len(self.changed)

    @property
    def seconds(self) -> float:
        return self.ended - self.begun


@asynccontextmanager
async def _restored(client: Client, resource: ApiResource) -> AsyncIterator[dict[str, tuple[str, float]]]:
    """By Deployment, the image that it had when it was seen last, and when that was."""
    version = (await client.list(resource, namespace=_NAMESPACE, metadata=True)).resource_version
    seen: dict[str, tuple[str, float]] = {}

    async def watch() -> None:
        events = client.watch(resource, namespace=_NAMESPACE, resource_version=version)
        async with aclosing(events):
            async for event in events:
                if event.type == "MODIFIED":
                    image = event.object["spec"]["template"]["spec"]["containers"][0]["image"]
                    name = event.object["metadata"]["name"]
                    if image == _INTRUDERS or name in seen:  # what was before the edit is no restoring
                        seen[name] = image, time.perf_counter()

    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(watch())
        try:
            yield seen
        finally:
            watching.cancel()


@dataclass
class _Case:
    told: _Seen
    intruder: Writer
    resource: ApiResource
    seen: dict[str, tuple[str, float]]
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    async def edits(self, count: int, *, every: float) -> list[tuple[float, float]]:
        """Of each edit, the seconds to its event and to the restored object."""
        names = self.chance.sample(range(1, _APPLICATIONS + 1), count)
        found: list[tuple[float, float]] = []
        async with asyncio.TaskGroup() as tasks:
            for number in names:
                tasks.create_task(self._edit(f"podinfo-{number}", found))
                await asyncio.sleep(every)
        return found

    async def _edit(self, name: str, found: list[tuple[float, float]]) -> None:
        patch: list[dict[str, Any]] = [{"op": "replace", "path": _IMAGE, "value": _INTRUDERS}]
        self.told.events.pop(name, None)
        self.seen.pop(name, None)
        await self.intruder.json_patch(self.resource, _NAMESPACE, name, patch, manager="kubectl-edit")
        edited = time.perf_counter()
        async with asyncio.timeout(120):
            while not self._is_restored(name):  # noqa: ASYNC110  two sources, and the times are theirs
                await asyncio.sleep(0.005)
        restored = self.seen[name][1] - edited
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_OVERTAKEN):
                while name not in self.told.events:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
        told = self.told.events[name] - edited if name in self.told.events else math.inf
        found.append((told, restored))

    def _is_restored(self, name: str) -> bool:
        return self.seen.get(name, (_INTRUDERS, 0.0))[0] != _INTRUDERS


def _tell(case: str, taken: list[tuple[float, float]]) -> None:
    overtaken = sum(math.isinf(one[0]) for one in taken)
    if overtaken:
        hubs.say(
            f"{case}: {overtaken} of {len(taken)} edits were overwritten by the change itself, and not told"
        )
    for what, index in (("event", 0), ("restored", 1)):
        each = sorted(one[index] * 1000 for one in taken if math.isfinite(one[0]))
        worst = each[min(len(each) - 1, int(len(each) * 0.99))]
        hubs.say(
            f"{case}: edit to {what}: p50 {statistics.median(each):.0f} ms, p99 {worst:.0f} ms of {len(each)}"
        )


if __name__ == "__main__":
    main()
