"""100, 500 and 1,000 applications, each a bundle of its own, on one real API server with its controllers.

Every run has a control plane of its own, on which `roadstead` and a bare loop of the same server-side applies
take turns, each with objects and a namespace of its own; who begins changes from run to run. Between two
measurements the controllers finish their work. `roadstead` is the whole command in a process of its own, from
its start to its end; of the bare loop, only the requests are counted.

The *cost* is what all of it took of the processors: the client, and etcd, API server and controllers until they
rest. It changes little when the machine has other work, too, and its ratio less.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import bare, measured, podinfo
from tests.controlplane import plane
from tests.controlplane.audit import Request
from tests.controlplane.plane import ControlPlane

RUNS = {100: 3, 500: 3, 1_000: 2}
_WARM_UP = 20  # applications, so that no first request is measured
_READY_EVERY, _QUIET_EVERY = 0.25, 1.0  # seconds
_QUIET_WRITES = 3  # what an idle cluster writes in a second, at most

_ROWS = {
    "applied": "applied",
    "ready": "applied and ready",
    "unchanged": "applied again, unchanged",
    "planned": "one variable changed: planned",
    "changed": "one variable changed: applied",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds; seconds of a processor, of the client and with the servers; bytes at the client's peak."""

    seconds: float
    processor: float
    cost: float
    memory: int = 0


@dataclass(slots=True)
class Run:
    """What one run measured, by row. Requests are those of `roadstead`, from the audit log."""

    ours: dict[str, Taken] = field(default_factory=dict)
    bare: dict[str, Taken] = field(default_factory=dict)
    requests: dict[str, list[Request]] = field(default_factory=dict)


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.apply", description=__doc__)
    parser.add_argument("--count", type=int, help="of applications; default: 100, 500 and 1,000")
    parser.add_argument("--runs", type=int, default=5, help="of this one size")
    options = parser.parse_args(arguments)
    podinfo.text()
    for count, runs in ({options.count: options.runs} if options.count else RUNS).items():
        _print(count, [asyncio.run(_run(count, ours_first=number % 2 == 1)) for number in range(runs)])


async def _run(count: int, *, ours_first: bool) -> Run:
    async with plane.running(1, controllers=True) as running:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            turns = _Turns(running, Path(folder), count)
            await turns.warm_up()
            for pair in turns.pairs():
                for turn in reversed(pair) if ours_first else pair:
                    await turn()
            return turns.found


class _Turns:
    """The measurements of one run, in pairs: the bare loop's, and ours."""

    def __init__(self, running: ControlPlane, folder: Path, count: int) -> None:
        self.found = Run()
        self._plane = running
        self._cluster = running.clusters[0]
        self._folder = folder
        self._count = count

    def pairs(self) -> list[list[Callable[[], Awaitable[None]]]]:
        return [
            [self._bare_applied, self._applied],
            [self._bare_unchanged, self._unchanged],
            [self._bare_changed, self._changed],
            [self._bare_ready, self._ready],
        ]

    async def warm_up(self) -> None:
        await self._cluster.create_namespace("warm-up")
        await bare.loop(self._cluster, "warm-up", podinfo.objects(_WARM_UP, cpu="1m"))
        await self._quiet()

    async def _bare_applied(self) -> None:
        await self._cluster.create_namespace("bare")
        await self._loop("applied", "bare", podinfo.objects(self._count, cpu="1m"))

    async def _applied(self) -> None:
        await self._fleet("ours", cpu="1m")
        await self._ours("applied", "ours", "apply", "--yes")

    async def _bare_unchanged(self) -> None:
        await self._loop("unchanged", "bare", podinfo.objects(self._count, cpu="1m"))

    async def _unchanged(self) -> None:
        await self._ours("unchanged", "ours", "apply", "--yes")

    async def _bare_changed(self) -> None:
        objects = podinfo.objects(self._count, cpu="2m")
        await self._loop("changed", "bare", (one for one in objects if one["kind"] == "Deployment"))

    async def _changed(self) -> None:
        podinfo.change_cpu(self._folder / "ours", "2m")
        await self._ours("planned", "ours", "plan")
        await self._ours("changed", "ours", "apply", "--yes")

    async def _bare_ready(self) -> None:
        await self._cluster.create_namespace("bare-ready")
        await self._loop("ready", "bare-ready", podinfo.objects(self._count, cpu="1m"), wait=True)

    async def _ready(self) -> None:
        await self._fleet("ours-ready", cpu="1m")
        await self._ours("ready", "ours-ready", "apply", "--yes", "--wait")

    async def _loop(
        self, row: str, namespace: str, objects: Iterable[dict[str, Any]], *, wait: bool = False
    ) -> None:
        before = self._used()
        found = await bare.loop(self._cluster, namespace, objects)
        looped = time.perf_counter()
        while wait and not await self._available(namespace):  # noqa: ASYNC110  the servers set no event
            await asyncio.sleep(_READY_EVERY)
        seconds = found.seconds + time.perf_counter() - looped
        await self._quiet()
        self.found.bare[row] = Taken(seconds, found.processor, self._used() - before + found.processor)

    async def _ours(self, row: str, fleet: str, *arguments: str) -> None:
        mark, before = self._cluster.mark(), self._used()
        command = (*arguments, "--fleet", str(self._folder / fleet))
        found = measured.roadstead(*command, environment=self._environment())
        self.found.requests[row] = self._cluster.requests(since=mark, user_agent="roadstead")
        await self._quiet()
        cost = self._used() - before + found.processor
        self.found.ours[row] = Taken(found.seconds, found.processor, cost, found.memory)

    async def _fleet(self, name: str, *, cpu: str) -> None:
        await self._cluster.create_namespace(name)
        podinfo.write_fleet(
            self._folder / name,
            name=name,
            count=self._count,
            context=self._cluster.name,
            namespace=name,
            cpu=cpu,
        )

    async def _quiet(self) -> None:
        """Until the controllers have nothing left to do."""
        before, now = 0, await self._version()
        while now - before > _QUIET_WRITES:
            await asyncio.sleep(_QUIET_EVERY)
            before, now = now, await self._version()

    async def _version(self) -> int:
        """Grows by one with each write to the store."""
        found = await self._cluster.request("GET", "/api/v1/namespaces?limit=1")
        return int(found["metadata"]["resourceVersion"])

    async def _available(self, namespace: str) -> bool:
        found = await self._cluster.request("GET", f"/apis/apps/v1/namespaces/{namespace}/deployments")
        conditions = [one.get("status", {}).get("conditions", []) for one in found["items"]]
        return all(any(each["type"] == "Available" for each in one) for one in conditions)

    def _used(self) -> float:
        """Seconds of a processor that the servers took until now."""
        servers = (self._plane.etcd, self._cluster.apiserver, self._cluster.controllers)
        return sum(measured.processor(server.pid) for server in servers if server)

    def _environment(self) -> Mapping[str, str]:
        homes = {
            f"XDG_{name}_HOME": str(self._folder / name.lower()) for name in ("CACHE", "STATE", "CONFIG")
        }
        return {"KUBECONFIG": str(self._cluster.kubeconfig), **homes}


def _print(count: int, runs: Sequence[Run]) -> None:
    print(f"{count} applications, {4 * count} objects; medians of {len(runs)} runs, in seconds:")
    print(
        f"  {'':<30}{'roadstead':>10}{'bare loop':>10}{'ratio':>7}"
        f"{'cost':>9}{'bare loop':>10}{'ratio':>7}{'ours of it':>11}{'memory':>10}"
    )
    for row, title in _ROWS.items():
        ours = [run.ours[row] for run in runs]
        loops = [run.bare[row] for run in runs if row in run.bare]
        print(
            f"  {title:<30}"
            f"{_against([one.seconds for one in ours], [one.seconds for one in loops])}  "
            f"{_against([one.cost for one in ours], [one.cost for one in loops])[3:]}"
            f"{statistics.median(one.processor for one in ours):>11.2f}"
            f"{statistics.median(one.memory for one in ours) / 1e6:>7.0f} MB"
        )
    for row, title in _ROWS.items():
        verbs = Counter(one.verb for one in runs[-1].requests[row])
        writes = sum(one.writes for one in runs[-1].requests[row])
        told = ", ".join(f"{count} {verb}" for verb, count in verbs.most_common())
        print(f"  requests, {title}: {told}; {writes} of them change something")
    lists = Counter(one.resource for one in runs[-1].requests["unchanged"] if one.verb == "list")
    print(f"  lists, {_ROWS['unchanged']}: {', '.join(f'{count} {kind}' for kind, count in lists.items())}\n")


def _against(ours: Sequence[float], baseline: Sequence[float]) -> str:
    told = f"{statistics.median(ours):>10.2f}"
    if not baseline:
        return told + " " * 17
    ratio = statistics.median(one / other for one, other in zip(ours, baseline, strict=True))
    return f"{told}{statistics.median(baseline):>10.2f}{ratio:>7.2f}"


if __name__ == "__main__":
    main(sys.argv[1:])
