"""Looks for differences by hand:  python -m tests.sim.differential [--minor 1.37] [--first 0] [--count 200]"""

from __future__ import annotations

import argparse
import asyncio
import time

from tests.controlplane import build, plane
from tests.sim.differential import comparing


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minor", default=build.NEWEST)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--show", type=int, default=25)
    options = parser.parse_args()
    async with (
        plane.running(1, minor=options.minor, audit=False) as running,
        comparing.both(running.clusters[0], options.minor) as (real, sim),
    ):
        began = time.monotonic()
        seeds = range(options.first, options.first + options.count)
        found = await comparing.run(real, sim, seeds, "d")
        for each in found[: options.show]:
            print(each)
        print(f"{options.count} sequences, {len(found)} differ, {time.monotonic() - began:.1f} s")


asyncio.run(main())
