"""The scale subresource: an object's replicas, read and written as a Scale."""

from functools import cache
from typing import Any

from roadstead.sim import knowledge, refusing, status
from roadstead.sim.kinds import Kind
from roadstead.sim.schema import builtin, requiring

Value = dict[str, Any]


def shown(kind: Kind, value: Value) -> Value:
    metadata = value["metadata"]
    paths = kind.scale
    wanted, there = _at(value, paths.spec), _at(value, paths.status)
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    scale: Value = {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": wanted} if wanted else {},
        "status": {"replicas": there or 0},
    }
    selector = _at(value, paths.selector)
    if isinstance(selector, dict):
        selector = _selector(selector, plain=kind.kind == "ReplicationController")
    if selector:
        scale["status"]["selector"] = selector
    return scale


def _at(value: Any, path: str) -> Any:
    for part in path.strip(".").split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


@cache
def of(minor: str) -> Kind:
    """What a Scale is itself."""
    known = knowledge.load(minor)
    shape = builtin.compile(known, known.definition_of("autoscaling", "v1", "Scale"), "Scale")
    return Kind("autoscaling", "v1", "Scale", "", "", "", True, frozenset(), shape)


def applied(kind: Kind, minor: str, scale: Any) -> Value:
    """What an apply of a Scale says about the object itself."""
    if not isinstance(scale, dict) or scale.get("kind") != "Scale":
        raise status.bad_request("invalid object type: the scale subresource takes a Scale")
    wrong = refusing.mergeable(of(minor), scale)
    if wrong is not None:
        raise wrong
    metadata = scale.get("metadata") or {}
    named = {key: metadata[key] for key in ("name", "namespace") if key in metadata}
    out: Value = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": named}
    replicas = (scale.get("spec") or {}).get("replicas")
    return out if replicas is None else _with(out, kind.scale.spec, replicas)


def _with(value: Value, path: str, replicas: int) -> Value:
    first, _, rest = path.strip(".").partition(".")
    inner = value.get(first)
    below = _with(inner if isinstance(inner, dict) else {}, rest, replicas) if rest else replicas
    return {**value, first: below}


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


def check_name(scale: Value, name: str) -> None:
    """Raises ApiError(400) for one that is not for the object of that name."""
    said = (scale.get("metadata") or {}).get("name")
    if not said:
        why = "name must be provided"
        raise status.bad_request(f"the name of the object ({name} based on URL) was undeterminable: {why}")
    if said != name:
        raise status.bad_request(
            f"the name of the object ({said}) does not match the name on the URL ({name})"
        )


def scaled(kind: Kind, value: Value, scale: Value) -> Value:
    """The object with the replicas that a Scale asks for."""
    version = (scale.get("metadata") or {}).get("resourceVersion")
    if kind.custom and version not in (None, "", value["metadata"]["resourceVersion"]):
        raise status.conflict(kind.group, kind.plural, value["metadata"]["name"])
    wanted = (scale.get("spec") or {}).get("replicas") or 0
    if wanted < 0:
        causes = [requiring.invalid("spec.replicas", wanted, "must be greater than or equal to 0")]
        raise status.invalid("autoscaling", "Scale", value["metadata"]["name"], causes)
    metadata = {**value["metadata"]}
    if version:
        metadata["resourceVersion"] = version
    return _with({**value, "metadata": metadata}, kind.scale.spec, wanted)
