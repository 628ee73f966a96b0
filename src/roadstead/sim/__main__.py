"""Simulated clusters in a process of their own, until it is told to end.

    python -m roadstead.sim --clusters 3 --kubeconfig FILE [--minor 1.37] [--audit FOLDER]
    ... [--nodes 3] [--ready-after 2] [--fail-image '*:broken=pull'] [--no-controllers]

Says on one line of JSON where they are, once they answer.
"""

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

import orjson

from roadstead.sim import auditing, controlling, knowledge, kubeconfig, serving
from roadstead.sim.controllers.machines import Failing, Way
from roadstead.sim.fleet import Fleet
from roadstead.sim.serving import Certificate


async def run(options: argparse.Namespace) -> None:
    fleet = Fleet()
    for number in range(1, options.clusters + 1):
        fleet.add(
            f"c{number}",
            minor=options.minor,
            controllers=options.controllers,
            nodes=options.nodes,
            ready_after=options.ready_after,
            failing=tuple(options.fail_image),
        )
    clusters = fleet.clusters
    for cluster in clusters:
        if options.audit:
            cluster.received = auditing.to_file(options.audit / f"{cluster.name}.log")
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, ended.set)
    shown = Certificate(*options.certificate) if options.certificate else None
    async with serving.running(*clusters, port=options.port, certificate=shown, fleet=fleet) as server:
        kubeconfig.write(options.kubeconfig, server, clusters)
        told = {each.name: {"url": server.url(each), "tokens": each.tokens} for each in clusters}
        control = {"url": f"{server.address}/{controlling.ROOT}", "token": server.token}
        where = {"port": server.port, "clusters": told, "control": control}
        sys.stdout.write(orjson.dumps(where).decode() + "\n")
        sys.stdout.flush()
        await ended.wait()


def failing(written: str) -> Failing:
    """PATTERN, or PATTERN=WAY; a pattern may hold an equals sign itself."""
    pattern, equals, way = written.rpartition("=")
    return Failing(pattern, Way(way)) if equals and way in set(Way) else Failing(written)


def main() -> None:
    parser = argparse.ArgumentParser(prog="roadstead.sim", description=__doc__)
    parser.add_argument("--clusters", type=int, default=1)
    parser.add_argument("--kubeconfig", type=Path, required=True, help="file to write")
    parser.add_argument("--minor", default=knowledge.supported()[-1], choices=knowledge.supported())
    parser.add_argument("--port", type=int, default=0, help="on loopback (a free one)")
    parser.add_argument("--audit", type=Path, help="folder for a log of requests per cluster")
    parser.add_argument(
        "--no-controllers", dest="controllers", action="store_false", help="API servers alone"
    )
    parser.add_argument(
        "--nodes", type=int, default=3, help="of each cluster (3); without, pods stay pending"
    )
    parser.add_argument("--ready-after", type=float, default=2.0, help="seconds that a pod takes (2)")
    what = "an image that fails, PATTERN or PATTERN=pull|crash|unready; may be given again"
    parser.add_argument("--fail-image", type=failing, action="append", default=[], help=what)
    files = ("FILE", "KEY", "AUTHORITY")
    parser.add_argument("--certificate", type=Path, nargs=3, metavar=files, help="speak TLS")
    options = parser.parse_args()
    with contextlib.suppress(ImportError):
        import uvloop

        uvloop.install()
    asyncio.run(run(options))


main()
