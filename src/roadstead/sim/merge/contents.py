"""Which fields an object has: the set that an applier owns after applying it."""

from typing import Any

from roadstead.sim.merge import pathing
from roadstead.sim.merge.fields import EMPTY, SELF, Fields
from roadstead.sim.merge.types import ListType, MapType, Type


def fields(kind: Type, value: Any) -> Fields:
    return _below(kind, value) or EMPTY


def _below(kind: Type, value: Any) -> Fields | None:
    """The node of a value as it stands by itself: None when neither it nor anything beneath it counts."""
    shape = kind.shape(value)
    if isinstance(shape, str):
        return {}
    if shape.atomic:
        return {}
    if not value:
        return None
    if isinstance(shape, MapType):
        return _map(shape, value) if isinstance(value, dict) else None
    return _list(shape, value) if isinstance(value, list) else None


def _map(shape: MapType, value: dict[str, Any]) -> Fields | None:
    out: Fields = {}
    for key, item in value.items():
        known = shape.fields.get(key)
        kind = known or shape.element
        below = _below(kind, item) if kind else None
        if known is None or item is None or item == {}:
            below = with_self(below)
        if below is not None:
            out["f:" + key] = below
    return out or None


def _list(shape: ListType, value: list[Any]) -> Fields | None:
    out: Fields = {}
    for item in value:
        out[pathing.item(shape, item)] = with_self(_below(shape.element, item))
    return out or None


def with_self(below: Fields | None) -> Fields:
    if not below:
        return {}
    return below if SELF in below else {SELF: {}, **below}
