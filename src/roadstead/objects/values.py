"""Compare the values of one owned object with what was applied, where no dry run may be asked.

Pure. Tells what a forced apply would write, as far as that can be told without the server: its defaults are
no difference, its admission is not foreseen. Quantities are compared as amounts, lists by their keys, and
values of Secrets are redacted (objects/difference.py).
"""

from collections.abc import Iterator
from typing import Any

from roadstead.language import paths
from roadstead.model.ids import GroupKind
from roadstead.model.plan import FieldChange
from roadstead.objects import difference, fieldsets, kinds, ownership, redact

Object = dict[str, Any]

_CLUSTER_ROLE = GroupKind("rbac.authorization.k8s.io", "ClusterRole")


def changed(manifest: Object, live: Object, *, part_of: str = "") -> list[FieldChange]:
    """The fields that are not as applied, with who holds them and since when: `before` is live, `after` what
    the manifest says, None where it says nothing any more. `part_of` is our label's value."""
    wanted = _labelled(manifest, part_of) if part_of else manifest
    told = difference.attribute(difference.drift(wanted, live), live, drifted=True)
    return [*told, *_dropped(wanted, live)]


def edited(manifest: Object, live: Object, *, part_of: str) -> tuple[FieldChange, ...]:
    """As `changed`, where what we applied was certainly edited since, so that no dry run need tell; else empty.

    Who sets a field of ours to another value takes it from us. So it is certain where others alone hold each
    field that differs, of a kind of which all spellings are known that a server may keep instead of ours.
    """
    found = changed(manifest, live, part_of=part_of)
    certain = kinds.is_built_in(kinds.of(live)) and all(_is_taken(one, live) for one in found)
    return tuple(found) if certain else ()


def _is_taken(change: FieldChange, live: Object) -> bool:
    told = change.before is not None and change.after is not None
    return told and _is_others(live, paths.parse(change.path))


def taken(manifest: Object, seen: Object) -> tuple[FieldChange, ...]:
    """What others alone held of what we write when it was seen, whole or its metadata: `before` is what it was
    where that was seen, too."""
    found: dict[str, FieldChange] = {}
    shown, wanted = redact.secret(seen), redact.secret(manifest)
    for entry in ownership.entries(seen):
        if ownership.owner(entry).manager.startswith(ownership.MANAGER):
            continue
        for path in fieldsets.members(fieldsets.existing(ownership.fields(entry), manifest)):
            before, after = _at(shown, path), _at(wanted, path)
            change = FieldChange(
                paths.text(path), before, after, ownership.owner(entry).manager, ownership.owner(entry).time
            )
            if (
                after is not None
                and not isinstance(after, dict)
                and before != after
                and _is_others(seen, path)
            ):
                found[change.path] = change
    return tuple(found.values())


def _is_others(live: Object, path: fieldsets.Path) -> bool:
    owners = ownership.owner_of(live, path)
    return bool(owners) and not any(one.manager.startswith(ownership.MANAGER) for one in owners)


def _at(value: object, path: fieldsets.Path) -> object:
    for part in path:
        value = fieldsets.step(value, part)
    return None if value is fieldsets.ABSENT else value


def additions(live: Object, manifest: Object) -> list[FieldChange]:
    """What others set beside us. `after` is None: Git does not have it.

    No addition is what the cluster and its controllers fill in for everybody: status, injected CA bundles,
    rules of an aggregated ClusterRole, a restart by kubectl, what former managers note for themselves.
    """
    return [
        change
        for path, owner in ownership.additions(live, manifest)
        if not _is_filled_in(live, path) and not owner.manager.startswith(f"{ownership.MANAGER}-")
        for change in _held(live, path, owner)
    ]


def _dropped(manifest: Object, live: Object) -> Iterator[FieldChange]:
    """What we own alone and the manifest does not have: somebody applied under our name, or Git moved on."""
    entry = ownership.applied(live)
    for path in fieldsets.missing(ownership.fields(entry), manifest):
        if entry and ownership.owner_of(live, path) == [ownership.owner(entry)]:
            yield from _held(live, path, ownership.owner(entry))


def _held(live: Object, path: fieldsets.Path, owner: ownership.Owner) -> Iterator[FieldChange]:
    """A field that is live and shall not be; entries may also name what is gone."""
    value = _at(redact.secret(live), path)
    if value is not None:
        yield FieldChange(paths.text(path), value, None, owner.manager, owner.time)


def _labelled(manifest: Object, part_of: str) -> Object:
    metadata = manifest["metadata"]
    labels = {**(metadata.get("labels") or {}), ownership.PART_OF: part_of}
    return {**manifest, "metadata": {**metadata, "labels": labels}}


def _is_filled_in(live: Object, path: fieldsets.Path) -> bool:
    if path[-1] == "caBundle" or ownership.is_bookkeeping(path):
        return True
    return path[0] == "rules" and kinds.of(live) == _CLUSTER_ROLE and bool(live.get("aggregationRule"))
