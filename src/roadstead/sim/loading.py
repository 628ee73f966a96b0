"""Make a simulated cluster a copy of another: its objects as they are there, with uids, versions and managers.

Nothing is validated or defaulted, for the other server did so; only definitions take effect. To be done before
controllers are started, which then find the objects as a restarted manager does.
"""

from collections.abc import Iterable
from typing import Any

import orjson

from roadstead.sim import custom
from roadstead.sim.cluster import Cluster
from roadstead.sim.kinds import Kind

Value = dict[str, Any]


def load(cluster: Cluster, objects: Iterable[Value]) -> list[Value]:
    """Gives the objects of kinds or versions that the cluster does not serve; they are left out."""
    found = sorted(objects, key=_version)
    definitions = [one for one in found if one["kind"] == "CustomResourceDefinition"]
    for one in definitions:
        custom.serve(cluster, one)
    kinds = {(kind.api_version, kind.kind): kind for kind in cluster.kinds() if kind.simulated}
    unserved = []
    for one in found:
        kind = kinds.get((one["apiVersion"], one["kind"]))
        if kind is None:
            unserved.append(one)
        else:
            _put(cluster, kind, kind.kept(one))
    return unserved


def _version(value: Value) -> int:
    written = str(value["metadata"].get("resourceVersion", ""))
    return int(written) if written.isdigit() else 0


def _put(cluster: Cluster, kind: Kind, value: Value) -> None:
    store, metadata = cluster.store, value["metadata"]
    store.version = max(store.version, _version(value) - 1)
    stored = {**value, "metadata": {**metadata, "resourceVersion": str(store.next_version())}}
    place = metadata.get("namespace", "") if kind.namespaced else ""
    store.put(kind.storage, (place, metadata["name"]), orjson.dumps(stored))
