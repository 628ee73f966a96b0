"""Which rules apply to which built-in kind: what is filled in, drawn at creation, refused, and never changes."""

from collections.abc import Iterator
from typing import Any

from roadstead.sim.kinds import Kind
from roadstead.sim.merge.comparing import equal
from roadstead.sim.rules import names, pods, services
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
        return pods.filled(kind.kind, value)
    if kind.storage == ("", "services"):
        return services.filled(value)
    if kind.storage == ("", "secrets") and "stringData" in value:
        return _secret(value)
    if kind.storage == ("apiextensions.k8s.io", "customresourcedefinitions"):
        return _definition(value)
    return value


def _secret(value: dict[str, Any]) -> dict[str, Any]:
    import base64

    written = {
        key: base64.b64encode(text.encode()).decode() for key, text in (value["stringData"] or {}).items()
    }
    out = {key: item for key, item in value.items() if key != "stringData"}
    data = {**(value.get("data") or {}), **written}
    return {**out, "data": data} if data else out


def _definition(value: dict[str, Any]) -> dict[str, Any]:
    spec = value.get("spec") or {}
    given = spec.get("names") or {}
    kind = given.get("kind", "")
    named = {"listKind": f"{kind}List", "singular": kind.lower(), **given}
    return {**value, "spec": {**spec, "names": named}}


def causes(kind: Kind, value: dict[str, Any], old: dict[str, Any] | None) -> list[Cause]:
    found = list(names.metadata(kind, value))
    if kind.custom:
        return found
    found += [
        each
        for each in requiring.causes(kind.shape, value)
        if each.field.rpartition(".")[2] not in LENIENT and not each.field.startswith(("metadata", "status"))
    ]
    if kind.kind in pods.SPECS:
        found += pods.causes(kind.kind, value)
    if kind.storage == ("", "services"):
        found += services.causes(value, old)
    if old is not None:
        found += _changed(kind, value, old)
    return _unique(found)


def _unique(found: list[Cause]) -> list[Cause]:
    return list({(each.reason, each.field): each for each in found}.values())


def _changed(kind: Kind, value: dict[str, Any], old: dict[str, Any]) -> Iterator[Cause]:
    if kind.storage == ("", "pods"):
        yield from pods.unchangeable(old, value)
    for field, message in kind.immutable.items():
        if kind.kind in ("PersistentVolume", "PersistentVolumeClaim"):
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
