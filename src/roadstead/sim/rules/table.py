"""Which rules apply to which built-in kind: what is filled in, drawn at creation, refused, and never changes."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

from roadstead.sim.conversion import autoscalers
from roadstead.sim.kinds import Kind
from roadstead.sim.merge.comparing import equal
from roadstead.sim.rules import names, pods, services, validating
from roadstead.sim.schema import requiring
from roadstead.sim.schema.requiring import Cause

# Required by schema, but the server does not insist.
LENIENT = {
    *("status", "spec", "metadata", "rules", "subjects", "involvedObject", "limits", "drivers", "source"),
    *("capacity", "conditions", "ports", "endpoints", "revision", "podSelector", "currentMetrics"),
}
PREFIXES = {"roleRef": "cannot change roleRef"}


def filled(kind: Kind, value: dict[str, Any]) -> dict[str, Any]:
    """Defaults that depend on other fields."""
    if kind.custom:
        return value
    if kind.kind in pods.SPECS and (kind.kind != "Pod" or kind.group == ""):
        value = pods.filled(kind.kind, value)
    fill = _FILLS.get(kind.storage) if kind.conversion is None else None
    return fill(value) if fill else value


def _labelled(value: dict[str, Any]) -> dict[str, Any]:
    """With the template's labels, when it has none of its own."""
    metadata, template = value.get("metadata") or {}, (value.get("spec") or {}).get("template") or {}
    labels = (template.get("metadata") or {}).get("labels")
    if not labels or metadata.get("labels"):
        return value
    return {**value, "metadata": {**metadata, "labels": labels}}


def _controller(value: dict[str, Any]) -> dict[str, Any]:
    value = _labelled(value)
    spec = value.get("spec") or {}
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if spec.get("selector") or not labels:
        return value
    return {**value, "spec": {**spec, "selector": labels}}


def _daemon_set(value: dict[str, Any]) -> dict[str, Any]:
    metadata = value.get("metadata") or {}
    annotations = {"deprecated.daemonset.template.generation": "0", **(metadata.get("annotations") or {})}
    value = {**value, "metadata": {**metadata, "annotations": annotations}}
    strategy = (value.get("spec") or {}).get("updateStrategy") or {}
    rolling = strategy.get("rollingUpdate")
    if rolling is None or "maxUnavailable" in rolling:
        return value
    replacing = strategy.get("type") == "RollingUpdate" and rolling.get("maxSurge", 0) in (0, "0%")
    rolling = {**rolling, "maxUnavailable": int(replacing)}
    return {**value, "spec": {**value["spec"], "updateStrategy": {**strategy, "rollingUpdate": rolling}}}


def _binding(value: dict[str, Any]) -> dict[str, Any]:
    reference = value.get("roleRef")
    if not isinstance(reference, dict) or reference.get("apiGroup"):
        return value
    return {**value, "roleRef": {**reference, "apiGroup": "rbac.authorization.k8s.io"}}


UNLIMITED = 2**31 - 1


def _job(value: dict[str, Any]) -> dict[str, Any]:
    value = _labelled(value)
    spec = dict(value.get("spec") or {})
    if "parallelism" not in spec:
        spec = {"completions": 1, **spec, "parallelism": 1}
    spec.setdefault("backoffLimit", UNLIMITED if "backoffLimitPerIndex" in spec else 6)
    if "podReplacementPolicy" not in spec:
        spec["podReplacementPolicy"] = "Failed" if spec.get("podFailurePolicy") else "TerminatingOrFailed"
    return {**value, "spec": spec}


def _network_policy(value: dict[str, Any]) -> dict[str, Any]:
    spec = value.get("spec") or {}
    if spec.get("policyTypes"):
        return value
    return {
        **value,
        "spec": {**spec, "policyTypes": ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]},
    }


def _limit_range(value: dict[str, Any]) -> dict[str, Any]:
    spec = value.get("spec") or {}
    if not spec.get("limits"):
        return value
    return {**value, "spec": {**spec, "limits": [_limit(each) for each in spec["limits"]]}}


def _limit(limit: dict[str, Any]) -> dict[str, Any]:
    if limit.get("type") != "Container":
        return limit
    default = {**(limit.get("max") or {}), **(limit.get("default") or {})}
    request = {**(limit.get("min") or {}), **default, **(limit.get("defaultRequest") or {})}
    return {
        **limit,
        **({"default": default} if default else {}),
        **({"defaultRequest": request} if request else {}),
    }


def _secret(value: dict[str, Any]) -> dict[str, Any]:
    if "stringData" not in value:
        return value
    written = {
        key: base64.b64encode(text.encode()).decode() for key, text in (value["stringData"] or {}).items()
    }
    out = {key: item for key, item in value.items() if key != "stringData"}
    data = {**(value.get("data") or {}), **written}
    return {**out, "data": data} if data else out


SCALING: dict[str, dict[str, Any]] = {
    "scaleDown": {"policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]},
    "scaleUp": {
        "stabilizationWindowSeconds": 0,
        "policies": [
            {"type": "Pods", "value": 4, "periodSeconds": 15},
            {"type": "Percent", "value": 100, "periodSeconds": 15},
        ],
    },
}


def _autoscaler(value: dict[str, Any]) -> dict[str, Any]:
    value = autoscalers.without(value)
    behavior = (value.get("spec") or {}).get("behavior")
    if not isinstance(behavior, dict):
        return value
    filled = {
        key: {**SCALING[key], **rules} if key in SCALING and rules else rules
        for key, rules in behavior.items()
    }
    return {**value, "spec": {**value["spec"], "behavior": filled}}


def _namespace(value: dict[str, Any]) -> dict[str, Any]:
    metadata = value.get("metadata") or {}
    if isinstance(value.get("status"), dict):
        value = {**value, "status": {**value["status"], "phase": value["status"].get("phase") or "Active"}}
    if not metadata.get("name"):
        return value
    labels = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata["name"]}
    return {**value, "metadata": {**metadata, "labels": labels}}


def _definition(value: dict[str, Any]) -> dict[str, Any]:
    spec = value.get("spec") or {}
    given = spec.get("names") or {}
    kind = given.get("kind", "")
    named = {"listKind": f"{kind}List", "singular": kind.lower(), **given}
    return {**value, "spec": {**spec, "names": named}}


_FILLS: dict[tuple[str, str], Callable[[dict[str, Any]], dict[str, Any]]] = {
    ("", "services"): services.filled,
    ("", "secrets"): _secret,
    ("", "namespaces"): _namespace,
    ("autoscaling", "horizontalpodautoscalers"): _autoscaler,
    ("", "replicationcontrollers"): _controller,
    ("", "limitranges"): _limit_range,
    ("apps", "daemonsets"): _daemon_set,
    ("rbac.authorization.k8s.io", "rolebindings"): _binding,
    ("rbac.authorization.k8s.io", "clusterrolebindings"): _binding,
    ("batch", "jobs"): _job,
    ("networking.k8s.io", "networkpolicies"): _network_policy,
    ("apiextensions.k8s.io", "customresourcedefinitions"): _definition,
}


def causes(kind: Kind, value: dict[str, Any], old: dict[str, Any] | None) -> list[Cause]:
    found = list(names.metadata(kind, value, old))
    if kind.structural is not None:
        return found + list(kind.structural.causes(value, old))
    if not requiring.met(kind.shape, value, LENIENT):
        found += [
            each
            for each in requiring.causes(kind.shape, value)
            if each.field.rpartition(".")[2] not in LENIENT
            and not each.field.startswith(("metadata", "status"))
        ]
    if kind.kind in pods.SPECS:
        found += pods.causes(kind.kind, value)
    if kind.storage == ("", "services"):
        found += services.causes(value, old)
    check = validating.CHECKS.get(kind.storage)
    if check:
        found += check(value, old)
    if old is not None:
        found += _changed(kind, value, old)
        found += _fixed(kind, value, old)
    return _unique(found)


def _unique(found: list[Cause]) -> list[Cause]:
    """In the order of fields, as nearly all of the server's own checks go through an object."""
    return sorted({(each.reason, each.field): each for each in found}.values(), key=lambda each: each.field)


def _changed(kind: Kind, value: dict[str, Any], old: dict[str, Any]) -> Iterator[Cause]:
    if kind.storage == ("", "pods"):
        yield from pods.unchangeable(old, value)
    for field, message in kind.immutable.items():
        if field == "spec" or kind.kind in ("PersistentVolume", "PersistentVolumeClaim"):
            continue
        before, after = _at(old, field), _at(value, field)
        if equal(before, after) or (kind.kind == "Job" and field == "spec.template" and not after):
            continue
        yield Cause(
            "FieldValueForbidden" if message.startswith("Forbidden") else "FieldValueInvalid",
            message.replace("Invalid value: ", f"Invalid value: {requiring.shown(after)}: ", 1),
            field,
        )
    if kind.kind in ("ConfigMap", "Secret") and old.get("immutable"):
        for key in ("data", "binaryData", "immutable"):
            if not equal(old.get(key), value.get(key)):
                yield requiring.forbidden(key, "field is immutable when `immutable` is set")
    if kind.kind == "StatefulSet":
        yield from _stateful(value, old)


# Fields that cannot change, where the samples that the real server was asked with do not have them.
FIXED: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "resourcequotas"): ("spec.scopes", "spec.scopeSelector"),
    ("batch", "jobs"): (
        *("spec.podFailurePolicy", "spec.backoffLimitPerIndex", "spec.managedBy", "spec.successPolicy"),
    ),
    ("storage.k8s.io", "csidrivers"): ("spec.attachRequired",),
    ("storage.k8s.io", "storageclasses"): ("parameters",),
    ("storage.k8s.io", "volumeattributesclasses"): ("driverName", "parameters"),
    ("resource.k8s.io", "resourceclaimtemplates"): ("spec",),
}


REPORTED = {"spec.attachRequired": "spec.attachedRequired"}  # the server's own slip


def _fixed(kind: Kind, value: dict[str, Any], old: dict[str, Any]) -> Iterator[Cause]:
    for field in FIXED.get(kind.storage, ()):
        after = _at(value, field)
        if not equal(_at(old, field), after):
            yield requiring.invalid(REPORTED.get(field, field), after, "field is immutable")


STATEFUL = {
    *("replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit"),
    *("persistentVolumeClaimRetentionPolicy", "minReadySeconds"),
}


def _stateful(value: dict[str, Any], old: dict[str, Any]) -> Iterator[Cause]:
    before = {key: item for key, item in old["spec"].items() if key not in STATEFUL}
    after = {key: item for key, item in value["spec"].items() if key not in STATEFUL}
    if not equal(before, after):
        yield requiring.forbidden(
            "spec",
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
            "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
            "'minReadySeconds' are forbidden",
        )


def _at(value: Any, field: str) -> Any:
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
