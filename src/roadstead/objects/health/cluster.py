"""What belongs to the cluster rather than to a workload: storage, addresses, definitions, APIs, scaling."""

import re
from typing import Any

import orjson

from roadstead.model.health import Health, State
from roadstead.objects.health.conditions import (
    READY,
    Condition,
    Object,
    behind,
    by_condition,
    conditions,
    holds,
    named,
    spec,
    status,
    told,
)

_SCALING_FAILED = re.compile(r"^(Failed|Invalid)")
_OLD_CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"


def claim(obj: Object) -> Health:
    phase = status(obj).get("phase") or "Pending"
    if phase == "Bound":
        return READY
    if phase == "Lost":
        return Health(State.FAILED, "its volume is lost")
    return Health(
        State.PROGRESSING, "waits for a volume; one may be made only for the first Pod that uses it"
    )


def volume(obj: Object) -> Health:
    phase = status(obj).get("phase") or "Pending"
    if phase == "Failed":
        return Health(State.FAILED, status(obj).get("message") or "reclaiming it failed")
    return Health(State.PROGRESSING, "waits to be available") if phase == "Pending" else READY


def service(obj: Object) -> Health:
    """Where nothing reports on load balancers (there is no status), an address in the cluster will do."""
    if spec(obj).get("type") != "LoadBalancer":
        return READY
    balancer = status(obj).get("loadBalancer")
    if balancer is None and spec(obj).get("clusterIP"):
        return READY
    if balancer and balancer.get("ingress"):
        return READY
    return Health(State.PROGRESSING, "waits for a load balancer's address")


def definition(obj: Object) -> Health:
    found = conditions(obj)
    accepted = found.get("NamesAccepted")
    if accepted and str(accepted.get("status")) == "False":
        return Health(State.FAILED, told(accepted) or "its names are taken")
    if holds(found.get("Established")):
        return READY
    return Health(State.PROGRESSING, "waits to be established")


def api_service(obj: Object) -> Health:
    available = conditions(obj).get("Available")
    if holds(available):
        return READY
    return Health(State.PROGRESSING, (told(available) if available else "") or "waits to be available")


def autoscaler(obj: Object) -> Health:
    found = _autoscaler_conditions(obj)
    for one in found.values():
        if _SCALING_FAILED.search(str(one.get("reason") or "")):
            return Health(State.FAILED, told(one))
    if any(holds(found.get(name)) for name in ("AbleToScale", "ScalingLimited")):
        return READY
    return Health(State.PROGRESSING, "waits to be able to scale")


def _autoscaler_conditions(obj: Object) -> dict[str, Condition]:
    """Version 1 has them in an annotation."""
    notes: dict[str, Any] = (obj.get("metadata") or {}).get("annotations") or {}
    old = notes.get(_OLD_CONDITIONS)
    return named(orjson.loads(old)) if old else conditions(obj)


def route(obj: Object) -> Health:
    """Of the Gateway API: each parent says whether it accepts the route; a former parent may be silent."""
    parents = status(obj).get("parents") or ()
    said = [one for parent in parents for one in named(parent.get("conditions")).values()]
    current = [one for one in said if not behind(obj, one)]
    for one in current:
        if not holds(one):
            return by_condition(one)
    return READY if current else Health(State.PROGRESSING, "waits to be accepted by a parent")
