"""The objects that a policy is evaluated with: those that a binding names or selects, of the kind that the policy says."""

from typing import Any

import orjson

from roadstead.language import selectors
from roadstead.sim.admission.attempts import Attempt
from roadstead.sim.kinds import Kind

Value = dict[str, Any]


class MisconfiguredError(Exception):
    """Policy and binding do not fit; the text is the server's."""


def of(attempt: Attempt, policy: Value, binding: Value) -> list[Value | None]:
    """One None for policies that need none. Raises MisconfiguredError."""
    wanted, reference = policy.get("paramKind"), binding.get("paramRef")
    if not wanted or not reference:
        return [None]
    kind = _kind(attempt, wanted)
    found = _found(attempt, kind, reference)
    if not found and reference.get("parameterNotFoundAction") == "Deny":
        raise MisconfiguredError("no params found for policy binding with `Deny` parameterNotFoundAction")
    return [*found]


def _kind(attempt: Attempt, wanted: Value) -> Kind:
    name = (wanted.get("apiVersion"), wanted.get("kind"))
    for kind in attempt.write.cluster.kinds():
        if (kind.api_version, kind.kind) == name and kind.simulated:
            return kind
    raise MisconfiguredError(f"failed to find resource referenced by paramKind: '{name[0]}, Kind={name[1]}'")


def _found(attempt: Attempt, kind: Kind, reference: Value) -> list[Value]:
    store, namespace = attempt.write.cluster.store, ""
    if kind.namespaced:
        namespace = reference.get("namespace") or attempt.write.namespace
        if not namespace:
            why = "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
            raise MisconfiguredError(why)
    elif reference.get("namespace"):
        raise MisconfiguredError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
    if reference.get("name"):
        one = store.get(kind.storage, (namespace, reference["name"]))
        return [kind.shown(orjson.loads(one.data))] if one else []
    selector = {key: item for key, item in (reference.get("selector") or {}).items() if item}
    chosen = selectors.parse(selector or {"all": True})
    every = (kind.shown(orjson.loads(stored.data)) for _, stored in store.items(kind.storage, namespace))
    return [each for each in every if chosen.matches("", each["metadata"].get("labels") or {})]
