"""`python -m bench apply plan`: the benchmarks named, one after another; without a name, all."""

import argparse
import importlib
import os
import platform
import time

NAMES = {
    "start": "importing the command line, `roadstead --help`",
    "resolve": "1,000 clusters x 100 bundles from documents to assignments",
    "render": "500 objects for 100 clusters",
    "plan": "two revisions of 500 objects on 100 clusters, without a cluster",
    "sim": "simulated clusters against a real API server: applies a second, memory, start",
    "drift": "from somebody's edit to our suspicion, on a real API server",
    "serve": "from an edit to the event and the restored object, of a hub at rest and at work",
    "api": "the API of a hub with 1,000 clusters x 100 bundles: pages, searches, sums, the stream",
    "fleet": "100 simulated clusters from a commit to applied on all, drift on 200",
    "idle": "a hub at rest over 1,000 simulated clusters: memory, processor, requests, a restart",
    "sick": "50 simulated clusters, six of which fall ill: what that costs the others",
    "store": "the database: writes singly and in groups, reads at 1,000 clusters x 100 bundles",
    "apply": "100, 500 and 1,000 applications against a bare loop of the same applies",
}


def main() -> None:
    told = "\n".join(f"  {name:<9} {what}" for name, what in NAMES.items())
    parser = argparse.ArgumentParser(
        prog="python -m bench", epilog=told, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    names = parser.parse_args().names or list(NAMES)
    if unknown := set(names) - NAMES.keys():
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} processors")
    for name in names:
        began = time.monotonic()
        print(f"\n== {name}: {NAMES[name]}", flush=True)
        importlib.import_module(f"bench.{name}").main()
        print(f"== {name} took {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
