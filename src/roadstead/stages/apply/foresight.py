"""What a dry run would have answered, had the changes of ownership gone before that apply makes.

Pure. A dry run cannot build on another one: fields that former managers set and Git has no more, and
fields left to others, are worked out from managedFields instead.
"""

from collections.abc import Sequence
from typing import Any

from roadstead.objects import fieldsets, ownership, places, release
from roadstead.stages.apply import editing
from roadstead.stages.apply.cluster import Object


def foresee(
    answer: Object, live: Object, manifest: Object, pointers: Sequence[str], fresh: Object | None
) -> Object:
    """`answer` is a forced dry run's; `manifest` is the whole one, left fields included; `fresh` is what a
    new object of this manifest would be, for what is dropped goes back to its default."""
    foreseen = release.kept(live, manifest, pointers, answer)
    for path in dropped(live, manifest):
        default = places.get(fresh, path) if fresh else fieldsets.ABSENT
        foreseen = (
            places.drop(foreseen, path)
            if default is fieldsets.ABSENT
            else places.put(foreseen, path, default)
        )
    return foreseen


def dropped(live: Object, manifest: Object) -> list[fieldsets.Path]:
    """What goes with the former managers: it is theirs alone, and not in the manifest."""
    patch = editing.take_over(live)
    if patch is None:
        return []
    after = {"metadata": {"managedFields": _entries_after(live, patch)}}
    ours = ownership.applied(after)
    others = [ownership.fields(entry) for entry in ownership.entries(after) if entry is not ours]
    found = [
        path
        for path in fieldsets.missing(ownership.fields(ours), manifest)
        if not any(fieldsets.reach(other, path) == len(path) for other in others)
    ]
    if any(operation["op"] == "remove" for operation in patch):
        found.append(("metadata", "annotations", editing.LAST_APPLIED))
    return found


def _entries_after(live: Object, patch: ownership.Patch) -> list[Any]:
    replaced = [one["value"] for one in patch if one["path"] == "/metadata/managedFields"]
    return list(replaced[0]) if replaced else list(ownership.entries(live))
