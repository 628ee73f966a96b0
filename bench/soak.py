"""`python -m bench.soak --minutes 30`: a hub over simulated clusters, with edits and commits without an end.

Not part of `make bench`. Every edit changes a value that Git holds. Afterwards each must have been told and undone,
and the record must name each and be whole. Memory, descriptors and processor time are told every half minute.

Each object is edited at most every ten minutes, so that no fight is seen in it and each edit has its own event.
"""

import argparse
import asyncio
import json
import random
import subprocess
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench import hubs, measured, simulated
from bench.simulated import Simulated

_OBJECTS = 2  # of each bundle on each cluster
_TOLD_EVERY = 30.0  # seconds
_APART = 600.0  # seconds from one edit of an object to the next, at least
_LATE = 60.0  # seconds after which an edit that was not told, or not undone, counts as missed

_One = tuple[str, str]  # a cluster, and the name of an object there


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--clusters", type=int, default=200)
    parser.add_argument("--bundles", type=int, default=20)
    parser.add_argument("--edits", type=float, default=5.0, help="a second")
    parser.add_argument("--commit-every", type=float, default=60.0, help="seconds; each changes one bundle")
    uvloop.run(_soak(parser.parse_args()))


@dataclass
class _Seen:
    """When drift was told, and was over; how many steps did something."""

    drift: dict[_One, list[float]] = field(default_factory=lambda: defaultdict(list))
    over: dict[_One, list[float]] = field(default_factory=lambda: defaultdict(list))
    applied: int = 0

    def hear(self, told: hubs.Told) -> None:
        one = told.get("cluster", ""), told.get("object", "").rpartition("/")[2]
        match told.get("kind"):
            case "drift":
                self.drift[one].append(time.monotonic())
            case "drift-resolved":
                self.over[one].append(time.monotonic())
            case "applied":
                self.applied += 1


@dataclass
class _Edits:
    """What was done behind the hub's back."""

    done: list[tuple[_One, float]] = field(default_factory=list)

    def missed(self, seen: dict[_One, list[float]]) -> list[_One]:
        """Those of which nothing was heard between them and the next of their object."""
        until = time.monotonic() - _LATE
        return [
            one
            for one, at in self.done
            if at < until and not any(at <= heard < at + _APART for heard in seen.get(one, ()))
        ]


async def _soak(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder, seen, edits = Path(name), _Seen(), _Edits()
        async with simulated.running(folder / "sim", clusters=options.clusters) as many:
            simulated.write_fleet(
                folder / "fleet", clusters=many.clusters, bundles=options.bundles, objects=_OBJECTS
            )
            async with hubs.running(folder, many.kubeconfig, hear=seen.hear) as hub:
                await hub.until(lambda: seen.applied, options.clusters * options.bundles, "applied")
                hubs.say(f"{options.clusters} clusters x {options.bundles} bundles applied")
                async with asyncio.TaskGroup() as tasks:
                    going = [
                        tasks.create_task(_edit(many, edits, options)),
                        tasks.create_task(_commit(hub, folder / "fleet", options)),
                        tasks.create_task(_tell(hub, seen, edits)),
                    ]
                    await asyncio.sleep(60 * options.minutes)
                    for one in going:
                        one.cancel()
                await asyncio.sleep(_LATE)
        _judge(folder, seen, edits)


async def _edit(many: Simulated, edits: _Edits, options: argparse.Namespace) -> None:
    objects = [
        (cluster, simulated.name_of(bundle, number))
        for cluster in many.clusters
        for bundle in range(options.bundles)
        for number in range(_OBJECTS)
    ]
    random.Random(1).shuffle(objects)
    number = 0
    while True:
        began = time.monotonic()
        for one in objects:
            number += 1
            edits.done.append((one, time.monotonic()))
            await many.edit(*one, f"edited {number}")
            await asyncio.sleep(1 / options.edits)
        await asyncio.sleep(max(0.0, began + _APART - time.monotonic()))


async def _commit(hub: hubs.Hub, fleet: Path, options: argparse.Namespace) -> None:
    number = 0
    while True:
        await asyncio.sleep(options.commit_every)
        number += 1
        simulated.change(fleet, f"state {number}", bundles=[number % options.bundles], objects=_OBJECTS)
        await hub.pushed()


async def _tell(hub: hubs.Hub, seen: _Seen, edits: _Edits) -> None:
    began, before = time.monotonic(), hub.processor
    while True:
        used, before = hub.processor - before, hub.processor
        hubs.say(
            f"{time.monotonic() - began:5.0f} s: {hub.memory / 1e6:.0f} MB, {hub.descriptors} descriptors, "
            f"{used / _TOLD_EVERY:.0%} of a processor, {len(edits.done)} edits, {seen.applied} steps, "
            f"missed {len(edits.missed(seen.drift))}, not undone {len(edits.missed(seen.over))}"
        )
        await asyncio.sleep(_TOLD_EVERY)


def _judge(folder: Path, seen: _Seen, edits: _Edits) -> None:
    database = f"sqlite:///{folder / 'hub.db'}"
    exported = _audit("export", "--database", database)
    recorded: dict[_One, int] = defaultdict(int)
    for line in exported.splitlines():
        record = json.loads(line).get("record", json.loads(line))
        if record.get("kind") == "drift":
            for each in record["objects"]:
                recorded[record["cluster"], each["object"].rpartition("/")[2]] += 1
    made: dict[_One, int] = defaultdict(int)
    for one, _ in edits.done:
        made[one] += 1
    unrecorded = sum(max(0, count - recorded[one]) for one, count in made.items())
    hubs.say(
        f"{len(edits.done)} edits: {len(edits.missed(seen.drift))} not told, {len(edits.missed(seen.over))} not undone, "
        f"{unrecorded} not on the record"
    )
    hubs.say(_audit("verify", "--database", database, "--fleet", str(folder / "fleet")).strip())


def _audit(*arguments: str) -> str:
    ended = subprocess.run(
        [*measured.ROADSTEAD, "audit", *arguments], check=False, capture_output=True, text=True
    )
    return ended.stdout or f"roadstead audit ended with {ended.returncode}: {ended.stderr}"


if __name__ == "__main__":
    main()
