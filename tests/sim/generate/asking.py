"""Asks a real API server what it can be asked: discovery, schemas, table columns, and dry runs of objects."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.controlplane.cluster import Cluster

NAMESPACE = "asking"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@dataclass(slots=True)
class Server:
    http: aiohttp.ClientSession
    url: str
    resources: dict[tuple[str, str], dict[str, Any]]  # apiVersion, kind -> entry of discovery

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        async with self.http.request(method, self.url + path, json=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)

    def path(self, sample: dict[str, Any], *, name: bool = False) -> str:
        version = sample["apiVersion"]
        resource = self.resources[version, sample["kind"]]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        scope = f"/namespaces/{NAMESPACE}" if resource["scope"] == "Namespaced" else ""
        return f"{root}{scope}/{resource['resource']}" + (f"/{sample['metadata']['name']}" if name else "")

    async def dry_run(self, sample: dict[str, Any]) -> tuple[int, Any]:
        return await self.send("POST", self.path(sample) + "?dryRun=All&fieldValidation=Strict", sample)


@asynccontextmanager
async def server(cluster: Cluster) -> AsyncIterator[Server]:
    tls = ssl.create_default_context(cadata=cluster.authority.decode())
    headers = {"Authorization": f"Bearer {cluster.tokens['admin']}", "User-Agent": "sample"}
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=tls), headers=headers, json_serialize=_json
    ) as http:
        made = Server(http, cluster.url, {})
        await made.send("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        yield made


def _json(value: Any) -> str:
    import json

    return json.dumps(value)


async def discovery(server: Server) -> dict[str, Any]:
    """Both aggregated documents, and the entries by apiVersion and kind in `server.resources`."""
    out = {}
    for root in ("api", "apis"):
        _, found = await server.send("GET", f"/{root}", Accept=AGGREGATED)
        out[root] = found["items"]
        for group in found["items"]:
            for version in group["versions"]:
                prefix = group["metadata"].get("name", "")
                name = f"{prefix}/{version['version']}" if prefix else version["version"]
                for resource in version["resources"]:
                    server.resources.setdefault((name, resource["responseKind"]["kind"]), resource)
    return out


async def schemas(server: Server) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """All definitions by name, and which of them each group and version shows."""
    _, index = await server.send("GET", "/openapi/v3")
    definitions: dict[str, Any] = {}
    shown: dict[str, list[str]] = {}
    for path in index["paths"]:
        if path.count("/") + (path.startswith("api/")) < 2:
            continue
        _, document = await server.send("GET", f"/openapi/v3/{path}")
        found = document.get("components", {}).get("schemas")
        if found:
            definitions |= found
            shown[path] = sorted(found)
    return definitions, shown


async def columns(server: Server, groups: dict[str, Any]) -> dict[str, Any]:
    out = {}
    for root, items in groups.items():
        for group in items:
            prefix = group["metadata"].get("name", "")
            for version in group["versions"]:
                name = "/".join(part for part in (root, prefix, version["version"]) if part)
                for resource in version["resources"]:
                    if "list" not in resource["verbs"]:
                        continue
                    path = f"/{name}/{resource['resource']}?limit=1"
                    _, table = await server.send("GET", path, Accept=TABLE)
                    out[f"{name}/{resource['resource']}"] = table.get("columnDefinitions", [])
    return out


BEGINNING = {
    "rbac.authorization.k8s.io/v1": ("clusterroles", "clusterrolebindings"),
    "apiregistration.k8s.io/v1": ("apiservices",),
    "scheduling.k8s.io/v1": ("priorityclasses",),
    "flowcontrol.apiserver.k8s.io/v1": ("flowschemas", "prioritylevelconfigurations"),
}
SETTLED = "2026-01-01T00:00:00Z"


async def bootstrap(server: Server) -> list[dict[str, Any]]:
    """What every cluster has from the beginning, as far as it is in no namespace."""
    out = []
    for version, plurals in BEGINNING.items():
        for plural in plurals:
            _, found = await server.send("GET", f"/apis/{version}/{plural}")
            kind = found["kind"].removesuffix("List")
            for item in found["items"]:
                if not item["metadata"]["name"].startswith("tests-"):
                    out.append({"kind": kind, "apiVersion": version} | _settled(item))
    return out


def _settled(item: dict[str, Any]) -> dict[str, Any]:
    """Without what is another one on each server."""
    metadata = item["metadata"]
    kept = ("name", "generation", "labels", "annotations")
    item = item | {"metadata": {key: metadata[key] for key in kept if key in metadata}}
    for condition in item.get("status", {}).get("conditions", ()):
        condition["lastTransitionTime"] = SETTLED
    return item
