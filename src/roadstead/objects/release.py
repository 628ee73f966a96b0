"""Let go of what we own on a live object: single fields that are left to others, or all of it.

Pure, as ownership.py. A field that only we own goes back to its default when a manifest drops it: replicas
handed to an autoscaler would fall to 1. So our managedFields entry forgets the field first; what nobody
owns, an apply leaves alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from roadstead.language import paths
from roadstead.model.ids import GroupKind
from roadstead.objects import fieldsets, kinds, ownership, places

Object = dict[str, Any]

ANY = "*"
_REPLICAS = "/spec/replicas"
_SCALED = frozenset(
    GroupKind.parse(kind)
    for kind in ("apps/Deployment", "apps/ReplicaSet", "apps/StatefulSet", "ReplicationController")
)


def left(manifest: Object, rules: Sequence[str] = ()) -> tuple[str, ...]:
    """JSON pointers of the fields that are others' in an object that exists: those the bundle's rules name,
    and the replicas of a workload whose manifest names none (somebody scales it)."""
    spec = manifest.get("spec") or {}
    if kinds.of(manifest) in _SCALED and "replicas" not in spec:
        return (*rules, _REPLICAS)
    return tuple(rules)


def strip(manifest: Object, pointers: Iterable[str]) -> Object:
    """The manifest without these fields; a list item goes with all its keys only when the pointer ends there."""
    stripped = manifest
    for pointer in pointers:
        stripped = _without(stripped, paths.parse_pointer(pointer))
    return stripped


def give_up(live: Object, manifest: Object, pointers: Iterable[str]) -> ownership.Patch | None:
    """Make our entry forget these fields. `manifest` is the whole one: indexes in pointers are its own.
    None: we own none of them."""
    ours = ownership.applied(live)
    if ours is None:
        return None
    owned = kept = ownership.fields(ours)
    for pointer in pointers:
        for place in _places(owned, manifest, paths.parse_pointer(pointer)):
            kept = fieldsets.without(kept, place)
    if kept == owned:
        return None
    entries = [{**entry, "fieldsV1": kept} if entry is ours else entry for entry in ownership.entries(live)]
    return ownership.guarded(live, {"op": "replace", "path": "/metadata/managedFields", "value": entries})


def kept(live: Object, manifest: Object, pointers: Iterable[str], result: Object) -> Object:
    """What a dry run would have answered had `give_up` gone before: the fields keep their live values."""
    owned = ownership.fields(ownership.applied(live))
    for pointer in pointers:
        for place in _places(owned, manifest, paths.parse_pointer(pointer)):
            path = tuple(fieldsets.element(key) for key in place)
            result = places.put(result, path, places.get(live, path))
    return result


def orphan(live: Object) -> ownership.Patch:
    """Take our label and our entry from an object that stays."""
    entries = [
        entry
        for entry in ownership.entries(live)
        if (entry.get("manager"), entry.get("operation")) != (ownership.MANAGER, "Apply")
    ]
    operations = [{"op": "replace", "path": "/metadata/managedFields", "value": entries or [{}]}]
    if ownership.PART_OF in (live["metadata"].get("labels") or {}):
        operations.append({"op": "remove", "path": paths.pointer(("metadata", "labels", ownership.PART_OF))})
    return ownership.guarded(live, *operations)


def _without(value: Any, path: tuple[str, ...]) -> Any:
    head, *rest = path
    if isinstance(value, list):
        if not head.isdecimal() or int(head) >= len(value):
            return value
        index = int(head)
        kept = [_without(value[index], tuple(rest))] if rest else []
        return [*value[:index], *kept, *value[index + 1 :]]
    if not isinstance(value, Mapping):
        return value
    names = [name for name in value if head in (ANY, name)]
    if not rest:
        return {name: below for name, below in value.items() if name not in names}
    return {name: _without(below, tuple(rest)) if name in names else below for name, below in value.items()}


def _places(fields: fieldsets.Fields, value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Where `fields` holds the path, in the spelling of managedFields."""
    if not path:
        yield ()
        return
    head, *rest = path
    for key, below in fields.items():
        if key == ".":
            continue
        part = fieldsets.element(key)
        if isinstance(part, str):
            matches = head in (ANY, part)
            inside = value.get(part) if isinstance(value, Mapping) else None
        else:
            inside = _item(value, head)
            matches = isinstance(part, tuple) and _is(inside, part)
        if matches:
            for place in _places(below, inside, tuple(rest)):
                yield (key, *place)


def _item(value: Any, index: str) -> Any:
    known = isinstance(value, list) and index.isdecimal() and int(index) < len(value)
    return value[int(index)] if known else None


def _is(item: Any, keys: tuple[tuple[str, object], ...]) -> bool:
    return isinstance(item, Mapping) and all(item.get(name, wanted) == wanted for name, wanted in keys)
