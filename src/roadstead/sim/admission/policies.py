"""ValidatingAdmissionPolicies: bindings say where a policy holds and what happens to those who break it.

A policy that cannot be evaluated here is told among what was not asked (`unasked`), and hinders nobody.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson

from roadstead.sim import status
from roadstead.sim.admission import expressions, matching, params, unasked
from roadstead.sim.admission.attempts import Attempt
from roadstead.sim.admission.expressions import FailedError, Scope
from roadstead.sim.kinds import Kind

Value = dict[str, Any]
POLICIES = (matching.GROUP, "validatingadmissionpolicies")
BINDINGS = (matching.GROUP, "validatingadmissionpolicybindings")
CODES = {"Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413, "Invalid": 422}


@dataclass(frozen=True, slots=True)
class Policy:
    name: str
    spec: Value
    unknown: bool  # uses what cannot be evaluated here
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def strict(self) -> bool:
        """Whether what cannot be told counts as broken."""
        return bool(self.spec.get("failurePolicy", "Fail") == "Fail")


@dataclass(frozen=True, slots=True)
class Breach:
    message: str
    reason: str = "Invalid"


def check(attempt: Attempt) -> None:
    """Raises ApiError; what is only warned of is said to who writes."""
    shelf = attempt.write.cluster.store.shelves.get(BINDINGS)
    if shelf is None or not shelf.objects or matching.exempt(attempt):
        return
    bindings: dict[str, list[Value]] = {}
    for key in sorted(shelf.objects):
        binding = _loaded(shelf.objects[key].data)
        bindings.setdefault(binding["spec"].get("policyName", ""), []).append(binding)
    denied = [each for name in bindings for each in _denied(attempt, name, bindings[name])]
    if denied:
        message, reason = denied[0]
        raise _refused(attempt, message, reason)


def _refused(attempt: Attempt, message: str, reason: str) -> status.ApiError:
    error = attempt.refusal(message)
    error.reason, error.code = reason, CODES.get(reason, 422)
    error.details = {**(error.details or {}), "causes": [{"message": message}]}
    return error


def _denied(attempt: Attempt, name: str, bindings: list[Value]) -> Iterator[tuple[str, str]]:
    stored = attempt.write.cluster.store.get(POLICIES, ("", name))
    if stored is None:
        return
    policy = _policy(stored.data)
    meant = policy.spec.get("matchConstraints") or {}
    kind = matching.judged(attempt, meant, meant.get("resourceRules") or ())
    if kind is None:
        return
    for binding in bindings:
        where = binding["spec"].get("matchResources") or {}
        rules = where.get("resourceRules") or meant.get("resourceRules") or ()
        if matching.judged(attempt, where, rules) is None:
            continue
        named = f"ValidatingAdmissionPolicy '{name}' with binding '{binding['metadata']['name']}'"
        if policy.unknown:
            unasked.note(attempt, f"ValidatingAdmissionPolicy {name}")
            continue
        actions = binding["spec"].get("validationActions") or ()
        for breach in _breaches(attempt, policy, binding, kind):
            if "Warn" in actions:
                attempt.write.said.append(f"Validation failed for {named}: {breach.message}")
            if "Deny" in actions:
                yield f"{named} denied request: {breach.message}", breach.reason


def _breaches(attempt: Attempt, policy: Policy, binding: Value, kind: Kind) -> Iterator[Breach]:
    try:
        found = params.of(attempt, policy.spec, binding["spec"])
    except params.MisconfiguredError as error:
        if policy.strict:
            yield Breach(f"failed to configure binding: {error}")
        return
    for each in found:
        scope = Scope(attempt, kind, params=each, variables=policy.variables)
        try:
            if not expressions.holds(scope, policy.spec.get("matchConditions") or ()):
                continue
        except FailedError as error:
            if policy.strict:
                yield Breach(str(error))
            continue
        for validation in policy.spec.get("validations") or ():
            try:
                if scope.evaluate(validation["expression"]) is not True:
                    yield Breach(_message(scope, validation), validation.get("reason") or "Invalid")
            except FailedError as error:
                if policy.strict:
                    yield Breach(str(error))


def _message(scope: Scope, validation: Value) -> str:
    said = ""
    if validation.get("messageExpression"):
        try:
            found = scope.evaluate(validation["messageExpression"])
        except FailedError:
            found = None
        said = found.strip() if isinstance(found, str) else ""
    if not said or "\n" in said:
        said = str(validation.get("message") or "").strip()
    return said or f"failed expression: {validation['expression'].strip()}"


@lru_cache(256)
def _loaded(data: bytes) -> Value:
    found: Value = orjson.loads(data)
    return found


@lru_cache(256)
def _policy(data: bytes) -> Policy:
    value = _loaded(data)
    spec = value["spec"]
    variables = {each["name"]: each["expression"] for each in spec.get("variables") or ()}
    used = [*variables.values()]
    for key in ("matchConditions", "validations"):
        used += [each["expression"] for each in spec.get(key) or ()]
    return Policy(value["metadata"]["name"], spec, expressions.unknown(used), variables)
