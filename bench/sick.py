"""50 simulated clusters, six of which fall ill, each in its own way: what that costs the others.

Gone, hanging, answering 500, throttling, with an expired certificate, and cut off for a while. Before and during
that: from an edit on a healthy cluster to its event and to the end of the drift, and from a commit to the last
healthy cluster that is as it says. Afterwards, how long the sick ones take to be as Git says without anybody's help.
"""

import asyncio
import json
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvloop

from bench import hubs, simulated
from bench.hubs import Seen
from bench.simulated import Simulated
from tests.controlplane.authority import Authority

_CLUSTERS, _BUNDLES, _OBJECTS, _EDITS = 50, 4, 3, 150
_CUT: dict[str, Any] = {"effect": {"type": "cut"}}
_ILLS: dict[str, dict[str, Any]] = {
    "c1": _CUT,
    "c2": {"effect": {"type": "hang"}},
    "c3": {"effect": {"type": "refuse", "code": 500, "message": "simulated", "reason": "InternalError"}},
    "c4": {"effect": {"type": "refuse", "code": 429, "message": "slow", "retry_after": 2, "plain": True}},
    "c5": {"effect": {"type": "hang"}},
}
_NAMED = {
    "c1": "gone",
    "c2": "hanging",
    "c3": "answers 500",
    "c4": "throttling",
    "c5": "a partition of 20 s",
    "tls": "expired certificate",
}


def main() -> None:
    uvloop.run(_measure())


async def _measure() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder, authority = Path(name), Authority("sim")
        (folder / "ca.crt").write_bytes(authority.certificate)
        good, bad = (
            authority.server(lifetime=timedelta(days=days)).write(folder, f"{days}") for days in (1, -1)
        )
        async with (
            simulated.running(folder / "many", clusters=_CLUSTERS - 1) as many,
            simulated.running(folder / "one", clusters=0, certificate=(*good, folder / "ca.crt")) as one,
        ):
            made = await one.told("PUT", "clusters/tls", {})
            config = folder / "tls.config"
            config.write_text(json.dumps(made["kubeconfig"]))
            simulated.write_fleet(
                folder / "fleet", clusters=[*many.clusters, "tls"], bundles=_BUNDLES, objects=_OBJECTS
            )
            told = Seen()
            async with hubs.running(folder, many.kubeconfig, config, hear=told.hear) as hub:
                await _story(_Story(folder, many, one, hub, told), good, bad)


@dataclass
class _Story:
    folder: Path
    many: Simulated
    one: Simulated
    hub: hubs.Hub
    told: Seen

    @property
    def healthy(self) -> list[str]:
        return [name for name in self.many.clusters if name not in _ILLS]

    async def commit(self, state: str, clusters: list[str]) -> float:
        """Seconds until these clusters are as the commit says."""
        began, before = time.perf_counter(), self.told.commit
        simulated.change(self.folder / "fleet", state, bundles=range(_BUNDLES), objects=_OBJECTS)
        await self.hub.pushed()
        await self.hub.until(lambda: self.told.commit != before, 1, "commits seen")
        await self.all_of(clusters)
        return time.perf_counter() - began

    async def all_of(self, clusters: list[str]) -> None:
        await self.hub.until(lambda: self.told.done(clusters), len(clusters) * _BUNDLES, "applied")

    async def edits(self, state: str) -> tuple[list[float], list[float]]:
        """Milliseconds from edits on healthy clusters to the event, and to the end of the drift."""
        waiting: dict[tuple[str, str], float] = {}
        for number in range(_EDITS):
            cluster = self.healthy[number % len(self.healthy)]
            name = simulated.name_of(number // len(self.healthy) % _BUNDLES, 0)
            self.told.drift.pop((cluster, name), None)
            self.told.over.pop((cluster, name), None)
            waiting[cluster, name] = time.perf_counter()
            await self.many.edit(cluster, name, f"edited {state} {number}")
            await asyncio.sleep(0.05)
        for seen in (self.told.drift, self.told.over):
            await self.hub.until(lambda: sum(one in seen for one in waiting), len(waiting), "edits told")  # noqa: B023
        return tuple(  # type: ignore[return-value]
            [1000 * (seen[one] - since) for one, since in waiting.items()]
            for seen in (self.told.drift, self.told.over)
        )


async def _story(case: _Story, good: tuple[Path, Path], bad: tuple[Path, Path]) -> None:
    every = [*case.many.clusters, "tls"]
    await case.all_of(every)
    hubs.say(f"{_CLUSTERS} clusters, {_BUNDLES} bundles of {_OBJECTS} objects, all applied")
    well = await case.commit("second", case.healthy), await case.edits("well")
    for name, fault in _ILLS.items():
        await case.many.faults(name, fault)
    await case.one.told("PUT", "certificate", {"certificate": str(bad[0]), "key": str(bad[1])})
    await case.one.faults("tls", _CUT)
    await asyncio.sleep(0.5)
    await case.one.faults("tls")
    sick = await case.commit("third", case.healthy), await case.edits("sick")
    _compare(well, sick)
    await asyncio.sleep(20)
    for name, called in _NAMED.items():
        hubs.say(f"{called} ({name}): {case.told.reach.get(name, 'nothing was said of it')}")
    began = time.perf_counter()
    for name in _ILLS:
        await case.many.faults(name)
    await case.one.told("PUT", "certificate", {"certificate": str(good[0]), "key": str(good[1])})
    await case.all_of(every)
    hubs.say(f"healed: all are as Git says after {time.perf_counter() - began:.1f} s")
    hubs.say(f"{case.told.deleted} objects were deleted meanwhile")


def _compare(
    well: tuple[float, tuple[list[float], list[float]]], sick: tuple[float, tuple[list[float], list[float]]]
) -> None:
    hubs.say(
        f"commit to all healthy: {well[0]:.1f} s before, {sick[0]:.1f} s during: ratio {sick[0] / well[0]:.2f}"
    )
    for what, before, during in zip(("event", "end of drift"), well[1], sick[1], strict=True):
        for name, pick in (("p50", statistics.median), ("p99", _worst)):
            one, other = pick(before), pick(during)
            hubs.say(
                f"edit to {what}, {name}: {one:.0f} ms before, {other:.0f} ms during: ratio {other / one:.2f}"
            )


def _worst(found: list[float]) -> float:
    return sorted(found)[min(len(found) - 1, int(len(found) * 0.99))]


if __name__ == "__main__":
    main()
