"""Merging what somebody applies over what is there.

Values of the applied side win; what it does not mention stays. Items of keyed lists merge by key, and both
orders are kept as far as they agree.
"""

from typing import Any

from roadstead.sim.merge import comparing, pathing
from roadstead.sim.merge.types import ABSENT, ListType, MapType, Type


def merge(kind: Type, live: Any, applied: Any) -> Any:
    """The merged value, sharing parts with both; what did not change is the live value itself."""
    if applied is ABSENT:
        return live
    if live is ABSENT:
        return applied
    shape = kind.shape(applied if applied is not None else live)
    if isinstance(shape, MapType):
        old, new = _as(dict, live), _as(dict, applied)
        if shape.atomic or not (old or new):
            return _either(live, applied)
        return _map(shape, old, new)
    if isinstance(shape, ListType):
        olds, news = _as(list, live), _as(list, applied)
        if shape.atomic or not (olds or news):
            return _either(live, applied)
        return _list(shape, olds, news)
    return _either(live, applied)


def _either(live: Any, applied: Any) -> Any:
    return live if comparing.equal(live, applied) else applied


def _as(wanted: type, value: Any) -> Any:
    return value if isinstance(value, wanted) else wanted()


def _map(shape: MapType, live: dict[str, Any], applied: dict[str, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for key, value in applied.items():
        kind, before = shape.of(key), live.get(key, ABSENT)
        after = value if kind is None else merge(kind, before, value)
        if after is not before:
            changed[key] = after
    return {**live, **changed} if changed else live


def _list(shape: ListType, live: list[Any], applied: list[Any]) -> list[Any]:
    """Walks both orders at once; items in both are placed where the applied side has them."""
    ours, theirs = pathing.index(shape, live), pathing.index(shape, applied)
    old, new = _unique(ours, live), dict(zip(theirs, applied, strict=True))
    if len(new) < len(theirs):
        raise pathing.MergeError("duplicate entries")
    shared = iter([name for name in theirs if name in old])
    awaited = next(shared, None)
    done: set[str] = set()
    out: list[Any] = []
    left = right = 0
    while left < len(ours) or right < len(theirs):
        if left < len(ours) and right < len(theirs):
            name = ours[left]
            if name == theirs[right]:
                out.append(merge(shape.element, old[name], new[name]))
                done.add(name)
                left, right = left + 1, right + 1
                awaited = next(shared, None)
                continue
            if name in new and awaited is not None and awaited != name:
                left += 1
                continue
        if left < len(ours):
            name = ours[left]
            if name not in new:
                out.append(live[left])
                left += 1
                continue
            if name in done:
                left += 1
        if right < len(theirs):
            name = theirs[right]
            out.append(merge(shape.element, old.get(name, ABSENT), new[name]))
            done.add(name)
            right += 1
            if awaited == name:
                awaited = next(shared, None)
    same = len(out) == len(live) and all(new is old for new, old in zip(out, live, strict=True))
    return live if same else out


def _unique(names: list[str], values: list[Any]) -> dict[str, Any]:
    """Items by name; one that stands there twice has no single value to merge with."""
    out: dict[str, Any] = {}
    for name, value in zip(names, values, strict=True):
        out[name] = ABSENT if name in out else value
    return out
