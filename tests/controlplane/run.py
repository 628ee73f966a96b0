"""Clusters by hand: `python -m tests.controlplane.run --clusters 3 --kubeconfig F [--controllers]`.

Runs in the foreground until Ctrl-C; then nothing of it is left. For `make demo`, benchmarks and trying out.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import time
from pathlib import Path

from tests.controlplane import build, kubeconfig, plane

HEAD = "# Written by tests.controlplane.run and replaced at its next start.\n"


async def run(arguments: argparse.Namespace) -> None:
    target: Path = arguments.kubeconfig
    if target.exists() and not target.read_text().startswith(HEAD):
        raise SystemExit(f"{target} was not written by this command and stays as it is: name another file")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    started = time.monotonic()
    async with plane.running(
        arguments.clusters,
        minor=arguments.minor,
        controllers=arguments.controllers,
        audit=False,
    ) as running:
        contexts = [context for cluster in running.clusters for context in cluster.contexts()]
        kubeconfig.write(target, contexts, head=HEAD)
        for cluster in running.clusters:
            print(f"{cluster.name}: {cluster.url} (contexts {', '.join(c.name for c in cluster.contexts())})")
        print(f"ready after {time.monotonic() - started:.1f} s: export KUBECONFIG={target}", flush=True)
        await stop.wait()
    target.unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Real Kubernetes clusters on loopback, until Ctrl-C.")
    parser.add_argument("--clusters", type=int, default=1)
    parser.add_argument("--kubeconfig", type=Path, required=True, help="file to write; gone at the end")
    parser.add_argument("--controllers", action="store_true", help="with kube-controller-manager")
    parser.add_argument("--minor", default=build.NEWEST, help=f"of Kubernetes (default {build.NEWEST})")
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
