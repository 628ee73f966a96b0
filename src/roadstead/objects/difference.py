"""What differs between two forms of an object, field by field, as a person would say it.

`compare` holds two objects of a server against each other (live, and what a dry run answers), or two
manifests. `drift` holds a manifest against the live object: only what the manifest says counts, the
server's defaults and other people's additions do not. Values of Secrets are redacted in both.

Lists whose items have keys are compared item by item. What is there on one side only is told once, as a
whole; labels and annotations are always told one by one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from roadstead.language import paths, quantities
from roadstead.model.ids import GroupKind
from roadstead.model.plan import FieldChange
from roadstead.objects import fieldsets, kinds, lists, ownership, redact, validity

Object = Mapping[str, Any]

REMOVED = "unknown (removed)"

_UNTOLD = {"": ("apiVersion", "kind", "status"), "metadata": ("name", "namespace", *validity.SERVER_SET)}
_PER_KEY = ((), ("metadata",), ("metadata", "labels"), ("metadata", "annotations"))
# Fields of a spec that hold amounts, of which the server may keep another spelling.
_AMOUNTS = frozenset(
    [
        "allocatable",
        "averageValue",
        "capacity",
        "default",
        "defaultRequest",
        "divisor",
        "hard",
        "limits",
        "max",
        "min",
        "overhead",
        "podFixed",
        "requests",
        "sizeLimit",
        "storage",
    ]
)
# By these a list without keys is told item by item nevertheless, where they do tell the items apart.
_TELLING = ("name", "key", "type", "host", "id")


class _Pair(NamedTuple):
    path: fieldsets.Path
    before: Any
    after: Any


class _Kind(NamedTuple):
    """What is known of lists."""

    kind: GroupKind
    hints: fieldsets.Fields

    def keys(self, path: fieldsets.Path) -> tuple[str, ...] | None:
        return lists.keys(self.kind, path, self.hints)


_Differ = Callable[[_Kind, fieldsets.Path, Any, Any], Iterator[_Pair]]


def compare(
    before: Object | None, after: Object | None, *, owned_only: fieldsets.Fields | None = None
) -> list[FieldChange]:
    """What changes from one to the other; None is an object that does not exist. `owned_only` leaves out
    what does not belong to that set of fields."""
    found = _compared(_known(before, after), (), _shown(before), _shown(after))
    if owned_only is not None:
        found = (pair for pair in found if fieldsets.reach(owned_only, pair.path))
    return [FieldChange(paths.text(path), old, new) for path, old, new in found]


def drift(manifest: Object, live: Object) -> list[FieldChange]:
    """Where the live object is not as the manifest says: `before` is live, `after` what it should be."""
    if _plainly_holds(live, manifest):
        return []
    found = _lost(_known(manifest, live), (), _shown(live), _shown(manifest))
    return [FieldChange(paths.text(path), old, new) for path, old, new in found]


def attribute(changes: Iterable[FieldChange], live: Object, *, drifted: bool = False) -> list[FieldChange]:
    """With the manager that holds the live value, and since when. Who removed a field leaves no trace: of
    a `drifted` object that is said."""
    return [_attributed(change, live, drifted) for change in changes]


def _attributed(change: FieldChange, live: Object, drifted: bool) -> FieldChange:
    if change.before is None:
        return replace(change, manager=REMOVED) if drifted else change
    owners = ownership.owner_of(live, paths.parse(change.path))
    others = [one for one in owners if one.manager != ownership.MANAGER] or owners
    if not others:
        return change
    names = dict.fromkeys(one.manager for one in others)
    return replace(change, manager=", ".join(names), time=others[0].time)


def _known(*forms: Object | None) -> _Kind:
    objects = [obj for obj in forms if obj is not None]
    kind = kinds.of(objects[0]) if objects else GroupKind("", "")
    hints = fieldsets.EMPTY
    if not kinds.is_built_in(kind):
        for entry in (entry for obj in objects for entry in ownership.entries(obj)):
            hints = fieldsets.union(hints, ownership.fields(entry))
    return _Kind(kind, hints)


def _shown(obj: Object | None) -> dict[str, Any]:
    if obj is None:
        return {}
    shown = redact.secret(obj)
    metadata = shown.get("metadata") or {}
    shown["metadata"] = {key: item for key, item in metadata.items() if key not in _UNTOLD["metadata"]}
    return {key: item for key, item in shown.items() if key not in _UNTOLD[""]}


def _compared(kind: _Kind, path: fieldsets.Path, before: Any, after: Any) -> Iterator[_Pair]:
    if path in _PER_KEY:
        before, after = before or {}, after or {}
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            old, new = before.get(key), after.get(key)
            if not _plainly_equal(old, new):
                yield from _compared(kind, (*path, key), old, new)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _compared_lists(kind, path, before, after)
    elif not _same(path, before, after):
        yield _Pair(path, before, after)


def _compared_lists(
    kind: _Kind, path: fieldsets.Path, before: list[Any], after: list[Any]
) -> Iterator[_Pair]:
    keys = kind.keys(path)
    if keys == lists.SET:
        if sorted(before, key=repr) != sorted(after, key=repr):
            yield _Pair(path, before, after)
        return
    for by in (keys,) if keys else ((key,) for key in _TELLING):
        old, new = _by_key(before, by), _by_key(after, by)
        if old is not None and new is not None:
            for name in dict.fromkeys((*old, *new)):
                if not _plainly_equal(old.get(name), new.get(name)):
                    yield from _compared(kind, (*path, name), old.get(name), new.get(name))
            yield from _reordered(path, [*old], [*new])
            return
    yield from _by_position(kind, path, before, after, _compared)


def _reordered(path: fieldsets.Path, old: list[fieldsets.Item], new: list[fieldsets.Item]) -> Iterator[_Pair]:
    before = [name for name in old if name in new]
    after = [name for name in new if name in old]
    if before != after:
        yield _Pair(path, [paths.text((name,)) for name in before], [paths.text((name,)) for name in after])


def _by_key(items: Sequence[Any], keys: tuple[str, ...]) -> dict[fieldsets.Item, Any] | None:
    """None where the keys do not tell the items apart."""
    named = {lists.item(item, keys): item for item in items if _is_telling(item, keys)}
    return {name: item for name, item in named.items() if name} if len(named) == len(items) else None


def _is_telling(item: Any, keys: tuple[str, ...]) -> bool:
    name = lists.item(item, keys)
    return name is not None and all(isinstance(part, str | int) for _, part in name)


def _by_position(
    kind: _Kind, path: fieldsets.Path, before: list[Any], after: list[Any], differ: _Differ
) -> Iterator[_Pair]:
    """Told from the first item that differs to the last."""

    def equal(one: Any, other: Any) -> bool:
        return next(differ(kind, (*path, 0), one, other), None) is None

    start, shorter = 0, min(len(before), len(after))
    while start < shorter and equal(before[start], after[start]):
        start += 1
    end = 0
    while end < shorter - start and equal(before[-1 - end], after[-1 - end]):
        end += 1
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    for index in range(max(len(old), len(new))):
        here = (*path, start + index)
        if index < len(old) and index < len(new):
            yield from differ(kind, here, old[index], new[index])
        else:
            yield _Pair(here, *(part[index] if index < len(part) else None for part in (old, new)))


def _plainly_equal(before: Any, after: Any) -> bool:
    """Whether nothing differs, told fast; False means nothing. Python takes True for 1, Kubernetes does not."""
    return _plainly_holds(before, after) and _plainly_holds(after, before)


def _plainly_holds(found: Any, wanted: Any) -> bool:
    """Whether everything wanted is found in its place, item by item; the usual case, told ten times faster.

    False means nothing. Where lists are of one length and each item holds the one that is wanted there, their
    keys agree, too, but for one that the manifest leaves out and that is not its default in the live object.
    """
    kind = wanted.__class__
    if found.__class__ is not kind:
        return False
    if kind is dict:
        for key, item in wanted.items():
            if key not in found:
                return False
            other = found[key]
            if (other != item) if item.__class__ is str else not _plainly_holds(other, item):
                return False
        return lists.has_default_keys(found, wanted)
    if kind is list:
        return len(found) == len(wanted) and all(map(_plainly_holds, found, wanted))
    return bool(found == wanted)


def _lost(kind: _Kind, path: fieldsets.Path, found: Any, wanted: Any) -> Iterator[_Pair]:
    if path in _PER_KEY:
        found = found or {}
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        for key in sorted(wanted):
            yield from _lost(kind, (*path, key), found.get(key), wanted[key])
    elif isinstance(wanted, list) and isinstance(found, list):
        yield from _lost_items(kind, path, found, wanted)
    elif not _same(path, found, wanted) and not (found is None and _is_empty(wanted)):
        yield _Pair(path, found, wanted)


def _lost_items(kind: _Kind, path: fieldsets.Path, found: list[Any], wanted: list[Any]) -> Iterator[_Pair]:
    keys = kind.keys(path)
    if keys == lists.SET:
        if any(item not in found for item in wanted):
            yield _Pair(path, found, wanted)
        return
    for by in (keys,) if keys else ((key,) for key in _TELLING):
        old, new = _by_key(found, by), _by_key(wanted, by)
        if old is not None and new is not None and (keys or [*old] == [*new]):
            for name, item in new.items():
                yield from _lost(kind, (*path, name), old.get(name), item)
            return
    yield from _by_position(kind, path, found, wanted, _lost)


def _is_empty(wanted: Any) -> bool:
    """What a server does not keep: it is the same as nothing."""
    if isinstance(wanted, Mapping):
        return all(_is_empty(item) for item in wanted.values())
    return not wanted


def _same(path: fieldsets.Path, before: Any, after: Any) -> bool:
    if isinstance(before, bool) is not isinstance(after, bool):
        return False
    if before == after:
        return True
    amount = (
        bool(path) and path[0] == "spec" and any(part in _AMOUNTS for part in path if isinstance(part, str))
    )
    return amount and quantities.equal(before, after)
