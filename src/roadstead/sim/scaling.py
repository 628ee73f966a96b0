"""The scale subresource: an object's replicas, read and written as a Scale."""

from typing import Any

from roadstead.sim import status
from roadstead.sim.kinds import Kind
from roadstead.sim.schema import requiring

Value = dict[str, Any]


def shown(kind: Kind, value: Value) -> Value:
    metadata = value["metadata"]
    spec, found = value.get("spec") or {}, value.get("status") or {}
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    scale: Value = {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": spec["replicas"]} if spec.get("replicas") else {},
        "status": {"replicas": found.get("replicas", 0)},
    }
    selector = _selector(spec.get("selector") or {}, plain=kind.kind == "ReplicationController")
    if selector:
        scale["status"]["selector"] = selector
    return scale


def _selector(selector: Value, *, plain: bool) -> str:
    labels = selector if plain else selector.get("matchLabels") or {}
    terms = [f"{key}={labels[key]}" for key in sorted(labels)]
    for each in () if plain else selector.get("matchExpressions") or ():
        word = {"In": "in", "NotIn": "notin"}.get(each["operator"])
        if word:
            terms.append(f"{each['key']} {word} ({','.join(sorted(each['values']))})")
        else:
            terms.append(each["key"] if each["operator"] == "Exists" else "!" + each["key"])
    return ",".join(terms)


def scaled(kind: Kind, value: Value, scale: Value) -> Value:
    """The object with the replicas that a Scale asks for."""
    wanted = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(wanted, int) or isinstance(wanted, bool):
        raise status.bad_request(
            "json: cannot unmarshal string into Go struct field ScaleSpec.spec.replicas of type int32"
        )
    if wanted < 0:
        causes = [requiring.invalid("spec.replicas", wanted, "must be greater than or equal to 0")]
        raise status.invalid("autoscaling", "Scale", value["metadata"]["name"], causes)
    version = (scale.get("metadata") or {}).get("resourceVersion")
    metadata = {**value["metadata"]}
    if version:
        metadata["resourceVersion"] = version
    return {**value, "metadata": metadata, "spec": {**(value.get("spec") or {}), "replicas": wanted}}
