"""Which objects a patch, an exclusion or a drift rule concerns."""

from typing import Any

from roadstead.model.assignment import Target
from roadstead.objects import kinds


def matches(target: Target, obj: dict[str, Any], *, namespace: str) -> bool:
    """`namespace` is the one that the bundle gives to objects which name none."""
    metadata = obj.get("metadata") or {}
    labels = (metadata.get("labels") or {}) if isinstance(metadata, dict) else None
    if not isinstance(labels, dict):
        return False  # no object; the check of rendered objects tells
    return (
        (target.kind is None or target.kind == kinds.of(obj))
        and target.name in ("", metadata.get("name"))
        and target.namespace in ("", metadata.get("namespace") or namespace)
        and all(labels.get(name) == value for name, value in target.labels.items())
    )


def describe(target: Target) -> str:
    parts = [str(target.kind or ""), target.namespace, target.name]
    labels = ",".join(f"{name}={value}" for name, value in target.labels.items())
    return " ".join([part for part in ("/".join(part for part in parts if part), labels) if part])
