"""LimitRanges: what containers ask for when they do not say it, and how much they, pods and claims may ask for."""

from collections.abc import Iterator
from typing import Any

import orjson

from roadstead.sim import status
from roadstead.sim.admission import demands
from roadstead.sim.admission.usage import CLAIMS, PODS
from roadstead.sim.schema import amounts
from roadstead.sim.writes import Write

Value = dict[str, Any]
Amounts = dict[str, str]
RANGES = ("", "limitranges")
ANNOTATION = "kubernetes.io/limit-ranger"


def filled(write: Write, value: Value, live: Value | None) -> Value:
    """A new pod with what its containers get where they say nothing."""
    if write.kind.storage == PODS and live is None:
        for limit_range in _ranges(write):
            value = _defaulted(value, limit_range)
    return value


def check(write: Write, value: Value, live: Value | None) -> None:
    """Raises ApiError(403)."""
    if write.kind.storage not in (PODS, CLAIMS) or not _judged(write, live):
        return
    for limit_range in _ranges(write):
        wrong = list(dict.fromkeys(_wrong(write, value, limit_range)))
        if wrong:
            why = wrong[0] if len(wrong) == 1 else f"[{', '.join(wrong)}]"
            name = value["metadata"].get("name", "")
            raise status.forbidden(write.kind.group, write.kind.plural, name, why)


def _judged(write: Write, live: Value | None) -> bool:
    if live is not None and live["metadata"].get("deletionTimestamp"):
        return False
    if write.kind.storage == PODS and live is not None:
        return write.subresource == "resize"
    return not write.subresource


def _ranges(write: Write) -> Iterator[list[Value]]:
    for _, stored in write.cluster.store.items(RANGES, write.namespace):
        yield orjson.loads(stored.data)["spec"].get("limits") or []


def _defaulted(pod: Value, limits: list[Value]) -> Value:
    given: dict[str, Amounts] = {"limits": {}, "requests": {}}
    for limit in limits:
        if limit["type"] == "Container":
            given["limits"] |= limit.get("default") or {}
            given["requests"] |= limit.get("defaultRequest") or {}
    said: list[str] = []
    spec = dict(pod["spec"])
    for key, word in (("containers", "container"), ("initContainers", "init container")):
        if spec.get(key):
            spec[key] = [_container(each, given, word, said) for each in spec[key]]
    if not said:
        return pod
    annotations = pod["metadata"].get("annotations") or {}
    told = {ANNOTATION: f"LimitRanger plugin set: {'; '.join(said)}"}
    return {**pod, "metadata": {**pod["metadata"], "annotations": annotations | told}, "spec": spec}


def _container(container: Value, given: dict[str, Amounts], word: str, said: list[str]) -> Value:
    resources = dict(container.get("resources") or {})
    for side, text in (("requests", "request"), ("limits", "limit")):
        own = resources.get(side) or {}
        more = {name: amount for name, amount in given[side].items() if name not in own}
        if more:
            resources[side] = own | more
            said.append(f"{', '.join(sorted(more))} {text} for {word} {container['name']}")
    return {**container, "resources": resources}


def _wrong(write: Write, value: Value, limits: list[Value]) -> Iterator[str]:
    for limit in limits:
        kind, spec = limit["type"], value["spec"]
        if kind == "PersistentVolumeClaim" and write.kind.storage == CLAIMS:
            yield from _claim(limit, (spec.get("resources") or {}).get("requests") or {})
        elif kind == "Container" and write.kind.storage == PODS:
            for container in (*spec["containers"], *(spec.get("initContainers") or ())):
                resources = container.get("resources") or {}
                yield from _bounds(limit, resources.get("requests") or {}, resources.get("limits") or {})
        elif kind == "Pod" and write.kind.storage == PODS:
            yield from _bounds(limit, demands.of(value, "requests"), demands.of(value, "limits"))


def _claim(limit: Value, requests: Amounts) -> Iterator[str]:
    yield from _least(limit, requests, {})
    for name, most in sorted((limit.get("max") or {}).items()):
        what = f"maximum {name} usage per {limit['type']} is {amounts.canonical(most)}"
        if name not in requests:
            yield f"{what}.  No request is specified"
        elif amounts.number(requests[name]) > amounts.number(most):
            yield f"{what}, but request is {amounts.canonical(requests[name])}"


def _bounds(limit: Value, requests: Amounts, limits: Amounts) -> Iterator[str]:
    yield from _least(limit, requests, limits)
    for name, most in sorted((limit.get("max") or {}).items()):
        what = f"maximum {name} usage per {limit['type']} is {amounts.canonical(most)}"
        if name not in limits:
            yield f"{what}.  No limit is specified"
        elif amounts.number(limits[name]) > amounts.number(most):
            yield f"{what}, but limit is {amounts.canonical(limits[name])}"
        elif name in requests and amounts.number(requests[name]) > amounts.number(most):
            yield f"{what}, but request is {amounts.canonical(requests[name])}"
    for name, most in sorted((limit.get("maxLimitRequestRatio") or {}).items()):
        what = f"{name} max limit to request ratio per {limit['type']} is {amounts.canonical(most)}"
        asked, allowed = amounts.number(requests.get(name, "0")), amounts.number(limits.get(name, "0"))
        if not asked:
            yield f"{what}, but no request is specified or request is 0"
        elif not allowed:
            yield f"{what}, but no limit is specified or limit is 0"
        elif allowed / asked > amounts.number(most):
            yield f"{what}, but provided ratio is {float(allowed / asked):f}"


def _least(limit: Value, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, least in sorted((limit.get("min") or {}).items()):
        what = f"minimum {name} usage per {limit['type']} is {amounts.canonical(least)}"
        if name not in requests:
            yield f"{what}.  No request is specified"
        elif amounts.number(requests[name]) < amounts.number(least):
            yield f"{what}, but request is {amounts.canonical(requests[name])}"
        elif name in limits and amounts.number(limits[name]) < amounts.number(least):
            yield f"{what}, but limit is {amounts.canonical(limits[name])}"
