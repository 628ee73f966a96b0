"""What changed between two values, as three sets of fields: added, removed, modified.

A container counts as added or removed together with all that is in it. Items of a keyed list are the same item
when their keys are equal, wherever they stand; a list in another order has not changed.
"""

from typing import Any

from msgspec import Struct

from roadstead.sim.merge import fields, pathing
from roadstead.sim.merge.fields import EMPTY, Fields
from roadstead.sim.merge.types import ABSENT, ListType, MapType, Type


class Comparison(Struct, frozen=True):
    added: Fields
    removed: Fields
    modified: Fields

    @property
    def same(self) -> bool:
        return not (self.added or self.removed or self.modified)

    def without(self, ignored: Fields) -> "Comparison":
        if not ignored:
            return self
        kept = (
            fields.difference(each, ignored, below=True) for each in (self.added, self.removed, self.modified)
        )
        return Comparison(*kept)


Nodes = tuple[Fields | None, Fields | None, Fields | None]

_NOTHING: Nodes = (None, None, None)
_ADDED: Nodes = ({}, None, None)
_REMOVED: Nodes = (None, {}, None)
_MODIFIED: Nodes = (None, None, {})


def compare(kind: Type, before: Any, after: Any) -> Comparison:
    added, removed, modified = _value(kind, before, after)
    return Comparison(added or EMPTY, removed or EMPTY, modified or EMPTY)


def equal(left: Any, right: Any) -> bool:
    """As JSON: true is not 1, but 1.0 is."""
    if left is right:
        return True
    if left != right:
        return False
    return _equally(left, right)


def _equally(left: Any, right: Any) -> bool:
    """Of values that Python takes for equal, whether they are so as JSON."""
    if left is right:
        return True
    if isinstance(left, dict):
        return (
            isinstance(right, dict)
            and left.keys() == right.keys()
            and all(_equally(value, right[key]) for key, value in left.items())
        )
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(_equally, left, right))
    return isinstance(left, bool) == isinstance(right, bool)


def _value(kind: Type, before: Any, after: Any) -> Nodes:
    if before is after:
        return _NOTHING
    if after is ABSENT:
        return _own(_shaped(kind.shape(before), before, after), before, after)
    shape = kind.shape(after)
    if before is ABSENT or kind.shape(before) is shape or before is None or after is None:
        if before is not ABSENT and after is None:
            shape = kind.shape(before)
        return _own(_shaped(shape, before, after), before, after)
    gone = _shaped(kind.shape(before), before, ABSENT)
    new = _shaped(shape, ABSENT, after)
    changed = _joined(_joined(gone, new), _MODIFIED)
    return _own((changed[0], changed[1], changed[2]), before, after)


def _own(nodes: Nodes, before: Any, after: Any) -> Nodes:
    """With the value itself, when it came or went."""
    added, removed, modified = nodes
    if before is ABSENT:
        return ({fields.SELF: {}, **added} if added else {}), removed, modified
    if after is ABSENT:
        return added, ({fields.SELF: {}, **removed} if removed else {}), modified
    return nodes


def _shaped(shape: ListType | MapType | str, before: Any, after: Any) -> Nodes:
    if isinstance(shape, str) or shape.atomic or not (_filled(before) or _filled(after)):
        return _leaf(before, after)
    if isinstance(shape, MapType):
        return _map(
            shape, before if isinstance(before, dict) else {}, after if isinstance(after, dict) else {}
        )
    return _list(shape, before if isinstance(before, list) else [], after if isinstance(after, list) else [])


def _filled(value: Any) -> bool:
    return isinstance(value, dict | list) and bool(value)


def _leaf(before: Any, after: Any) -> Nodes:
    if before is ABSENT:
        return _ADDED
    if after is ABSENT:
        return _REMOVED
    return _NOTHING if equal(before, after) else _MODIFIED


def _map(shape: MapType, before: dict[str, Any], after: dict[str, Any]) -> Nodes:
    out: tuple[Fields, Fields, Fields] = ({}, {}, {})
    for key, old in before.items():
        kind = shape.of(key)
        if kind is not None:
            _put(out, "f:" + key, _value(kind, old, after.get(key, ABSENT)))
    for key, new in after.items():
        kind = shape.of(key)
        if key not in before and kind is not None:
            _put(out, "f:" + key, _value(kind, ABSENT, new))
    return out[0] or None, out[1] or None, out[2] or None


def _list(shape: ListType, before: list[Any], after: list[Any]) -> Nodes:
    old, new = _grouped(shape, before), _grouped(shape, after)
    out: tuple[Fields, Fields, Fields] = ({}, {}, {})
    for name in dict.fromkeys((*old, *new)):
        olds, news = old.get(name, []), new.get(name, [])
        if len(olds) > 1 or len(news) > 1:
            nodes = _repeated(shape.element, olds, news)
        else:
            nodes = _value(shape.element, olds[0] if olds else ABSENT, news[0] if news else ABSENT)
        _put(out, name, nodes)
    return out[0] or None, out[1] or None, out[2] or None


def _repeated(kind: Type, before: list[Any], after: list[Any]) -> Nodes:
    """An item that stands there more than once is a leaf: nobody can own parts of it."""
    whole = _leaf(before or ABSENT, after or ABSENT)
    if whole is _MODIFIED and len(before) == 1:
        return _joined(_value(kind, before[0], ABSENT), whole)
    if whole is _MODIFIED and len(after) == 1:
        return _joined(_value(kind, ABSENT, after[0]), whole)
    return whole


def _grouped(shape: ListType, values: list[Any]) -> dict[str, list[Any]]:
    """Items by name. Stored lists may hold an item twice, from times when nobody checked."""
    out: dict[str, list[Any]] = {}
    for value in values:
        out.setdefault(pathing.item(shape, value), []).append(value)
    return out


def _put(out: tuple[Fields, Fields, Fields], name: str, nodes: Nodes) -> None:
    for target, found in zip(out, nodes, strict=True):
        if found is not None:
            target[name] = found


def _joined(left: Nodes, right: Nodes) -> Nodes:
    joined = [_both(mine, other) for mine, other in zip(left, right, strict=True)]
    return joined[0], joined[1], joined[2]


def _both(left: Fields | None, right: Fields | None) -> Fields | None:
    if left is None or right is None:
        return right if left is None else left
    if left and right:
        return fields.union(left, right)
    return {fields.SELF: {}, **(left or right)} if left or right else {}
