"""What a dry run would have answered, had the changes of ownership gone before that apply makes.

Pure. A dry run cannot build on another one: fields that former managers set and Git has no more, and
fields left to others, are worked out from managedFields instead.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from roadstead.objects import fieldsets, ownership, places, release
from roadstead.stages.apply import editing
from roadstead.stages.apply.cluster import Object


def foresee(live: Object, manifest: Object, pointers: Sequence[str], answer: Object) -> Object:
    """`answer` is a forced dry run's; `manifest` is the whole one, left fields included."""
    foreseen = release.kept(live, manifest, pointers, answer)
    for path in _dropped(live, manifest):
        foreseen = places.drop(foreseen, path)
    return foreseen


def _dropped(live: Object, manifest: Object) -> list[fieldsets.Path]:
    """What goes with the former managers: it is theirs alone, and not in the manifest."""
    patch = editing.take_over(live)
    if patch is None:
        return []
    after: Mapping[str, Any] = {"metadata": {"managedFields": _entries_after(live, patch)}}
    others = [
        ownership.fields(entry)
        for entry in ownership.entries(dict(after))
        if entry is not ownership.applied(dict(after))
    ]
    found = [
        path
        for path in fieldsets.missing(ownership.fields(ownership.applied(dict(after))), manifest)
        if not any(fieldsets.reach(other, path) == len(path) for other in others)
    ]
    if any(operation["op"] == "remove" for operation in patch):
        found.append(("metadata", "annotations", editing.LAST_APPLIED))
    return found


def _entries_after(live: Object, patch: ownership.Patch) -> list[Any]:
    replaced = [one["value"] for one in patch if one["path"] == "/metadata/managedFields"]
    return list(replaced[0]) if replaced else list(ownership.entries(live))
