"""ValidatingAdmissionPolicies: bindings say where a policy holds and what happens to those who break it. Which are meant
is told here for mutating ones, too; what these do is `mutating`.

What cannot be evaluated here is told as `unasked`, and hinders nobody.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import orjson
from msgspec import Struct, field

from roadstead.sim import status
from roadstead.sim.admission import expressions, initializers, judges, matching, params, unasked
from roadstead.sim.admission.attempts import Attempt
from roadstead.sim.admission.expressions import FailedError, Scope
from roadstead.sim.kinds import Kind

Value = dict[str, Any]
CODES = {"Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413, "Invalid": 422}


class Policy(Struct, frozen=True):
    name: str
    spec: Value
    unknown: bool  # uses what cannot be evaluated here
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def strict(self) -> bool:
        """Whether what cannot be told counts as broken."""
        return bool(self.spec.get("failurePolicy", "Fail") == "Fail")


class Breach(Struct, frozen=True):
    message: str
    reason: str = "Invalid"


def check(attempt: Attempt) -> None:
    """Raises ApiError; what is only warned of is said to who writes."""
    denied = list(_denied(attempt))
    if denied:
        message, reason = denied[0]
        raise _refused(attempt, message, reason)


def _refused(attempt: Attempt, message: str, reason: str) -> status.ApiError:
    error = attempt.refusal(message)
    error.reason, error.code = reason, CODES.get(reason, 422)
    error.details = {**(error.details or {}), "causes": [{"message": message}]}
    return error


def _denied(attempt: Attempt) -> Iterator[tuple[str, str]]:
    for policy, binding, kind in meant(
        attempt, "validatingadmissionpolicies", "validatingadmissionpolicybindings"
    ):
        if policy.unknown:
            unasked.note(attempt, f"ValidatingAdmissionPolicy {policy.name}")
            continue
        named = f"ValidatingAdmissionPolicy '{policy.name}' with binding '{binding['metadata']['name']}'"
        actions = binding["spec"].get("validationActions") or ()
        try:
            found = params.of(attempt, policy.spec, binding["spec"])
        except params.MisconfiguredError as error:
            if policy.strict:
                yield f"{named} denied request: failed to configure binding: {error}", "Invalid"
            continue
        for breach in _breaches(attempt, policy, found, kind):
            if "Warn" in actions:
                attempt.write.dialogue.warnings.append(f"Validation failed for {named}: {breach.message}")
            if "Deny" in actions:
                yield f"{named} denied request: {breach.message}", breach.reason


def meant(attempt: Attempt, policies: str, bindings: str) -> Iterator[tuple[Policy, Value, Kind]]:
    """Policies and bindings that are about the write, by name, and the version in which they look at the object."""
    store = attempt.write.cluster.store
    if matching.exempt(attempt):
        return
    bound = [_loaded(stored.data) for _, stored in store.items((judges.GROUP, bindings))]
    for binding in sorted(bound, key=lambda each: str(each["spec"].get("policyName"))):
        stored = store.get((judges.GROUP, policies), ("", binding["spec"].get("policyName", "")))
        if stored is None:
            continue
        policy = _policy(stored.data)
        constraints = policy.spec.get("matchConstraints") or {}
        where = binding["spec"].get("matchResources") or {}
        rules = constraints.get("resourceRules") or ()
        kind = matching.judged(attempt, constraints, rules)
        if (
            kind is not None
            and matching.judged(attempt, where, where.get("resourceRules") or rules) is not None
        ):
            yield policy, binding, kind


def _breaches(attempt: Attempt, policy: Policy, found: list[Value | None], kind: Kind) -> Iterator[Breach]:
    """`found`: the params, each of which the policy is evaluated with."""
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


def mutation(said: Value) -> str:
    """The expression of one of the mutations of a policy."""
    found = said["jsonPatch"] if said["patchType"] == "JSONPatch" else said["applyConfiguration"]
    return str(found["expression"])


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
    used += [initializers.translated(mutation(each)) for each in spec.get("mutations") or ()]
    return Policy(value["metadata"]["name"], spec, expressions.unknown(used), variables)
