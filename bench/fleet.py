"""A hub over simulated clusters: from a commit to the last of 100 clusters, and from an edit to its event on 200.

The simulation is a process of its own, which takes as much of the machine as the hub does.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from bench import hubs, simulated
from bench.hubs import Hub, Seen
from bench.simulated import Simulated

_BUNDLES, _OBJECTS = 4, 5
_COMMITS, _EDITS = 5, 600
_APART = 0.05  # seconds from one edit to the next


def main() -> None:
    uvloop.run(_measure())


async def _measure() -> None:
    async with _running(100) as case:
        for what, bundles in (("one bundle", 1), (f"all {_BUNDLES} bundles", _BUNDLES)):
            taken = [await case.commit(f"{what} {number}", bundles) for number in range(_COMMITS)]
            hubs.say(
                f"100 clusters, a commit that changes {what} of {_OBJECTS} objects, applied on all: median "
                f"{statistics.median(taken):.2f} s, worst {max(taken):.2f} s of {_COMMITS}"
            )
    async with _running(200) as case:
        for what, seen in zip(("its event", "the end of the drift"), await case.edits(), strict=True):
            hubs.say(
                f"200 clusters, from an edit to {what}: p50 {statistics.median(seen):.0f} ms, "
                f"p99 {seen[int(len(seen) * 0.99)]:.0f} ms of {len(seen)}"
            )


@dataclass
class _Case:
    folder: Path
    many: Simulated
    hub: Hub
    seen: Seen

    async def commit(self, state: str, bundles: int) -> float:
        """Seconds from the push until all are as it says."""
        before = self.seen.commit
        simulated.change(self.folder / "fleet", state, bundles=range(bundles), objects=_OBJECTS)
        began = time.perf_counter()
        await self.hub.pushed()
        await self.hub.until(lambda: self.seen.commit != before, 1, "commits seen")
        clusters = self.many.clusters
        await self.hub.until(lambda: self.seen.done(clusters), len(clusters) * bundles, "applied")
        return time.perf_counter() - began

    async def edits(self) -> tuple[list[float], list[float]]:
        """Milliseconds from each edit to its event, and to the end of the drift; sorted."""
        names, since = list(self.many.clusters), {}
        for number in range(_EDITS):
            one = names[number % len(names)], simulated.name_of(number // len(names) % _BUNDLES, 0)
            since[one] = time.perf_counter()
            await self.many.edit(*one, f"edited {number}")
            await asyncio.sleep(_APART)
        for heard in (self.seen.drift, self.seen.over):
            await self.hub.until(lambda: sum(one in heard for one in since), len(since), "edits told")  # noqa: B023
        event, over = (
            sorted(1000 * (heard[one] - at) for one, at in since.items())
            for heard in (self.seen.drift, self.seen.over)
        )
        return event, over


@asynccontextmanager
async def _running(clusters: int) -> AsyncIterator[_Case]:
    """Everything is applied."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder, seen = Path(name), Seen()
        async with simulated.running(folder / "sim", clusters=clusters) as many:
            simulated.write_fleet(
                folder / "fleet", clusters=many.clusters, bundles=_BUNDLES, objects=_OBJECTS
            )
            async with hubs.running(folder, many.kubeconfig, hear=seen.hear) as hub:
                await hub.until(lambda: seen.done(many.clusters), clusters * _BUNDLES, "applied")
                yield _Case(folder, many, hub, seen)


if __name__ == "__main__":
    main()
