"""Looks for differences by hand:  python -m tests.sim.differential [--minor 1.37] [--first 0] [--count 200]

`--real FILE` uses a server that runs already: JSON with url, tokens and authority.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.controlplane import build, plane
from tests.sim.differential import comparing


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minor", default=build.NEWEST)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--show", type=int, default=25)
    parser.add_argument("--real", type=Path)
    options = parser.parse_args()
    async with _pair(options.minor, options.real) as pair:
        began = time.monotonic()
        found = await comparing.run(pair, range(options.first, options.first + options.count))
        for each in found[: options.show]:
            print(each)
        print(f"{options.count} sequences, {len(found)} differ, {time.monotonic() - began:.1f} s")


@asynccontextmanager
async def _pair(minor: str, real: Path | None) -> AsyncIterator[comparing.Pair]:
    if real is not None:
        found = json.loads(real.read_text())
        async with comparing.pair(found["url"], found["tokens"]["admin"], found["authority"], minor) as made:
            yield made
        return
    async with (
        plane.running(1, minor=minor, audit=False) as running,
        comparing.both(running.clusters[0], minor) as made,
    ):
        yield made


asyncio.run(main())
