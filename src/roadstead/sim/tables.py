"""Tables for `kubectl get`: columns as the real server names them, cells computed here for the usual kinds.

A column that nobody computes shows `<unknown>`, never something made up.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from roadstead.sim import reading
from roadstead.sim.cluster import Cluster
from roadstead.sim.kinds import Kind
from roadstead.sim.reading import Page
from roadstead.sim.requests import Options

Value = dict[str, Any]


def of_page(cluster: Cluster, kind: Kind, page: Page, options: Options) -> bytes:
    rows = [_row(cluster, kind, stored.data, options) for _, stored in page.found]
    return _table(kind, page.metadata, rows)


def of_one(cluster: Cluster, kind: Kind, data: bytes, options: Options) -> bytes:
    metadata = {"resourceVersion": orjson.loads(data)["metadata"].get("resourceVersion", "")}
    return _table(kind, metadata, [_row(cluster, kind, data, options)])


def _table(kind: Kind, metadata: Value, rows: list[Value]) -> bytes:
    columns = kind.columns or [
        {"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0},
        {"name": "Age", "type": "date", "format": "", "description": "", "priority": 0},
    ]
    columns = [{key: item for key, item in column.items() if key != "path"} for column in columns]
    table = {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": columns,
    }
    return orjson.dumps(table | {"rows": rows})


def _row(cluster: Cluster, kind: Kind, data: bytes, options: Options) -> Value:
    value = orjson.loads(data)
    computed = {**_EVERY, **_CELLS.get(kind.kind if not kind.custom else "", {})}
    columns = kind.columns or [{"name": "Name"}, {"name": "Age"}]
    cells = [_cell(column, computed, value, cluster) for column in columns]
    include = options.text("includeObject") or "Metadata"
    shown: Any = None
    if include == "Metadata":
        shown = orjson.Fragment(reading.metadata_only(data))
    elif include == "Object":
        shown = orjson.Fragment(reading.shown(kind, data))
    return {"cells": cells, "object": shown} if shown is not None else {"cells": cells}


_UNKNOWN = "<unknown>"


def _cell(column: Value, computed: Value, value: Value, cluster: Cluster) -> Any:
    if "path" not in column:
        compute = computed.get(column["name"])
        return compute(value, cluster) if compute else _UNKNOWN
    found: Any = value
    for part in column["path"].strip(".").split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if column["type"] == "date":
        return age(found, cluster.time()) if isinstance(found, str) else _UNKNOWN
    return found


def age(written: str | None, now: datetime) -> str:
    """As kubectl shows it: 5s, 3m12s, 4h, 2d."""
    if not written:
        return _UNKNOWN
    then = datetime.strptime(written, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    seconds = max(0, int((now - then).total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    return f"{days // 365}y"


def _get(value: Any, *path: str, default: Any = None) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return default if value is None else value


def _field(*path: str, default: Any = "<none>") -> Callable[[Value, Cluster], Any]:
    return lambda value, cluster: _get(value, *path, default=default)


def _count(*path: str) -> Callable[[Value, Cluster], Any]:
    return lambda value, cluster: len(_get(value, *path, default=()))


def _ready(value: Value, cluster: Cluster) -> str:
    return f"{_get(value, 'status', 'readyReplicas', default=0)}/{_get(value, 'spec', 'replicas', default=0)}"


def _ports(value: Value, cluster: Cluster) -> str:
    return (
        ",".join(
            f"{each['port']}{':' + str(each['nodePort']) if each.get('nodePort') else ''}/{each['protocol']}"
            for each in _get(value, "spec", "ports", default=())
        )
        or "<none>"
    )


def _external(value: Value, cluster: Cluster) -> str:
    found = [
        each.get("ip") or each.get("hostname")
        for each in _get(value, "status", "loadBalancer", "ingress", default=())
    ]
    if _get(value, "spec", "type") == "LoadBalancer":
        return ",".join(found) or "<pending>"
    if _get(value, "spec", "type") == "ExternalName":
        return str(value["spec"]["externalName"])
    return ",".join(_get(value, "spec", "externalIPs", default=())) or "<none>"


def _labels(found: Value) -> str:
    return ",".join(f"{key}={found[key]}" for key in sorted(found)) or "<none>"


def _selector(value: Value, cluster: Cluster) -> str:
    found = _get(value, "spec", "selector", default={})
    return _labels(
        found.get("matchLabels", {}) if "matchLabels" in found or "matchExpressions" in found else found
    )


def _containers(key: str) -> Callable[[Value, Cluster], str]:
    return lambda value, cluster: ",".join(
        each.get(key, "") for each in _get(value, "spec", "template", "spec", "containers", default=())
    )


_EVERY: dict[str, Callable[[Value, Cluster], Any]] = {
    "Name": _field("metadata", "name"),
    "Age": lambda value, cluster: age(_get(value, "metadata", "creationTimestamp"), cluster.time()),
    "Created At": _field("metadata", "creationTimestamp"),
}
_WORKLOAD = {
    "Ready": _ready,
    "Up-to-date": _field("status", "updatedReplicas", default=0),
    "Available": _field("status", "availableReplicas", default=0),
    "Containers": _containers("name"),
    "Images": _containers("image"),
    "Selector": _selector,
    "Desired": _field("spec", "replicas", default=0),
    "Current": _field("status", "replicas", default=0),
}
_CELLS: dict[str, dict[str, Callable[[Value, Cluster], Any]]] = {
    "ConfigMap": {
        "Data": lambda value, cluster: len(value.get("data") or {}) + len(value.get("binaryData") or {})
    },
    "Secret": {"Type": _field("type"), "Data": _count("data")},
    "Namespace": {"Status": _field("status", "phase")},
    "ServiceAccount": {"Secrets": _count("secrets")},
    "Service": {
        "Type": _field("spec", "type"),
        "Cluster-IP": _field("spec", "clusterIP"),
        "External-IP": _external,
        "Port(s)": _ports,
        "Selector": _selector,
    },
    "Deployment": _WORKLOAD,
    "StatefulSet": _WORKLOAD,
    "ReplicaSet": _WORKLOAD | {"Ready": _field("status", "readyReplicas", default=0)},
    "DaemonSet": _WORKLOAD
    | {
        "Desired": _field("status", "desiredNumberScheduled", default=0),
        "Current": _field("status", "currentNumberScheduled", default=0),
        "Ready": _field("status", "numberReady", default=0),
        "Up-to-date": _field("status", "updatedNumberScheduled", default=0),
        "Available": _field("status", "numberAvailable", default=0),
        "Node Selector": lambda value, cluster: _labels(
            _get(value, "spec", "template", "spec", "nodeSelector", default={})
        ),
    },
    "RoleBinding": {"Role": lambda value, cluster: f"{value['roleRef']['kind']}/{value['roleRef']['name']}"},
    "ClusterRoleBinding": {
        "Role": lambda value, cluster: f"{value['roleRef']['kind']}/{value['roleRef']['name']}"
    },
}
