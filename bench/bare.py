"""The baseline: server-side applies in a bare loop, 20 at once over one pool of connections, nothing else."""

import asyncio
import ssl
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from tests.controlplane.cluster import Cluster

_AT_ONCE = 20
_PATHS = {
    "ServiceAccount": "api/v1/namespaces/{}/serviceaccounts/{}",
    "Service": "api/v1/namespaces/{}/services/{}",
    "Deployment": "apis/apps/v1/namespaces/{}/deployments/{}",
    "Ingress": "apis/networking.k8s.io/v1/namespaces/{}/ingresses/{}",
}


@dataclass(frozen=True, slots=True)
class Looped:
    seconds: float
    processor: float


async def loop(cluster: Cluster, namespace: str, objects: Iterable[dict[str, Any]]) -> Looped:
    todo = [(_url(cluster, namespace, one), orjson.dumps(one)) for one in objects]
    queue = iter(todo)
    connector = aiohttp.TCPConnector(limit=_AT_ONCE, ssl=_tls(cluster))
    headers = {"Content-Type": "application/apply-patch+yaml", "User-Agent": "bare"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def worker() -> None:
            for url, body in queue:
                async with session.patch(url, data=body) as response:
                    answer = await response.read()
                    if response.status >= 300:
                        raise SystemExit(f"{url}: {response.status} {answer.decode()}")

        began, used = time.perf_counter(), time.process_time()
        async with asyncio.TaskGroup() as group:
            for _ in range(_AT_ONCE):
                group.create_task(worker())
        return Looped(time.perf_counter() - began, time.process_time() - used)


def _url(cluster: Cluster, namespace: str, obj: dict[str, Any]) -> str:
    path = _PATHS[obj["kind"]].format(namespace, obj["metadata"]["name"])
    return f"{cluster.url}/{path}?fieldManager=bare&force=true"


def _tls(cluster: Cluster) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=cluster.authority.decode())
    with tempfile.TemporaryDirectory() as folder:
        context.load_cert_chain(*cluster.admin.write(Path(folder), "bare"))
    return context
