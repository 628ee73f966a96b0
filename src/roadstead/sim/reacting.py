"""What the API server itself does after a write, without any controller: custom kinds come and go.

Runs in the same turn as the write, after it is stored, so that nobody sees the state between.
"""

from typing import Any

import orjson

from roadstead.sim import custom
from roadstead.sim.cluster import Cluster
from roadstead.sim.kinds import Kind

Value = dict[str, Any]


def stored(cluster: Cluster, kind: Kind, value: Value) -> None:
    if kind.storage != custom.STORAGE:
        return
    storage = (value["spec"]["group"], value["spec"]["names"]["plural"])
    if value["metadata"].get("deletionTimestamp"):
        if not custom.emptied(cluster, value):
            waits = custom.terminating(cluster, value)
            if waits != value:
                _put(cluster, kind, waits)
            return
        custom.withdraw(cluster, value)
        cluster.close_watches(storage)
        if value["metadata"].get("finalizers") == [custom.FINALIZER]:
            _remove(cluster, kind, value)
        return
    custom.serve(cluster, value)
    now = custom.established(cluster, value)
    cluster.close_watches(storage)  # as the real one does whenever it serves a definition anew
    if now != value:
        _put(cluster, kind, now)


def gone(cluster: Cluster, kind: Kind) -> None:
    """After the last object of a definition that goes, the definition goes."""
    if not kind.custom:
        return
    found = cluster.store.get(custom.STORAGE, ("", f"{kind.plural}.{kind.group}"))
    if found is not None and b'"deletionTimestamp"' in found.data:
        stored(cluster, cluster.builtin(custom.STORAGE[1], custom.STORAGE[0]), orjson.loads(found.data))


def _put(cluster: Cluster, kind: Kind, value: Value) -> None:
    version = cluster.store.next_version()
    value = {**value, "metadata": {**value["metadata"], "resourceVersion": str(version)}}
    cluster.store.put(kind.storage, ("", value["metadata"]["name"]), orjson.dumps(value))


def _remove(cluster: Cluster, kind: Kind, value: Value) -> None:
    version = cluster.store.next_version()
    last = {**value, "metadata": {**value["metadata"], "resourceVersion": str(version), "finalizers": []}}
    cluster.store.remove(kind.storage, ("", value["metadata"]["name"]), orjson.dumps(last))
