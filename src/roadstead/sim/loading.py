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


def load(cluster: Cluster, objects: Iterable[Value]) -> list[str]:
    """Says what is left out: objects of kinds or versions that the cluster does not serve, and versions of custom kinds
    that a webhook would convert."""
    found = sorted(objects, key=_version)
    unserved = []
    for one in found:
        if one["kind"] == "CustomResourceDefinition":
            unserved += _defined(cluster, one)
    kinds = {(kind.api_version, kind.kind): kind for kind in cluster.kinds() if kind.simulated}
    for one in found:
        kind = kinds.get((one["apiVersion"], one["kind"]))
        if kind is None:
            unserved.append(f"{one['kind']}/{one['metadata']['name']} ({one['apiVersion']})")
        else:
            _put(cluster, kind, kind.kept(one))
    return unserved


def _defined(cluster: Cluster, definition: Value) -> list[str]:
    spec = definition["spec"]
    if (spec.get("conversion") or {}).get("strategy") != "Webhook":
        custom.serve(cluster, definition)
        return []
    stored = [each for each in spec["versions"] if each.get("storage")]
    plain = {**spec, "versions": stored, "conversion": {"strategy": "None"}}
    custom.serve(cluster, {**definition, "spec": plain})
    others = [
        each["name"] for each in spec["versions"] if each.get("served", True) and not each.get("storage")
    ]
    name = definition["metadata"]["name"]
    return [f"{each} of {name} (a webhook converts it)" for each in others]


def _version(value: Value) -> int:
    written = str(value["metadata"].get("resourceVersion", ""))
    return int(written) if written.isdigit() else 0


def _put(cluster: Cluster, kind: Kind, value: Value) -> None:
    store, metadata = cluster.store, value["metadata"]
    store.version = max(store.version, _version(value) - 1)
    stored = {**value, "metadata": {**metadata, "resourceVersion": str(store.next_version())}}
    place = metadata.get("namespace", "") if kind.namespaced else ""
    store.put(kind.storage, (place, metadata["name"]), orjson.dumps(stored))
