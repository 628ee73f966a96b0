"""A hub at rest over 1,000 simulated clusters with 100 owned objects each: memory, processor, requests, a restart.

Memory is told of a hub that was started anew, whose heap holds what it knows and nothing from the work before; twice,
with few and with many objects, so that what an object costs shows apart from what a cluster costs. Requests are those
that the simulated servers received. `python -m bench.idle --clusters 50 --seconds 20` is quick.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from bench import hubs, simulated
from bench.hubs import Hub, Seen
from bench.simulated import Simulated

_FEW = 1  # objects of each bundle at first
_CALM = 5.0  # seconds after the last bundle was looked at
_LOOK = 0.2


def main(arguments: Sequence[str] = ()) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.idle", description=__doc__)
    parser.add_argument("--clusters", type=int, default=1_000)
    parser.add_argument("--bundles", type=int, default=10)
    parser.add_argument("--objects", type=int, default=10, help="of each bundle on each cluster")
    parser.add_argument("--seconds", type=float, default=120.0, help="at rest")
    uvloop.run(_measure(parser.parse_args(arguments)))


@dataclass
class _Case:
    folder: Path
    many: Simulated
    options: argparse.Namespace

    @property
    def keys(self) -> int:
        return int(self.options.clusters * self.options.bundles)

    def requests(self) -> Counter[tuple[str, str]]:
        """What the servers received until now, by verb and resource."""
        found: Counter[tuple[str, str]] = Counter()
        for path in (self.folder / "audit").iterdir():
            for line in path.read_bytes().splitlines():
                event = json.loads(line)
                found[event["verb"], event["objectRef"].get("resource", event["requestURI"])] += 1
        return found

    async def apply(self, objects: int) -> None:
        """Another hub has done this, and is gone."""
        seen, began = Seen(), time.perf_counter()
        async with hubs.running(self.folder, self.many.kubeconfig, hear=seen.hear) as hub:
            await hub.until(lambda: seen.done(self.many.clusters), self.keys, "applied")
            hubs.say(
                f"{self.keys} times a bundle of {objects} applied in {time.perf_counter() - began:.0f} s, "
                f"{hub.processor / self.keys * 1000:.0f} ms of processor time each, {hub.memory / 1e6:.0f} MB"
            )

    @asynccontextmanager
    async def restarted(self) -> AsyncIterator[Hub]:
        """Once it has looked at everything."""
        before, began = self.requests(), time.perf_counter()
        async with hubs.running(self.folder, self.many.kubeconfig, hear=_ignore) as hub:
            while not await self._is_calm(hub):  # noqa: ASYNC110  it is asked for
                await asyncio.sleep(_LOOK)
            took, used = time.perf_counter() - began, hub.processor
            await asyncio.sleep(_CALM)
            hubs.say(f"restarted: all looked at after {took:.1f} s, {used:.1f} s of processor time")
            _tell("requests of the restart", self.requests() - before, self.options.clusters)
            yield hub

    async def _is_calm(self, hub: Hub) -> bool:
        told = await hub.metrics()
        waiting = told.get('roadstead_queue_keys{state="waiting"}', 0)
        return waiting == self.keys and told['roadstead_clusters{reach="reachable"}'] == self.options.clusters


async def _measure(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        (folder / "audit").mkdir()
        async with simulated.running(
            folder / "sim", clusters=options.clusters, audit=folder / "audit"
        ) as many:
            case = _Case(folder, many, options)
            simulated.write_fleet(
                folder / "fleet", clusters=many.clusters, bundles=options.bundles, objects=_FEW
            )
            await case.apply(_FEW)
            async with case.restarted() as hub:
                few = hub.memory
            simulated.change(
                folder / "fleet", "second", bundles=range(options.bundles), objects=options.objects
            )
            await case.apply(options.objects)
            async with case.restarted() as hub:
                _tell_memory(options, few, hub.memory)
                await _rest(case, hub)


def _tell_memory(options: argparse.Namespace, few: int, many: int) -> None:
    more = options.clusters * options.bundles * (options.objects - _FEW)
    owned = options.bundles * options.objects
    hubs.say(
        f"memory: {few / 1e6:.0f} MB with {_FEW} object in each bundle, {many / 1e6:.0f} MB with {options.objects}: "
        f"{(many - few) / more:.0f} bytes an owned object, {many / options.clusters / 1e6:.2f} MB a cluster of {owned}"
    )


async def _rest(case: _Case, hub: Hub) -> None:
    seconds, clusters = case.options.seconds, case.options.clusters
    before, used, began = case.requests(), hub.processor, time.monotonic()
    await asyncio.sleep(seconds)
    lasted, used = time.monotonic() - began, hub.processor - used
    hubs.say(
        f"at rest for {lasted:.0f} s: {used / lasted:.1%} of a processor, {used / lasted / clusters * 1e6:.0f} "
        f"microseconds a second for each cluster, {hub.memory / 1e6:.0f} MB"
    )
    _tell("requests at rest", case.requests() - before, clusters)


def _tell(what: str, found: Counter[tuple[str, str]], clusters: int) -> None:
    told = ", ".join(f"{count / clusters:.2f} {verb} {of}" for (verb, of), count in sorted(found.items()))
    hubs.say(f"{what}, for each cluster: {told or 'none'}")


def _ignore(told: hubs.Told) -> None:
    pass


if __name__ == "__main__":
    main(sys.argv[1:])
