"""Selectors of objects, both ways: what one chooses, and which of them choose an object."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from roadstead.language.selectors import Expression, Operator, Selector
from roadstead.sim.controllers.world import OWNED, World
from roadstead.sim.store import Key, Resource

Value = dict[str, Any]


class _Labels(msgspec.Struct):
    labels: dict[str, str] = {}


class _Labelled(msgspec.Struct):
    metadata: _Labels


_LABELLED = msgspec.json.Decoder(_Labelled)
PLAIN = {"Service", "ReplicationController"}  # kinds whose selector is labels alone


def of(value: Value) -> Selector | None:
    """Of an object with `spec.selector`; None when it chooses nothing."""
    found = (value.get("spec") or {}).get("selector") or {}
    return parsed({"matchLabels": found} if value["kind"] in PLAIN else found)


def parsed(found: Mapping[str, Any], *, empty_is_all: bool = False) -> Selector | None:
    labels = tuple((found.get("matchLabels") or {}).items())
    expressions = tuple(
        Expression(each["key"], Operator(each["operator"]), tuple(each.get("values") or ()))
        for each in found.get("matchExpressions") or ()
    )
    if not labels and not expressions:
        return Selector(all=True) if empty_is_all else None
    return Selector(match_labels=labels, match_expressions=expressions)


def labels_of(value: Value) -> dict[str, str]:
    return value["metadata"].get("labels") or {}


def chosen(world: World, resource: Resource, namespace: str, wanted: Selector | None) -> list[Value]:
    """Objects in the namespace, by name."""
    return _found(world, resource, namespace, wanted, unowned=False)


def unowned(world: World, resource: Resource, namespace: str, wanted: Selector | None) -> list[Value]:
    """Those of them that have no owner: they may be adopted."""
    return _found(world, resource, namespace, wanted, unowned=True)


def _found(
    world: World, resource: Resource, namespace: str, wanted: Selector | None, *, unowned: bool
) -> list[Value]:
    if wanted is None:
        return []
    keys = [
        key
        for key, stored in world.cluster.store.shelf(resource).objects.items()
        if key[0] == namespace
        and not (unowned and OWNED in stored.data)
        and wanted.matches("", _LABELLED.decode(stored.data).metadata.labels)
    ]
    return [value for key in sorted(keys) if (value := world.get(resource, key)) is not None]


def choosing(world: World, resource: Resource, value: Value) -> Iterator[Key]:
    """Objects of the resource whose selector chooses this one."""
    namespace, labels = value["metadata"].get("namespace", ""), labels_of(value)
    for key in list(world.cluster.store.shelf(resource).objects):
        if key[0] == namespace:
            found = world.get(resource, key)
            wanted = of(found) if found else None
            if wanted is not None and wanted.matches("", labels):
                yield key
