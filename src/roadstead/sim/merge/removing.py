"""Taking fields out of a value, or keeping only those: by a set of fields, as the merge rules see them."""

from typing import Any

from roadstead.sim.merge import fields, pathing
from roadstead.sim.merge.fields import Fields
from roadstead.sim.merge.types import ListType, MapType, Type


def remove(kind: Type, value: Any, gone: Fields) -> Any:
    """The value without the fields of the set; a container emptied by that becomes null."""
    return _value(kind, value, gone, extract=False)


def extract(kind: Type, value: Any, wanted: Fields) -> Any:
    """Only the fields of the set, and the keys of list items that hold them."""
    return _value(kind, value, wanted, extract=True)


def with_containers(kind: Type, found: Fields) -> Fields:
    """The set with every known field that has members beneath it as a member itself."""
    shape = kind.map
    out: Fields = {}
    for name, below in found.items():
        if name == fields.SELF or not below:
            out[name] = below
            continue
        inner = _inner(kind, name)
        known = name.startswith("f:") and shape is not None and name[2:] in shape.fields
        deeper = with_containers(inner, below) if inner is not None else below
        out[name] = {fields.SELF: {}, **deeper} if known else deeper
    return out


def _inner(kind: Type, name: str) -> Type | None:
    if name.startswith("f:"):
        return kind.map.of(name[2:]) if kind.map is not None else None
    if name.startswith("k:"):
        return kind.list.element if kind.list is not None else None
    return None


def _value(kind: Type, value: Any, named: Fields, *, extract: bool) -> Any:
    shape = kind.shape(value)
    if isinstance(shape, MapType) and isinstance(value, dict):
        if shape.atomic:
            return value if extract else None
        return _map(shape, value, named, extract=extract)
    if isinstance(shape, ListType) and isinstance(value, list):
        if shape.atomic:
            return value if extract else None
        return _list(shape, value, named, extract=extract)
    return value


def _map(shape: MapType, value: dict[str, Any], named: Fields, *, extract: bool) -> dict[str, Any] | None:
    out: dict[str, Any] = {}
    for key, item in value.items():
        below = named.get("f:" + key)
        kind = shape.of(key)
        if below is None:
            if not extract:
                out[key] = item
        elif fields.member(below):
            if extract:
                out[key] = _value(kind, item, fields.children(below), extract=True) if kind else item
        else:
            out[key] = _value(kind, item, below, extract=extract) if kind else item
    return out or None


def _list(shape: ListType, value: list[Any], named: Fields, *, extract: bool) -> list[Any] | None:
    out: list[Any] = []
    for item in value:
        below = named.get(pathing.item(shape, item))
        if below is None:
            if not extract:
                out.append(item)
        elif fields.member(below):
            if extract:
                out.append(_value(shape.element, item, fields.children(below), extract=True))
        else:
            out.append(_value(shape.element, item, below, extract=extract))
    return out or None
