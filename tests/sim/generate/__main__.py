"""Writes src/roadstead/sim/data/<minor>.json.xz by asking a real API server of that minor, and <minor>.wire.xz
from the Go modules of which it is built.

    python -m tests.sim.generate [--minor 1.37]

The same server gives the same file: everything in it is sorted, and nothing in it names the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import lzma
from pathlib import Path
from typing import Any

import yaml

from tests.controlplane import build, plane
from tests.sim.generate import asking, learning, wire

DATA = Path(__file__).parents[3] / "src" / "roadstead" / "sim" / "data"
SAMPLES = Path(__file__).with_name("samples.yaml")


async def ask(minor: str) -> dict[str, Any]:
    async with (
        plane.running(1, minor=minor, audit=False) as running,
        asking.server(running.clusters[0]) as server,
    ):
        groups = await asking.discovery(server)
        definitions, shown = await asking.schemas(server)
        learned = learning.Learned(definitions)
        kinds = {
            (each["group"], each["version"], each["kind"]): name
            for name, schema in definitions.items()
            for each in schema.get("x-kubernetes-group-version-kind", ())
        }
        changed: set[tuple[str, str]] = set()
        tried = 0
        for sample in yaml.safe_load_all(SAMPLES.read_text()):
            group, _, version = sample["apiVersion"].rpartition("/")
            if (sample["apiVersion"], sample["kind"]) not in server.resources:
                continue
            name = kinds[group, version, sample["kind"]]
            status, got = await server.dry_run(sample)
            if status >= 300:
                print(f"{sample['kind']}: {status} {got.get('message')}")
                continue
            learned.note(name, sample, got, sample["kind"])
            if "status" in got:
                timeless = {key: item for key, item in got["status"].items() if not key.endswith("Time")}
                learned.statuses.setdefault(f"{sample['apiVersion']}/{sample['kind']}", timeless)
            if "generation" in got["metadata"]:
                learned.counted.add(f"{sample['apiVersion']}/{sample['kind']}")
            tried += await learning.try_fields(server, learned, sample, name)
            if (sample["apiVersion"], sample["kind"]) not in changed:
                changed.add((sample["apiVersion"], sample["kind"]))
                await learning.try_changes(server, learned, sample)
        print(f"{minor}: {tried} dry runs")
        _, version_info = await server.send("GET", "/version")
        return {
            "version": version_info,
            "discovery": groups,
            "definitions": definitions,
            "shown": shown,
            "bootstrap": await asking.bootstrap(server),
            "columns": await asking.columns(server, groups),
            "defaults": learned.defaults(),
            "dropped": sorted(map(list, learned.dropped - learned.kept)),
            "kept": sorted(map(list, learned.kept)),
            "immutable": learned.immutable,
            "hidden": sorted(map(list, learned.hidden - learned.visible)),
            "versioned": sorted(learned.versioned),
            "put_creates": sorted(learned.put_creates),
            "statuses": learned.statuses,
            "counted": sorted(learned.counted),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minor", action="append", help="of Kubernetes (all that are supported)")
    for minor in parser.parse_args().minor or (build.OLDEST, build.NEWEST):
        asked = asyncio.run(ask(minor))
        write(DATA / f"{minor}.json.xz", asked)
        kinds = {
            name
            for name, schema in asked["definitions"].items()
            if "x-kubernetes-group-version-kind" in schema
        }
        write(DATA / f"{minor}.wire.xz", wire.fields(minor, sorted(kinds)))


def write(path: Path, value: Any) -> None:
    data = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    path.write_bytes(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME))
    print(f"{path.name}: {len(data):,} bytes, {path.stat().st_size:,} compressed")


main()
