"""OpenAPI v3, put together from the recorded schemas; version 2 is not simulated.

Paths hold no more than what clients look for: that objects can be patched, with which parameters.
"""

import hashlib
from functools import cache
from typing import Any

import orjson

from roadstead.sim import knowledge
from roadstead.sim.cluster import Cluster


def index(cluster: Cluster, base: str) -> dict[str, Any]:
    found = [*cluster.knowledge.shown, *_custom_paths(cluster)]
    return {
        "paths": {
            path: {"serverRelativeURL": f"{base}/openapi/v3/{path}?hash={_hash(cluster, path)}"}
            for path in found
        }
    }


def _custom_paths(cluster: Cluster) -> list[str]:
    return sorted({f"apis/{kind.group}/{kind.version}" for kind in cluster.custom.values()})


def _hash(cluster: Cluster, path: str) -> str:
    if path in cluster.knowledge.shown:
        return hashlib.sha256(f"{cluster.minor}/{path}".encode()).hexdigest().upper()
    return hashlib.sha256(document(cluster, path) or b"").hexdigest().upper()


def document(cluster: Cluster, path: str) -> bytes | None:
    if path in cluster.knowledge.shown:
        return _builtin(cluster.minor, path)
    if path in _custom_paths(cluster):
        kinds = [kind for kind in cluster.custom.values() if path == f"apis/{kind.group}/{kind.version}"]
        schemas = {}
        for kind in kinds:
            name = ".".join((*reversed(kind.group.split(".")), kind.version, kind.kind))
            known = [{"group": kind.group, "version": kind.version, "kind": kind.kind}]
            schemas[name] = {**kind.openapi, "x-kubernetes-group-version-kind": known}
        paths: dict[str, Any] = {}
        for kind in kinds:
            paths |= _paths(path, kind.plural, kind.namespaced, (kind.group, kind.version, kind.kind))
        return _document(cluster.knowledge.version, paths, schemas)
    return None


@cache
def _builtin(minor: str, path: str) -> bytes:
    known = knowledge.load(minor)
    root, _, rest = path.partition("/")
    group, _, version = rest.rpartition("/")
    paths: dict[str, Any] = {}
    for entry in known.discovery[root]:
        if entry["metadata"].get("name", "") != group:
            continue
        for each in entry["versions"]:
            for resource in each["resources"] if each["version"] == version else ():
                kind = resource["responseKind"]["kind"]
                paths |= _paths(
                    path, resource["resource"], resource["scope"] == "Namespaced", (group, version, kind)
                )
    schemas = {name: known.definitions[name] for name in known.shown[path]}
    return _document(known.version, paths, schemas)


def _paths(root: str, plural: str, namespaced: bool, kind: tuple[str, str, str]) -> dict[str, Any]:
    group, version, name = kind
    scope = "/namespaces/{namespace}" if namespaced else ""
    parameters = [
        {"name": each, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
        for each in ("dryRun", "fieldManager", "fieldValidation", "force")
    ]
    patch = {
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": name},
        "parameters": parameters,
        "responses": {"200": {"description": "OK"}},
    }
    return {f"/{root}{scope}/{plural}/{{name}}": {"patch": patch}}


def _document(version: dict[str, Any], paths: dict[str, Any], schemas: dict[str, Any]) -> bytes:
    return orjson.dumps(
        {
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": version["gitVersion"]},
            "paths": paths,
            "components": {"schemas": schemas},
        }
    )
