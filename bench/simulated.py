"""Simulated clusters in a process of their own, a fleet for them, and somebody who edits and breaks them.

Each bundle is so many ConfigMaps in one namespace, on all clusters; its file says which state they are in.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bench import podinfo

NAMESPACE = "ours"
EDITOR = "kubectl-edit"
_HEAD = "apiVersion: roadstead.dev/v1alpha1\nkind:"


@dataclass
class Simulated:
    """`kubeconfig` leads to all of them."""

    process: asyncio.subprocess.Process
    http: aiohttp.ClientSession
    kubeconfig: Path
    clusters: dict[str, Any] = field(default_factory=dict)
    control: dict[str, str] = field(default_factory=dict)

    async def edit(self, cluster: str, name: str, value: str) -> None:
        """As somebody would behind our back."""
        reached = self.clusters[cluster]
        url = f"{reached['url']}/api/v1/namespaces/{NAMESPACE}/configmaps/{name}?fieldManager={EDITOR}"
        headers = {
            "Authorization": f"Bearer {reached['tokens']['admin']}",
            "Content-Type": "application/merge-patch+json",
        }
        body = json.dumps({"data": {"state": value}})
        async with self.http.patch(url, data=body, headers=headers, ssl=False) as answer:
            answer.raise_for_status()

    async def told(self, method: str, path: str, body: object) -> Any:
        headers = {"Authorization": f"Bearer {self.control['token']}"}
        url = f"{self.control['url']}/{path}"
        async with self.http.request(method, url, json=body, headers=headers, ssl=False) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def faults(self, cluster: str, *faults: dict[str, Any]) -> None:
        await self.told("PUT", f"clusters/{cluster}/faults", list(faults))


@asynccontextmanager
async def running(
    folder: Path,
    *,
    clusters: int,
    certificate: Iterable[Path] = (),
    controllers: bool = False,
    audit: Path | None = None,
) -> AsyncIterator[Simulated]:
    """In the folder `audit`, a log of requests for each."""
    folder.mkdir(parents=True, exist_ok=True)
    config, shown = folder / "kubeconfig", [str(path) for path in certificate]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "roadstead.sim", "--clusters", str(clusters), "--kubeconfig", str(config)),
        *(() if controllers else ("--no-controllers",)),
        *(("--certificate", *shown) if shown else ()),
        *(("--audit", str(audit)) if audit else ()),
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 26,
    )
    try:
        assert process.stdout
        where = json.loads(await process.stdout.readline())
        async with aiohttp.ClientSession() as http:
            yield Simulated(process, http, config, where["clusters"], where["control"])
    finally:
        process.terminate()
        await process.wait()


def write_fleet(folder: Path, *, clusters: Iterable[str], bundles: int, objects: int) -> None:
    files = {"roadstead.yaml": f"{_HEAD} Fleet\nmetadata: {{name: bench}}\nspec: {{}}\n"}
    for name in clusters:
        files[f"fleet/clusters/{name}.yaml"] = f"{_HEAD} Cluster\nmetadata: {{name: {name}}}\nspec: {{}}\n"
    for number in range(bundles):
        files[f"fleet/bundles/app-{number}.yaml"] = f"""{_HEAD} Bundle
metadata: {{name: app-{number}}}
spec:
  source: {{path: ../../apps/app-{number}}}
  clusters: {{all: true}}
  namespace: {{name: {NAMESPACE}, create: true}}
"""
        files |= _content(number, objects, "first")
    podinfo.commit(folder, files)


def change(folder: Path, state: str, *, bundles: Iterable[int], objects: int) -> None:
    """These bundles have another state, by one commit."""
    files: dict[str, str] = {}
    for number in bundles:
        files |= _content(number, objects, state)
    podinfo.commit(folder, files)


def _content(bundle: int, objects: int, state: str) -> dict[str, str]:
    all_of_it = "---\n".join(
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name_of(bundle, number)}}}\n"
        f'data: {{state: "{state}"}}\n'
        for number in range(objects)
    )
    return {f"apps/app-{bundle}/all.yaml": all_of_it}


def name_of(bundle: int, number: int) -> str:
    return f"app-{bundle}-{number}"
