"""Arithmetic on sets of fields, in the spelling of managedFields (`fieldsV1`).

A set is a tree of mappings: `f:name` is a field, `k:{…}` a list item by its keys, `v:…` an item of a
set, `i:n` an item by index; `.` says that the place itself belongs to the set, not only what is below
it, and an empty mapping says the same of a place with nothing below. Sets are never changed in place.

The elements of a path are those of language.paths: a string, an index, or pairs of key and value; an
item of a set is (("", value),).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

Fields = Mapping[str, Any]
Item = tuple[tuple[str, object], ...]
Element = str | int | Item
Path = tuple[Element, ...]

EMPTY: Fields = {}
_SELF = "."
_HERE: Fields = {_SELF: {}}
ABSENT = object()


def union(one: Fields, other: Fields) -> Fields:
    merged = dict(one)
    for key, below in other.items():
        if key == _SELF or key not in merged:
            merged[key] = below
        else:
            merged[key] = _leaf(union(merged[key] or _HERE, below or _HERE))
    return merged


def _leaf(node: Fields) -> Fields:
    return {} if node == _HERE else node


def without(fields: Fields, place: tuple[str, ...]) -> Fields:
    """Without the place (`("f:metadata", "f:finalizers")`) and all below it."""
    head, *rest = place
    if head not in fields:
        return fields
    kept = {key: below for key, below in fields.items() if key != head}
    if rest:
        below = without(fields[head], tuple(rest))
        if below:
            kept[head] = below
    return kept


def only(fields: Fields, place: tuple[str, ...]) -> Fields:
    """The place and what is below it, nothing else."""
    head, *rest = place
    if head not in fields:
        return EMPTY
    if not rest:
        return {head: fields[head]}
    below = only(fields[head], tuple(rest))
    return {head: below} if below else EMPTY


def existing(fields: Fields, value: object) -> Fields:
    """The part of the set that `value`, an object or a part of one, really has."""
    kept: dict[str, Any] = {}
    for key, below in fields.items():
        if key == _SELF:
            kept[key] = below
            continue
        found = step(value, element(key))
        if found is ABSENT:
            continue
        inside = existing(below, found)
        if inside or not below:
            kept[key] = _leaf(inside)
    return kept


def missing(fields: Fields, value: object) -> Iterator[Path]:
    """What of the set `value` does not have: whole list items, and single fields elsewhere."""
    for key, below in fields.items():
        if key == _SELF:
            continue
        part = element(key)
        found = step(value, part)
        if found is ABSENT and (isinstance(part, tuple) or not below.keys() - {_SELF}):
            yield (part,)
        else:
            for path in missing(below, found):
                yield (part, *path)


def members(fields: Fields) -> Iterator[Path]:
    """Every place that belongs to the set, parents before what is below them."""
    for key, below in fields.items():
        if key == _SELF:
            continue
        part = element(key)
        if not below or _SELF in below:
            yield (part,)
        for path in members(below):
            yield (part, *path)


def reach(fields: Fields, path: Path) -> int:
    """How much of the path the set names, in elements: all of it when the place or something below it
    belongs to the set, less when a whole value that holds the place does, 0 when neither."""
    for depth, part in enumerate(path):
        below = next((below for key, below in fields.items() if _names(key, part)), None)
        if below is None:
            return 0 if fields else depth
        fields = below
    return len(path)


def list_keys(fields: Fields, path: Path) -> tuple[str, ...] | None:
    """By which keys the set names the items of the list at `path`: () for a set, None if it names none."""
    for part in path:
        below = next((below for key, below in fields.items() if _names(key, part)), None)
        if below is None:
            return None
        fields = below
    for key in fields:
        if key.startswith("k:"):
            return tuple(sorted(orjson.loads(key[2:])))
        if key.startswith("v:"):
            return ()
    return None


def element(key: str) -> Element:
    kind, _, rest = key.partition(":")
    if kind == "f":
        return rest
    if kind == "k":
        return tuple(sorted(orjson.loads(rest).items()))
    if kind == "v":
        return (("", orjson.loads(rest)),)
    return int(rest)


def _names(key: str, part: Element) -> bool:
    """Items are the same when they agree in the keys that both name: a key left out is a default."""
    if key == _SELF:
        return False
    if isinstance(part, str):
        return key == f"f:{part}"
    mine = element(key)
    if isinstance(part, int) or not isinstance(mine, tuple):
        return mine == part and not isinstance(mine, str)
    named, wanted = dict(mine), dict(part)
    shared = named.keys() & wanted.keys()
    return bool(shared) and all(named[name] == wanted[name] for name in shared)


def step(value: object, part: Element) -> object:
    """What stands there in an object or a part of one; ABSENT when nothing does."""
    if isinstance(part, str):
        return value.get(part, ABSENT) if isinstance(value, Mapping) else ABSENT
    if not isinstance(value, list):
        return ABSENT
    if isinstance(part, int):
        return value[part] if part < len(value) else ABSENT
    return next((item for item in value if is_item(item, part)), ABSENT)


def is_item(item: object, keys: Item) -> bool:
    if keys[0][0] == "":
        return item == keys[0][1]
    if not isinstance(item, Mapping):
        return False
    present = [name for name, _ in keys if name in item]
    return bool(present) and all(item[name] == value for name, value in keys if name in item)
