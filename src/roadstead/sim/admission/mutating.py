"""MutatingAdmissionPolicies: what they make of an object, one after the other, by apply configurations and JSON patches.

Which are meant, their params and conditions are as with validating ones (`policies`). Whoever fails refuses the write
at the end, unless its failure policy lets it be.
"""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from roadstead.sim import patching, refusing, status
from roadstead.sim.admission import expressions, initializers, params, policies, unasked
from roadstead.sim.admission.attempts import Attempt
from roadstead.sim.admission.expressions import FailedError, Scope
from roadstead.sim.admission.policies import Policy
from roadstead.sim.admission.rounds import Rounds
from roadstead.sim.kinds import Kind
from roadstead.sim.merge import checking, combining, pathing
from roadstead.sim.merge.types import Type
from roadstead.sim.schema import decoding

Value = dict[str, Any]


class _Course(Struct):
    """One round. `failed`: what refuses the write, with its reason."""

    rounds: Rounds
    attempt: Attempt
    failed: list[tuple[str, str]] = field(default_factory=list)
    patched: bool = False


def changed(attempt: Attempt, rounds: Rounds) -> Attempt:
    """With what policies make of the object. Raises ApiError."""
    turn, course = rounds.policies, _Course(rounds, attempt)
    turn.begin(attempt.value, second=rounds.second)
    found = [*policies.meant(attempt, "mutatingadmissionpolicies", "mutatingadmissionpolicybindings")]
    for policy, binding, kind in found:
        if policy.unknown or attempt.write.subresource == "scale":  # whose objects are of another kind
            unasked.note(attempt, f"MutatingAdmissionPolicy {policy.name}")
        else:
            _bound(course, policy, binding, kind)
    if course.patched:
        turn.tell()
        rounds.again = True
    turn.left = course.attempt.value
    if course.failed:
        raise _refused(attempt, course.failed)
    return course.attempt


def _bound(course: _Course, policy: Policy, binding: Value, kind: Kind) -> None:
    name = binding["metadata"]["name"]

    def fail(why: str, reason: str) -> None:
        if policy.strict:
            said = f"policy '{policy.name}' with binding '{name}' denied request: {why}"
            course.failed.append((said, reason))

    try:
        found = params.of(course.attempt, policy.spec, binding["spec"])
    except params.MisconfiguredError as error:
        fail(f"failed to configure binding: {error}", "Forbidden")
        return
    for each in found:
        metadata = (each or {}).get("metadata") or {}
        who = (policy.name, name, metadata.get("namespace"), metadata.get("name"))
        for why in _invoked(course, policy, kind, each, who):
            fail(why, "Invalid")


def _invoked(
    course: _Course, policy: Policy, kind: Kind, param: Value | None, who: tuple[str | None, ...]
) -> Iterator[str]:
    """What went wrong."""
    rounds, before = course.rounds, course.attempt.value
    scope = Scope(course.attempt, kind, params=param, variables=policy.variables)
    try:
        if not expressions.holds(scope, policy.spec.get("matchConditions") or ()):
            return
    except FailedError as error:
        yield str(error)
        return
    if rounds.skips(rounds.policies, who):
        return
    for mutation in policy.spec["mutations"]:
        scope = Scope(course.attempt, kind, params=param, variables=policy.variables)
        try:
            made = _patched(course.attempt, kind, scope, mutation)
        except FailedError as error:
            yield str(error)
        else:
            course.attempt, course.patched = course.attempt.becoming(kind, made), True
    changed = course.attempt.value != before
    again = str(policy.spec.get("reinvocationPolicy"))
    rounds.called(rounds.policies, who, changed=changed, policy=again)


def _patched(attempt: Attempt, kind: Kind, scope: Scope, mutation: Value) -> Value:
    """Raises FailedError, and ApiError for what is no object any more."""
    value, _ = attempt.objects(kind)
    assert value is not None  # deletions are not theirs
    text = policies.mutation(mutation)
    found = scope.evaluate(text, meant=initializers.translated(text))
    if mutation["patchType"] == "JSONPatch":
        return _stepped(kind, value, found)
    wrong = "\n".join(initializers.mismatches(found, "Object"))
    if wrong:
        raise FailedError(f"type mismatch: {wrong}")
    return _merged(kind, value, initializers.plain(found))


def _merged(kind: Kind, value: Value, applied: Value) -> Value:
    applied = {**applied, "apiVersion": value["apiVersion"], "kind": value["kind"]}
    rules = kind.shape.merge
    try:
        checking.check(rules, applied)
    except pathing.MergeError as error:
        why = refusing.listed(error).replace("&{", "&value.valueUnstructured{Value:")
        why = f"failed to convert patch object to typed object: {why}"
        raise FailedError(f"error applying patch: {why}") from error
    whole = list(_whole(rules, applied, ""))
    if whole:
        why = f"may not mutate atomic arrays, maps or structs: {', '.join(whole)}"
        raise FailedError(f"error applying patch: invalid ApplyConfiguration: {why}")
    merged: Value = combining.merge(rules, value, applied)
    return merged


def _whole(rules: Type, applied: Any, place: str) -> Iterator[str]:
    """Where what is replaced only as a whole would be: nobody means that."""
    if isinstance(applied, dict) and rules.map is not None:
        if rules.map.atomic:
            yield place
        for key in sorted(applied.keys() & rules.map.fields.keys()):
            yield from _whole(rules.map.fields[key], applied[key], f"{place}.{key}")
    if isinstance(applied, list) and rules.list is not None:
        if rules.list.atomic:
            yield place
        for number, each in enumerate(applied):
            yield from _whole(rules.list.element, each, f"{place}[{number}]")


def _stepped(kind: Kind, value: Value, steps: list[Value]) -> Value:
    made = value
    for step in steps:
        wrong = "\n".join(initializers.mismatches(step.get("value"), _named(step.get("value"))))
        if wrong:
            raise FailedError(f"type mismatch: {wrong}")
        said = initializers.plain(step)
        try:
            made = patching.json_patch(made, [said])
        except status.ApiError as error:
            if said.get("op") == "test":
                return value  # then nothing of it is done
            raise FailedError(f"JSON Patch: {_impossible(made, said)}") from error
    _demand_decodable(kind, made)
    return made


def _named(value: Any) -> str:
    return str(value.get(initializers.TYPE, "Object")) if isinstance(value, dict) else "Object"


def _impossible(value: Value, step: Value) -> str:
    op, path = str(step.get("op")), str(step.get("path", ""))
    above, last = patching.above(value, path)
    if op == "remove" and isinstance(above, dict):
        return f"error in remove for path: '{path}': Unable to remove nonexistent key: {last}: missing value"
    return f'{op} operation does not apply: doc is missing path: "{path}": missing value'


def _demand_decodable(kind: Kind, made: Value) -> None:
    """Raises ApiError."""
    if kind.custom:
        return
    try:
        why = [f'unknown field "{field}"' for field in decoding.unknown(kind.shape, made)]
    except decoding.WrongTypeError as error:
        raise _undecodable(str(error)) from error
    if why:
        raise _undecodable(f"strict decoding error: {', '.join(why)}")


def _undecodable(why: str) -> status.ApiError:
    causes = [{"message": why}]
    return status.ApiError(500, "InternalError", f"Internal error occurred: {why}", {"causes": causes})


def _refused(attempt: Attempt, failed: list[tuple[str, str]]) -> status.ApiError:
    error = attempt.refusal("")
    error.message, error.reason = failed[0]
    error.details = {**(error.details or {}), "causes": [{"message": said} for said, _ in failed]}
    return error
