"""Admission webhooks and policies: what makes the server refuse their configuration."""

from collections.abc import Iterator
from typing import Any

from roadstead.language import cel
from roadstead.model import errors
from roadstead.sim.admission import initializers
from roadstead.sim.rules import hooks, names
from roadstead.sim.schema.requiring import Cause, duplicate, invalid, required, unsupported

Value = dict[str, Any]
OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
VARIABLES = ("object", "oldObject", "request", "params", "namespaceObject", "authorizer", "variables")


def rules(found: list[Value], at: str) -> Iterator[Cause]:
    """Which requests something is asked about."""
    for number, rule in enumerate(found):
        place = f"{at}[{number}]"
        for key in ("apiGroups", "apiVersions", "resources", "operations"):
            values = rule.get(key) or ()
            if not values:
                yield required(f"{place}.{key}")
            elif "*" in values and len(values) > 1 and key != "resources":
                yield invalid(f"{place}.{key}", values, "if '*' is present, must not specify other values")
            for index, each in enumerate(values):
                if key == "operations" and each not in OPERATIONS:
                    yield unsupported(f"{place}.{key}[{index}]", each, OPERATIONS)
                elif not each and key in ("apiVersions", "resources"):
                    yield required(f"{place}.{key}[{index}]")
        if rule.get("scope", "*") not in ("*", "Cluster", "Namespaced"):
            yield unsupported(f"{place}.scope", rule["scope"], ("*", "Cluster", "Namespaced"))


def _expression(text: str, at: str, *, gives: str = "") -> Iterator[Cause]:
    if not text.strip():
        yield required(at, "expression is not specified")
        return
    if "authorizer" in text:
        return  # it has functions that the CEL library does not know
    meant = initializers.translated(text) if gives else text
    if gives and meant == text:
        yield invalid(at, text, f"must evaluate to {'Object' if gives == 'map' else 'list(JSONPatch)'}")
        return
    try:
        cel.compile(meant, variables=VARIABLES, gives=gives)
    except errors.RoadsteadError as error:
        yield invalid(at, text, f"compilation failed: {error}")


def policy(value: Value, old: Value | None) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    yield from _constraints(spec)
    if not spec.get("validations") and not spec.get("auditAnnotations"):
        yield required("spec.validations", "validations or auditAnnotations must contain at least one item")
    for number, each in enumerate(spec.get("validations") or ()):
        yield from _expression(each.get("expression", ""), f"spec.validations[{number}].expression")
        if each.get("messageExpression"):
            yield from _expression(each["messageExpression"], f"spec.validations[{number}].messageExpression")
    yield from _conditions(spec)


def mutating_policy(value: Value, old: Value | None) -> Iterator[Cause]:
    spec, operations = value.get("spec") or {}, "spec.matchConstraints.resourceRules.operations"
    yield from _constraints(spec)
    for rule in (spec.get("matchConstraints") or {}).get("resourceRules") or ():
        if "DELETE" in (rule.get("operations") or ()):
            yield unsupported(operations, "DELETE", ("*", "CONNECT", "CREATE", "UPDATE"))
    if not spec.get("mutations"):
        yield required("spec.mutations", "mutations must contain at least one item")
    for number, each in enumerate(spec.get("mutations") or ()):
        yield from _mutation(each, f"spec.mutations[{number}]")
    if not spec.get("reinvocationPolicy"):
        yield required("spec.reinvocationPolicy")
    elif spec["reinvocationPolicy"] not in ("IfNeeded", "Never"):
        yield unsupported("spec.reinvocationPolicy", spec["reinvocationPolicy"], ("IfNeeded", "Never"))
    yield from _conditions(spec)


MUTATIONS = {"ApplyConfiguration": ("applyConfiguration", "map"), "JSONPatch": ("jsonPatch", "list")}


def _mutation(said: Value, at: str) -> Iterator[Cause]:
    sort = said.get("patchType", "")
    if sort not in MUTATIONS:
        yield unsupported(f"{at}.patchType", sort, tuple(MUTATIONS))
        return
    for other, (key, gives) in MUTATIONS.items():
        if other != sort and key in said:
            why = f"must not be specified when patchType is {sort}"
            yield invalid(f"{at}.{key}", f"{{{key}}}", why)
        elif other == sort and key not in said:
            yield required(f"{at}.{key}", f"must be specified when patchType is {sort}")
        elif other == sort:
            yield from _expression(said[key].get("expression", ""), f"{at}.{key}.expression", gives=gives)


def _constraints(spec: Value) -> Iterator[Cause]:
    matched = spec.get("matchConstraints")
    if matched is None:
        yield required("spec.matchConstraints")
    elif not matched.get("resourceRules"):
        yield required("spec.matchConstraints.resourceRules")
    else:
        yield from rules(matched["resourceRules"], "spec.matchConstraints.resourceRules")
    if spec.get("failurePolicy", "Fail") not in ("Fail", "Ignore"):
        yield unsupported("spec.failurePolicy", spec["failurePolicy"], ("Fail", "Ignore"))


def _conditions(spec: Value) -> Iterator[Cause]:
    for key in ("matchConditions", "variables"):
        for number, each in enumerate(spec.get(key) or ()):
            yield from _expression(each.get("expression", ""), f"spec.{key}[{number}].expression")


def webhooks(value: Value, old: Value | None) -> Iterator[Cause]:
    seen: set[str] = set()
    for number, hook in enumerate(value.get("webhooks") or ()):
        at = f"webhooks[{number}]"
        name = hook.get("name", "")
        if not name:
            yield required(f"{at}.name")
        elif name.count(".") < 2 or not names.SUBDOMAIN.fullmatch(name):
            yield invalid(
                f"{at}.name", name, "should be a domain with at least three segments separated by dots"
            )
        if name in seen:
            yield duplicate(f"{at}.name", name)
        seen.add(name)
        yield from rules(hook.get("rules") or [], f"{at}.rules")
        yield from hooks.client(hook.get("clientConfig") or {}, f"{at}.clientConfig")
        yield from _manner(hook, at)


def _manner(hook: Value, at: str) -> Iterator[Cause]:
    versions = hook.get("admissionReviewVersions") or []
    if not versions:
        yield required(f"{at}.admissionReviewVersions", "must specify one of v1, v1beta1")
    elif len(set(versions)) < len(versions):
        yield invalid(f"{at}.admissionReviewVersions", versions, "duplicate version")
    elif not {"v1", "v1beta1"} & set(versions):
        yield invalid(f"{at}.admissionReviewVersions", versions, "must include at least one of v1, v1beta1")
    for key, allowed in (
        ("sideEffects", ("None", "NoneOnDryRun")),
        ("failurePolicy", ("Fail", "Ignore")),
        ("matchPolicy", ("Equivalent", "Exact")),
        ("reinvocationPolicy", ("IfNeeded", "Never")),
    ):
        if key in hook and hook[key] not in allowed:
            yield unsupported(f"{at}.{key}", hook[key], allowed)
    if "sideEffects" not in hook:
        yield required(f"{at}.sideEffects", "must specify one of None, NoneOnDryRun")
    if not 0 < hook.get("timeoutSeconds", 10) <= 30:
        yield invalid(f"{at}.timeoutSeconds", hook["timeoutSeconds"], "must be between 1 and 30 seconds")


def binding(value: Value, old: Value | None) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    if not spec.get("policyName"):
        yield required("spec.policyName")
    actions = spec.get("validationActions") or []
    if not actions:
        yield required("spec.validationActions", "at least one validation action is required")
    if {"Deny", "Warn"} <= set(actions):
        yield invalid("spec.validationActions", actions, "must not contain both Deny and Warn")
    for number, action in enumerate(actions):
        if action not in ("Audit", "Deny", "Warn"):
            yield unsupported(f"spec.validationActions[{number}]", action, ("Audit", "Deny", "Warn"))
        if action in actions[:number]:
            yield duplicate(f"spec.validationActions[{number}]", action)


def mutating_binding(value: Value, old: Value | None) -> Iterator[Cause]:
    if not (value.get("spec") or {}).get("policyName"):
        yield required("spec.policyName")
