"""Strategic merge patches: merging that knows which list items belong together.

The rules of kubectl's patch --type strategic, with kustomize's reading where the two differ and kustomize's
is the safer one: `$patch: delete` removes the field (kubectl leaves an empty one), at the root the object;
`- $patch: delete` alone removes the list; `$patch: replace` beside a merge key replaces that item only.
New items stand before the others, in the patch's order; known ones keep their place as far as both orders
allow. Which lists are merged is passed in (merge_keys.py).
"""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from roadstead.language import merge_keys, paths
from roadstead.model import errors, reasons

_ORDER = "$setElementOrder/"
_DROP = "$deleteFromPrimitiveList/"
_DELETED = object()

Path = tuple[str, ...]
Entry = tuple[int | None, Any]  # a list item with its index in the original, None for a new one


def merge(original: dict[str, Any], patch: dict[str, Any], keys: merge_keys.Keys) -> dict[str, Any] | None:
    """The merged object, None when the patch deletes it. Raises StalledError(BadPatch)."""
    merged = _map(original, patch, (), keys)
    return None if merged is _DELETED else merged


def _map(original: dict[str, Any], patch: dict[str, Any], path: Path, keys: merge_keys.Keys) -> Any:
    directive = _directive(patch, path)
    if directive == "replace":
        return _written(patch, path)
    if directive == "delete":
        return _DELETED
    out = _retained(original, patch, path)
    for field in dict.fromkeys(key.removeprefix(_ORDER).removeprefix(_DROP) for key in patch):
        if field in ("$patch", "$retainKeys"):
            continue
        merged = _field(out.get(field), patch, field, (*path, field), keys)
        if merged is _DELETED:
            out.pop(field, None)
        else:
            out[field] = merged
    return out


def _retained(original: dict[str, Any], patch: dict[str, Any], path: Path) -> dict[str, Any]:
    retain = patch.get("$retainKeys")
    if retain is None:
        return dict(original)
    strays = [
        key for key, value in patch.items() if key[0] != "$" and value is not None and key not in retain
    ]
    if strays:
        raise _bad_patch(path, f"$retainKeys leaves out what the patch sets: {', '.join(strays)}")
    return {key: value for key, value in original.items() if key in retain}


def _field(before: Any, patch: dict[str, Any], field: str, path: Path, keys: merge_keys.Keys) -> Any:
    if _DROP + field in patch and isinstance(before, list):
        before = [item for item in before if item not in patch[_DROP + field]]
    if field in patch:
        after = _value(before, patch[field], path, keys)
    else:
        after = _DELETED if before is None else before
    order = patch.get(_ORDER + field)
    if order is None or not isinstance(after, list):
        return after
    known = before if isinstance(before, list) else []
    names = keys.get(path, ())
    entries = [(_find(known, item, names), item) for item in after]
    return _arranged(entries, [_find(order, item, names) for item in after])


def _value(before: Any, after: Any, path: Path, keys: merge_keys.Keys) -> Any:
    if after is None:
        return _DELETED
    if isinstance(before, dict) and isinstance(after, dict):
        return _map(before, after, path, keys)
    if isinstance(before, list) and isinstance(after, list):
        return _list(before, after, path, keys)
    return _written(after, path)


def _list(before: list[Any], after: list[Any], path: Path, keys: merge_keys.Keys) -> Any:
    alone = {_directive(item, path) for item in after if isinstance(item, dict) and item.keys() == {"$patch"}}
    if "delete" in alone:
        return _DELETED
    if "replace" in alone or path not in keys:
        return _written(after, path)
    merging = _Merging(list(enumerate(before)), [None] * len(before), path, keys)
    for rank, item in enumerate(after):
        if not (isinstance(item, dict) and item.keys() == {"$patch"}):
            merging.take(item, rank)
    return _arranged(merging.entries, merging.ranks)


class _Merging(Struct):
    """A list while a patch's items are taken in; `ranks` are their places in the patch."""

    entries: list[Entry]
    ranks: list[int | None]
    path: Path
    keys: merge_keys.Keys

    def take(self, item: Any, rank: int) -> None:
        names = self.keys[self.path]
        if names and (not isinstance(item, dict) or names[0] not in item):
            raise _bad_patch(self.path, f"a list item lacks its merge key: {names[0]}")
        position = _find([value for _, value in self.entries], item, names)
        if position is None:
            value = _written(item, self.path)
            if value is not _DELETED:
                self.entries.append((None, value))
                self.ranks.append(rank)
            return
        index, known = self.entries[position]
        merged = _map(known, item, self.path, self.keys) if names else known
        if merged is _DELETED:
            del self.entries[position], self.ranks[position]
        else:
            self.entries[position], self.ranks[position] = (index, merged), rank


def _find(items: Sequence[Any], wanted: Any, names: tuple[str, ...]) -> int | None:
    """The first item with the keys that `wanted` writes; plain values are compared whole."""
    if not names:
        return next((index for index, item in enumerate(items) if item == wanted), None)
    key = {name: wanted[name] for name in names if name in wanted}
    for index, item in enumerate(items):
        if isinstance(item, dict) and all(
            item.get(name, merge_keys.DEFAULTS.get(name)) == value for name, value in key.items()
        ):
            return index
    return None


def _arranged(entries: list[Entry], ranks: Sequence[int | None]) -> list[Any]:
    """Ranked entries in the order of their ranks, and each other one before the first ranked entry that
    followed it in the original."""
    ranked = sorted(
        ((rank, entry) for rank, entry in zip(ranks, entries, strict=True) if rank is not None),
        key=lambda pair: pair[0],
    )
    out: list[Any] = []
    rest = [entry for rank, entry in zip(ranks, entries, strict=True) if rank is None]
    for _, (index, value) in ranked:
        while rest and index is not None and rest[0][0] is not None and rest[0][0] < index:
            out.append(rest.pop(0)[1])
        out.append(value)
    return out + [value for _, value in rest]


def _written(value: Any, path: Path) -> Any:
    """A patch's value where nothing was: without directives, nulls and what it deletes."""
    if isinstance(value, dict):
        if _directive(value, path) == "delete":
            return _DELETED
        cleaned = {key: _written(item, (*path, key)) for key, item in value.items() if not _is_directive(key)}
        return {key: item for key, item in cleaned.items() if item is not None and item is not _DELETED}
    if isinstance(value, list):
        items = [
            _written(item, path)
            for item in value
            if not (isinstance(item, dict) and item.keys() == {"$patch"})
        ]
        return [item for item in items if item is not _DELETED]
    return value


def _is_directive(key: str) -> bool:
    return key in ("$patch", "$retainKeys") or key.startswith((_ORDER, _DROP))


def _directive(patch: dict[str, Any], path: Path) -> str | None:
    directive = patch.get("$patch")
    if directive in (None, "merge", "replace", "delete"):
        return directive
    raise _bad_patch(path, f"unknown $patch directive: {directive}")


def _bad_patch(path: Path, cause: str) -> errors.RoadsteadError:
    place = errors.Place(field=paths.text(path))
    return errors.error(errors.Problem(reasons.BAD_PATCH, cause, place=place))
