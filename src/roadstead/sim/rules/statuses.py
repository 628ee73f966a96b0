"""What must be right about a status that somebody writes. Of most kinds nothing is known but the schema."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from roadstead.sim.kinds import Kind
from roadstead.sim.rules import names
from roadstead.sim.schema.requiring import Cause, duplicate, invalid, required, unsupported

Value = dict[str, Any]

REASON = re.compile(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?", re.ASCII)
REASON_TEXT = "a condition reason must start with alphabetic character"
STATES = ("False", "True", "Unknown")


def causes(kind: Kind, value: Value) -> Iterator[Cause]:
    check = _CHECKS.get(kind.storage)
    return check(value) if check else iter(())


def _namespace(value: Value) -> Iterator[Cause]:
    phase = "Terminating" if value["metadata"].get("deletionTimestamp") else "Active"
    if (value.get("status") or {}).get("phase", phase) != phase:
        yield invalid("status.Phase", value["status"]["phase"], f"may only be '{phase}' here")


def _budget(value: Value) -> Iterator[Cause]:
    yield from _conditions(value)
    for key in ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"):
        found = (value.get("status") or {}).get(key) or 0
        if found < 0:
            yield invalid(f"status.{key}", found, "must be greater than or equal to 0")


def _conditions(value: Value) -> Iterator[Cause]:
    """Of the kinds whose conditions are the common ones."""
    found = (value.get("status") or {}).get("conditions") or ()
    seen: set[str] = set()
    for number, each in enumerate(found):
        at = f"status.conditions[{number}]"
        if each.get("type", "") in seen:
            yield duplicate(at, each.get("type", ""))
        seen.add(each.get("type", ""))
        yield from _condition(each, at)


def _condition(found: Value, at: str) -> Iterator[Cause]:
    sort, state, reason = (found.get(key) or "" for key in ("type", "status", "reason"))
    if not sort:
        yield required(f"{at}.type", "is required")
    elif problem := names.qualified_problem(sort):
        yield invalid(f"{at}.type", sort, problem)
    if not state:
        yield required(f"{at}.status")
    elif state not in STATES:
        yield unsupported(f"{at}.status", state, STATES)
    if (found.get("observedGeneration") or 0) < 0:
        why = "must be greater than or equal to zero"
        yield invalid(f"{at}.observedGeneration", found["observedGeneration"], why)
    if not found.get("lastTransitionTime"):
        yield required(f"{at}.lastTransitionTime")
    if not reason:
        yield required(f"{at}.reason")
    elif not REASON.fullmatch(reason):
        yield invalid(f"{at}.reason", reason, REASON_TEXT)


_CHECKS: dict[tuple[str, str], Callable[[Value], Iterator[Cause]]] = {
    ("", "namespaces"): _namespace,
    ("policy", "poddisruptionbudgets"): _budget,
    ("admissionregistration.k8s.io", "validatingadmissionpolicies"): _conditions,
}
