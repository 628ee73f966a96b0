"""Tables for `kubectl get`: columns as the real server names them, cells from `cells`.

A column that nobody computes shows `<unknown>`, never something made up.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from roadstead.sim import cells, reading
from roadstead.sim.cells import paths
from roadstead.sim.cells.parts import UNKNOWN
from roadstead.sim.cluster import Cluster
from roadstead.sim.kinds import Kind
from roadstead.sim.listing import Page
from roadstead.sim.requests import Options

Value = dict[str, Any]
NAME_AND_AGE: tuple[Value, ...] = (
    {"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0},
    {"name": "Age", "type": "date", "format": "", "description": "", "priority": 0},
)
PRECEDENCE = 2  # its cell
_NUMBER: Value = {"type": "integer", "format": "", "description": "", "priority": 0}
OF_SCALE = (
    NAME_AND_AGE[0],
    {"name": "Desired", **_NUMBER},
    {"name": "Available", **_NUMBER},
    NAME_AND_AGE[1],
)


def of_page(cluster: Cluster, kind: Kind, page: Page, options: Options) -> bytes:
    rows = [_row(cluster, kind, stored.data, options) for _, stored in page.found]
    if kind.kind == "FlowSchema":  # the one kind that is not shown in the order of its list
        rows.sort(key=lambda row: row["cells"][PRECEDENCE])
    return orjson.dumps(_table(_columns(kind), page.metadata, rows))


def of_one(cluster: Cluster, kind: Kind, data: bytes, options: Options) -> bytes:
    row = _row(cluster, kind, data, options)
    return orjson.dumps(_table(_columns(kind), _version(orjson.loads(data)), [row]))


class Watched:
    """The tables of one watch: a row each, and the columns only in the first."""

    def __init__(self, cluster: Cluster, kind: Kind, options: Options) -> None:
        self._cluster, self._kind, self._options = cluster, kind, options
        self._columns: Iterable[Value] | None = _columns(kind)

    def shown(self, data: bytes) -> bytes:
        columns, self._columns = self._columns, None
        row = _row(self._cluster, self._kind, data, self._options)
        return orjson.dumps(_table(columns, _version(orjson.loads(data)), [row]))


def of_scale(cluster: Cluster, scale: Value) -> bytes:
    now, computed = cluster.time(), {**cells.EVERY, **cells.BY_KIND["Scale"]}
    shown = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": scale["metadata"]}
    row = {"cells": [computed[column["name"]](scale, now) for column in OF_SCALE], "object": shown}
    return orjson.dumps(_table(OF_SCALE, _version(scale), [row]))


def _version(value: Value) -> Value:
    return {"resourceVersion": value["metadata"].get("resourceVersion", "")}


def _columns(kind: Kind) -> Sequence[Value]:
    return kind.columns or NAME_AND_AGE


def _table(columns: Iterable[Value] | None, metadata: Value, rows: Iterable[Value]) -> Value:
    named = None
    if columns is not None:
        named = [{key: item for key, item in column.items() if key != "path"} for column in columns]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": named,
        "rows": list(rows),
    }


def _row(cluster: Cluster, kind: Kind, data: bytes, options: Options) -> Value:
    value, now = reading.value(kind, data) if kind.custom else orjson.loads(data), cluster.time()
    computed = cells.EVERY if kind.custom else {**cells.EVERY, **cells.BY_KIND.get(kind.kind, {})}
    found: list[Any] = []
    for column in _columns(kind) if "name" in value["metadata"] else ():
        compute = computed.get(column["name"])
        if "path" in column:
            found.append(paths.cell(column, value, now))
        else:
            found.append(compute(value, now) if compute else UNKNOWN)
    include = options.text("includeObject") or "Metadata"
    row: Value = {"cells": found or [""] * len(_columns(kind))}  # of a bookmark
    if include == "Metadata":
        row["object"] = orjson.Fragment(reading.metadata_only(kind, data))
    elif include == "Object":
        row["object"] = orjson.Fragment(reading.shown(kind, data))
    return row
