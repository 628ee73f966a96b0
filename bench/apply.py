"""100, 500 and 1,000 applications, each a bundle of its own, on one real API server with its controllers.

Every run has a control plane of its own, on which `roadstead` and a bare loop of the same server-side applies
take turns, each with objects and a namespace of its own; who begins changes from run to run. Between two
measurements the controllers finish their work. `roadstead` is the whole command in a process of its own, from
its start to its end; of the bare loop, only the requests are counted.
"""

import asyncio
import statistics
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import bare, measured, podinfo
from bench.bare import Looped
from bench.measured import Measured
from tests.controlplane import plane
from tests.controlplane.audit import Request
from tests.controlplane.cluster import Cluster

RUNS = {100: 3, 500: 3, 1_000: 2}
_WARM_UP = 20  # applications, so that no first request is measured
_READY_EVERY, _QUIET_EVERY = 0.25, 1.0  # seconds
_QUIET_WRITES = 3  # what an idle cluster writes in a second, at most


@dataclass(slots=True)
class Run:
    """What one run measured, by row. Requests are those of `roadstead`, from the audit log."""

    ours: dict[str, Measured] = field(default_factory=dict)
    loops: dict[str, Looped] = field(default_factory=dict)
    requests: dict[str, list[Request]] = field(default_factory=dict)


def main() -> None:
    podinfo.text()
    for count, runs in RUNS.items():
        found = [asyncio.run(_run(count, ours_first=number % 2 == 1)) for number in range(runs)]
        _print(count, found)


async def _run(count: int, *, ours_first: bool) -> Run:
    async with plane.running(1, controllers=True) as running:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            turns = _Turns(running.clusters[0], Path(folder), count)
            await turns.warm_up()
            for pair in turns.pairs():
                for turn in reversed(pair) if ours_first else pair:
                    await turn()
                    await turns.quiet()
            return turns.found


class _Turns:
    """The measurements of one run, in pairs: the bare loop's, and ours."""

    def __init__(self, cluster: Cluster, folder: Path, count: int) -> None:
        self.found = Run()
        self._cluster = cluster
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
        await self.quiet()

    async def quiet(self) -> None:
        """Until the controllers have nothing left to do."""
        before, now = 0, await self._version()
        while now - before > _QUIET_WRITES:
            await asyncio.sleep(_QUIET_EVERY)
            before, now = now, await self._version()

    async def _version(self) -> int:
        """Grows by one with each write to the store."""
        found = await self._cluster.request("GET", "/api/v1/namespaces?limit=1")
        return int(found["metadata"]["resourceVersion"])

    async def _bare_applied(self) -> None:
        await self._cluster.create_namespace("bare")
        objects = podinfo.objects(self._count, cpu="1m")
        self.found.loops["applied"] = await bare.loop(self._cluster, "bare", objects)

    async def _applied(self) -> None:
        await self._fleet("ours", cpu="1m")
        await self._ours("applied", "ours", "apply", "--yes")

    async def _bare_unchanged(self) -> None:
        objects = podinfo.objects(self._count, cpu="1m")
        self.found.loops["unchanged"] = await bare.loop(self._cluster, "bare", objects)

    async def _unchanged(self) -> None:
        await self._ours("unchanged", "ours", "apply", "--yes")

    async def _bare_changed(self) -> None:
        objects = [one for one in podinfo.objects(self._count, cpu="2m") if one["kind"] == "Deployment"]
        self.found.loops["changed"] = await bare.loop(self._cluster, "bare", objects)

    async def _changed(self) -> None:
        podinfo.change_cpu(self._folder / "ours", "2m")
        await self._ours("planned", "ours", "plan")
        await self._ours("changed", "ours", "apply", "--yes")

    async def _bare_ready(self) -> None:
        await self._cluster.create_namespace("bare-ready")
        began = asyncio.get_running_loop().time()
        objects = podinfo.objects(self._count, cpu="1m")
        found = await bare.loop(self._cluster, "bare-ready", objects)
        while not await self._available("bare-ready"):  # noqa: ASYNC110  nothing here could set an event
            await asyncio.sleep(_READY_EVERY)
        self.found.loops["ready"] = Looped(asyncio.get_running_loop().time() - began, found.processor)

    async def _available(self, namespace: str) -> bool:
        found = await self._cluster.request("GET", f"/apis/apps/v1/namespaces/{namespace}/deployments")
        conditions = [one.get("status", {}).get("conditions", []) for one in found["items"]]
        return all(any(each["type"] == "Available" for each in one) for one in conditions)

    async def _ready(self) -> None:
        await self._fleet("ours-ready", cpu="1m")
        await self._ours("ready", "ours-ready", "apply", "--yes", "--wait")

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

    async def _ours(self, row: str, fleet: str, *arguments: str) -> None:
        mark = self._cluster.mark()
        command = (*arguments, "--fleet", str(self._folder / fleet))
        self.found.ours[row] = measured.roadstead(*command, environment=self._environment())
        self.found.requests[row] = self._cluster.requests(since=mark, user_agent="roadstead")

    def _environment(self) -> Mapping[str, str]:
        homes = {
            f"XDG_{name}_HOME": str(self._folder / name.lower()) for name in ("CACHE", "STATE", "CONFIG")
        }
        return {"KUBECONFIG": str(self._cluster.kubeconfig), **homes}


_ROWS = {
    "applied": "applied",
    "ready": "applied and ready",
    "unchanged": "applied again, unchanged",
    "planned": "one variable changed: planned",
    "changed": "one variable changed: applied",
}


def _print(count: int, runs: Sequence[Run]) -> None:
    print(f"{count} applications, {4 * count} objects; medians of {len(runs)} runs, seconds:")
    print(
        f"  {'':<30} {'roadstead':>9} {'bare loop':>9} {'ratio':>6}   {'of processor':>12} {'memory':>7}  requests"
    )
    for row, title in _ROWS.items():
        ours = [run.ours[row] for run in runs]
        seconds = statistics.median(one.seconds for one in ours)
        loops = [run.loops[row] for run in runs if row in run.loops]
        ratios = [run.ours[row].seconds / run.loops[row].seconds for run in runs if row in run.loops]
        against = f"{statistics.median(one.seconds for one in loops):>9.2f}" if loops else " " * 9
        ratio = f"{statistics.median(ratios):>6.2f}" if ratios else " " * 6
        processor = statistics.median(one.processor for one in ours)
        memory = statistics.median(one.memory for one in ours) / 1e6
        told = _counted(runs[-1].requests[row])
        print(
            f"  {title:<30} {seconds:>9.2f} {against} {ratio}   {processor:>12.2f} {memory:>4.0f} MB  {told}"
        )
    lists = Counter(one.resource for one in runs[-1].requests["unchanged"] if one.verb == "list")
    print(f"  lists of the unchanged one: {', '.join(f'{count} {name}' for name, count in lists.items())}")
    print(flush=True)


def _counted(requests: Sequence[Request]) -> str:
    """`4000 patch, 1000 create, …; 5000 writes`."""
    verbs = Counter(one.verb for one in requests)
    writes = sum(one.writes for one in requests)
    return f"{', '.join(f'{count} {verb}' for verb, count in verbs.most_common())}; {writes} writes"


if __name__ == "__main__":
    main()
