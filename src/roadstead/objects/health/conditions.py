"""What most objects say of themselves, whatever their kind: generations, conditions, phases.

The conventions are the Kubernetes API's. An `observedGeneration` behind the generation means that the
controller has not looked yet. `Reconciling` and `Stalled` say so when True, `Ready` or its like says that
all is well. A condition that is not as it should be is a failure only where its reason says so: most
objects pass through it. An object that says nothing is ready: most kinds have nothing to become.
"""

import re
from collections.abc import Mapping
from typing import Any

from roadstead.model.health import Health, State

Object = Mapping[str, Any]
Condition = Mapping[str, Any]

READY = Health(State.READY)

_BUSY = "Reconciling"
_PAUSED = ("Paused", "Suspended")
_SUMMARIES = ("Ready", "Available", "Healthy", "Succeeded")  # the first that is there stands for all
_PART = re.compile(r"(Ready|Available|Healthy|Valid|Accepted)$")  # where nothing sums them up
_CONTACT = "Synced"  # of Crossplane: a failure to reach the provider, beside a Ready that stays True
_BAD = re.compile(r"(Failed|Failure|Error|Degraded|Stalled|Invalid|Unhealthy)$")
_FAILURE = re.compile(r"Fail|Err|Invalid|Denied|Forbidden|NotFound|Unauthorized|Conflict|Mismatch|Exceeded")

# `status.phase`, `status.state` and `status.health` are text that each kind chooses.
_PHASE_FIELDS = ("phase", "state", "status", "health")
_FAILED_PHASE = re.compile(r"fail|error|degraded|unhealthy|invalid|^red$", re.IGNORECASE)
_BUSY_PHASE = re.compile(r"(?i:pending|init|unknown|inprogress|^yellow$|(?<!runn)ing$)|(?<!unn)ing(?=[A-Z])")
_PAUSED_PHASE = re.compile(r"paused|suspended", re.IGNORECASE)


def status(obj: Object) -> Mapping[str, Any]:
    found = obj.get("status")
    return found if isinstance(found, Mapping) else {}


def spec(obj: Object) -> Mapping[str, Any]:
    found = obj.get("spec")
    return found if isinstance(found, Mapping) else {}


def conditions(obj: Object) -> dict[str, Condition]:
    return named(status(obj).get("conditions"))


def named(listed: object) -> dict[str, Condition]:
    """A list of conditions by their type. Some kinds keep other things under that name."""
    if not isinstance(listed, list):
        return {}
    return {one.get("type", ""): one for one in listed if isinstance(one, Mapping)}


def holds(condition: Condition | None) -> bool:
    return condition is not None and str(condition.get("status")) == "True"


def told(condition: Condition) -> str:
    """`Reason: message`, or what there is of it."""
    parts = (str(condition.get("reason") or ""), str(condition.get("message") or "").strip())
    return ": ".join(part for part in parts if part)


def unseen(obj: Object) -> Health | None:
    """Progressing while the controller has not looked at the newest generation."""
    return behind(obj, status(obj))


def behind(obj: Object, said: Mapping[str, Any]) -> Health | None:
    """The same of a single condition: it may be about an older generation."""
    observed = said.get("observedGeneration")
    generation = (obj.get("metadata") or {}).get("generation")
    if type(generation) is not int or type(observed) is not int or observed == generation:
        return None
    message = f"waits for its controller: generation {observed} of {generation} seen"
    return Health(State.PROGRESSING, message)


def reconciling(obj: Object) -> Health | None:
    """Two conditions that mean the same for every kind."""
    found = conditions(obj)
    if holds(found.get(_BUSY)):
        return Health(State.PROGRESSING, told(found[_BUSY]) or "reconciling")
    if holds(found.get("Stalled")):
        return Health(State.FAILED, told(found["Stalled"]) or "stalled")
    return None


def general(obj: Object) -> Health:
    """For kinds that no rule is known for."""
    found = conditions(obj)
    for name, one in found.items():
        if holds(one) and _BAD.search(name):
            return Health(State.FAILED, told(one) or name)
    if _is_paused(obj, found):
        return Health(State.SUSPENDED, "suspended")
    summary = next((name for name in _SUMMARIES if name in found), None)
    parts = [summary] if summary else [name for name in found if _PART.search(name)]
    listed = [found[name] for name in (*parts, _CONTACT) if name in found]
    judged = [behind(obj, one) or by_condition(one) for one in listed]
    worst = [one for state in (State.FAILED, State.PROGRESSING) for one in judged if one.state is state]
    return worst[0] if worst else READY if summary else _phase(obj)


def by_condition(well: Condition) -> Health:
    """Of a condition that says by True that all is well."""
    if holds(well):
        return READY
    failed = str(well.get("status")) == "False" and _FAILURE.search(str(well.get("reason") or ""))
    message = told(well) or f"waits for {well.get('type')}"
    return Health(State.FAILED if failed else State.PROGRESSING, message)


def _is_paused(obj: Object, found: Mapping[str, Condition]) -> bool:
    wanted = any(spec(obj).get(field) is True for field in ("suspend", "paused"))
    return wanted or any(holds(found.get(name)) for name in _PAUSED)


def _phase(obj: Object) -> Health:
    for field in _PHASE_FIELDS:
        phase = status(obj).get(field)
        if not isinstance(phase, str) or not phase:
            continue
        message = ": ".join(filter(None, (phase, _text(status(obj).get("message")))))
        if _FAILED_PHASE.search(phase):
            return Health(State.FAILED, message)
        if _PAUSED_PHASE.search(phase):
            return Health(State.SUSPENDED, message)
        if _BUSY_PHASE.search(phase):
            return Health(State.PROGRESSING, message)
    return READY


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
