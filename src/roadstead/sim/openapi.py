"""OpenAPI v3, put together from the recorded schemas.

Paths hold no more than what clients look for: that objects can be patched, with which parameters.
"""

import hashlib
from collections.abc import Iterable
from functools import cache
from typing import Any

import orjson

from roadstead.sim import knowledge
from roadstead.sim.cluster import Cluster
from roadstead.sim.kinds import Kind


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
        return _document(cluster.knowledge.version, _custom(kinds), _schemas(kinds))
    return None


def custom_schemas(cluster: Cluster) -> dict[str, Any]:
    return _schemas(cluster.custom.values())


def _schemas(kinds: Iterable[Kind]) -> dict[str, Any]:
    schemas = {}
    for kind in kinds:
        name = ".".join((*reversed(kind.group.split(".")), kind.version, kind.kind))
        known = [{"group": kind.group, "version": kind.version, "kind": kind.kind}]
        schemas[name] = {**kind.openapi, "x-kubernetes-group-version-kind": known}
    return schemas


def paths(cluster: Cluster) -> dict[str, Any]:
    """Of all that is served."""
    found: dict[str, Any] = {}
    for path in cluster.knowledge.shown:
        found |= _builtin_paths(cluster.minor, path)
    return found | _custom(cluster.custom.values())


def _custom(kinds: Iterable[Kind]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind in kinds:
        root = f"apis/{kind.group}/{kind.version}"
        found |= _paths(root, kind.plural, kind.namespaced, (kind.group, kind.version, kind.kind))
    return found


@cache
def _builtin(minor: str, path: str) -> bytes:
    known = knowledge.load(minor)
    schemas = {name: known.definitions[name] for name in known.shown[path]}
    return _document(known.version, _builtin_paths(minor, path), schemas)


def _builtin_paths(minor: str, path: str) -> dict[str, Any]:
    root, _, rest = path.partition("/")
    group, _, version = rest.rpartition("/")
    found: dict[str, Any] = {}
    for entry in knowledge.load(minor).discovery[root]:
        if entry["metadata"].get("name", "") != group:
            continue
        for each in entry["versions"]:
            for resource in each["resources"] if each["version"] == version else ():
                kind = (group, version, resource["responseKind"]["kind"])
                found |= _paths(path, resource["resource"], resource["scope"] == "Namespaced", kind)
    return found


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
