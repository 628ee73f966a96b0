"""Selectors of objects, both ways: what one chooses, and which of them choose an object."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from roadstead.language.selectors import Expression, Operator, Selector
from roadstead.sim.controllers.events import OWNED
from roadstead.sim.controllers.world import World
from roadstead.sim.store import Key, Resource

Value = dict[str, Any]


class _Labels(Struct):
    labels: dict[str, str] = {}


class _Labelled(Struct):
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


def names(world: World, resource: Resource, namespace: str, wanted: Selector | None) -> list[Key]:
    """Of the objects in the namespace that it chooses."""
    if wanted is None:
        return []
    return sorted(
        key
        for key, stored in world.cluster.store.shelf(resource).objects.items()
        if key[0] == namespace and wanted.matches("", _LABELLED.decode(stored.data).metadata.labels)
    )


def chosen(world: World, resource: Resource, namespace: str, wanted: Selector | None) -> list[Value]:
    keys = names(world, resource, namespace, wanted)
    return [value for key in keys if (value := world.get(resource, key)) is not None]


def unowned(world: World, resource: Resource, namespace: str, wanted: Selector | None) -> list[Value]:
    """Those of them that have no owner: they may be adopted."""
    shelf = world.cluster.store.shelf(resource).objects
    if not any(key[0] == namespace and OWNED not in stored.data for key, stored in shelf.items()):
        return []
    found = chosen(world, resource, namespace, wanted)
    return [value for value in found if not value["metadata"].get("ownerReferences")]


def choosing(world: World, resource: Resource, value: Value) -> Iterator[Key]:
    """Objects of the resource whose selector chooses this one."""
    namespace, labels = value["metadata"].get("namespace", ""), labels_of(value)
    for key in list(world.cluster.store.shelf(resource).objects):
        if key[0] == namespace:
            found = world.get(resource, key)
            wanted = of(found) if found else None
            if wanted is not None and wanted.matches("", labels):
                yield key
