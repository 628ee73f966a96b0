"""Simulated clusters against a real API server in the same run: applies a second, memory, start.

The objects are those of the Flux benchmark (four per application). Neither side has controllers; both are driven
by the same bare loop over 20 connections. The simulation runs in a process of its own. Processor time is what it
took the servers, whatever else the machine was doing.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import uvloop

from bench import podinfo
from roadstead.sim import writing
from roadstead.sim.cluster import Cluster
from roadstead.sim.writes import Write
from tests.controlplane import plane

APPLICATIONS = 250
CONNECTIONS = 20
OBJECTS = 100  # in each of many clusters
APPLY = {"Content-Type": "application/apply-patch+yaml"}
PLURALS = {
    "ServiceAccount": "api/v1/namespaces/{}/serviceaccounts",
    "Service": "api/v1/namespaces/{}/services",
    "Deployment": "apis/apps/v1/namespaces/{}/deployments",
    "Ingress": "apis/networking.k8s.io/v1/namespaces/{}/ingresses",
}
NAMESPACE = "bench"


def requests(cpu: str) -> list[tuple[str, bytes]]:
    query = "fieldManager=bench&force=true&fieldValidation=Strict"
    return [
        (
            f"/{PLURALS[each['kind']].format(NAMESPACE)}/{each['metadata']['name']}?{query}",
            json.dumps(each).encode(),
        )
        for each in podinfo.objects(APPLICATIONS, cpu=cpu)
    ]


async def rate(url: str, token: str, tls: ssl.SSLContext | bool, wanted: list[tuple[str, bytes]]) -> float:
    waiting = list(reversed(wanted))
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "bench", **APPLY}
    connector = aiohttp.TCPConnector(limit=CONNECTIONS, ssl=tls)
    async with aiohttp.ClientSession(headers=headers, connector=connector) as session:

        async def work() -> None:
            while waiting:
                path, body = waiting.pop()
                async with session.patch(url + path, data=body) as answer:
                    text = await answer.read()
                    if answer.status >= 300:
                        raise RuntimeError(f"{answer.status}: {text[:300]!r}")

        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(work())
        return len(wanted) / (time.monotonic() - began)


def processor_time(*pids: int) -> float:
    """Seconds that processes have used so far: what other work on the machine does not change much."""
    used = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        used += int(fields[11]) + int(fields[12])
    return used / os.sysconf("SC_CLK_TCK")


async def measure(name: str, url: str, token: str, tls: ssl.SSLContext | bool, *pids: int) -> None:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        made = {"metadata": {"name": NAMESPACE}}
        await session.post(f"{url}/api/v1/namespaces", json=made, ssl=tls)
    first, second = requests("1m"), requests("2m")
    for what, wanted in (("creating", first), ("changing", second), ("unchanged", second)):
        before = processor_time(*pids)
        found = await rate(url, token, tls, wanted)
        used = (processor_time(*pids) - before) / len(wanted)
        print(f"{name}, {what}: {found:.0f} applies a second, {used * 1000:.2f} ms of processor time each")


async def both() -> None:
    async with plane.running(1, audit=False) as running:
        real = running.clusters[0]
        tls = ssl.create_default_context(cadata=real.authority.decode())
        pids = (real.apiserver.pid, running.etcd.pid)
        await measure("real", real.url, real.tokens["admin"], tls, *pids)
    with tempfile.TemporaryDirectory() as folder:
        argv = [sys.executable, "-m", "roadstead.sim", "--no-controllers"]
        argv += ["--kubeconfig", str(Path(folder) / "kubeconfig")]
        process = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs here
            argv, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())["clusters"]["c1"]
        try:
            await measure("sim", told["url"], told["tokens"]["admin"], True, process.pid)
            status = Path(f"/proc/{process.pid}/status")
            if status.exists():
                print("sim, resident:", next(x for x in status.read_text().splitlines() if "VmRSS" in x))
        finally:
            process.terminate()
            process.wait(10)


def start() -> None:
    Cluster("warm")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    kept = [Cluster(f"c{number}") for number in range(1000)]
    took = time.monotonic() - began
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / len(kept)
    print(f"start of {len(kept)} clusters: {took:.2f} s, {took:.3f} ms each, {grown:.0f} KB each")
    fill(kept)


def fill(clusters: list[Cluster]) -> None:
    """A hundred Deployments in each, every one a copy of its own."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    made = next(each for each in podinfo.objects(1, cpu="1m") if each["kind"] == "Deployment")
    made["metadata"] |= {"namespace": "default"}
    kind = clusters[0].builtin("deployments", "apps")
    data = writing.apply(Write(clusters[0], kind, "default", made["metadata"]["name"]), made, force=True)[0]
    for cluster in clusters:
        for number in range(OBJECTS):
            cluster.store.put(kind.storage, ("default", f"web-{number}"), bytes(bytearray(data)))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    each = grown * 1024 / len(clusters) / OBJECTS
    print(
        f"{len(clusters)} clusters of {OBJECTS} Deployments: {grown / 1024:.0f} MB, {each:.0f} bytes an object of {len(data)}"
    )


def main() -> None:
    start()
    uvloop.run(both())


if __name__ == "__main__":
    main()
