"""Admission webhooks and policies: what makes the server refuse their configuration."""

from collections.abc import Iterator
from typing import Any

from roadstead.language import cel
from roadstead.model import errors
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


def _expression(text: str, at: str) -> Iterator[Cause]:
    if not text.strip():
        yield required(at, "expression is not specified")
        return
    if "authorizer" in text:
        return  # it has functions that the CEL library does not know
    try:
        cel.compile(text, variables=VARIABLES)
    except errors.RoadsteadError as error:
        yield invalid(at, text, f"compilation failed: {error}")


def policy(value: Value, old: Value | None) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    matched = spec.get("matchConstraints")
    if matched is None:
        yield required("spec.matchConstraints")
    elif not matched.get("resourceRules"):
        yield required("spec.matchConstraints.resourceRules")
    else:
        yield from rules(matched["resourceRules"], "spec.matchConstraints.resourceRules")
    if spec.get("failurePolicy", "Fail") not in ("Fail", "Ignore"):
        yield unsupported("spec.failurePolicy", spec["failurePolicy"], ("Fail", "Ignore"))
    if not spec.get("validations") and not spec.get("auditAnnotations"):
        yield required("spec.validations", "validations or auditAnnotations must contain at least one item")
    for number, each in enumerate(spec.get("validations") or ()):
        yield from _expression(each.get("expression", ""), f"spec.validations[{number}].expression")
        if each.get("messageExpression"):
            yield from _expression(each["messageExpression"], f"spec.validations[{number}].messageExpression")
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
