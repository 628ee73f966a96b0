"""Change who owns what on a live object, without changing the object: guarded patches of managedFields.

Each patch holds for one resourceVersion; when the object moved meanwhile it is read and decided anew.
What to patch is decided by objects/ownership and objects/release.
"""

from collections.abc import Callable
from typing import Any

from roadstead.model.errors import ConflictError
from roadstead.model.ids import ObjectId
from roadstead.objects import kinds, ownership
from roadstead.objects.ownership import Former, Patch
from roadstead.stages.apply.cluster import Object, Session
from roadstead.world import crash

_ATTEMPTS = 4
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_OF_SPEC = 2  # `spec.ports[0].name` speaks of what is below spec.ports


async def edit(
    session: Session,
    object_id: ObjectId,
    api_version: str,
    make: Callable[[Object], Patch | None],
    *,
    live: Object | None = None,
) -> Object | None:
    """The object after the patch, or as it was when `make` finds nothing to do; None: there is none."""
    for attempt in range(_ATTEMPTS):
        live = live or await session.get(object_id, api_version)
        patch = make(live) if live else None
        if live is None or patch is None:
            return live
        try:
            patched = await session.patch(object_id, api_version, patch)
        except ConflictError:
            live = None
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            crash.here("ownership-patched")
            return patched
    return None


def take_over(live: Object) -> Patch | None:
    """What former managers set becomes ours, and kubectl's copy of the manifest, secrets in clear, goes."""
    operations = list(ownership.takeover_patch(live) or ())
    if LAST_APPLIED in (live["metadata"].get("annotations") or {}):
        operations = operations or ownership.guarded(live)
        path = "/metadata/annotations/" + LAST_APPLIED.replace("/", "~1")
        operations.append({"op": "remove", "path": path})
    return operations or None


def take_additions(live: Object, manifest: Object, refused: tuple[str, ...]) -> Patch | None:
    """Who added beside us what makes our apply invalid loses it to us; the apply then drops it.

    Only managers whose additions lie where the server found fault are touched, if it named a place.
    """
    places = {_place(field) for field in refused}
    intruders = {
        Former(owner.manager, owner.operation)
        for path, owner in ownership.additions(live, manifest)
        if path[0] != "metadata" and (not places or any(_near(path, place) for place in places))
    }
    return ownership.takeover_patch(live, intruders) if intruders else None


def _place(field: str) -> tuple[str, ...]:
    """`spec.ports[1].name` is about ("spec", "ports"), `spec` about all of it."""
    return tuple(part.partition("[")[0] for part in field.split("."))[:_OF_SPEC]


def _near(path: tuple[Any, ...], place: tuple[str, ...]) -> bool:
    return path[: len(place)] == place


def current_versions(live: Object, versions: tuple[str, ...]) -> Patch | None:
    """Entries at versions that are no longer served make every apply fail."""
    group = kinds.of(live).group
    return ownership.stale_versions(
        live, {f"{group}/{version}" if group else version for version in versions}
    )


def carried(live: Object) -> Object:
    """All that the object holds, as a manifest at its version: applied once, it makes us own the old fields
    under their new names, so that the next apply can drop them."""
    metadata = {key: live["metadata"][key] for key in ("name", "namespace") if key in live["metadata"]}
    return {key: value for key, value in live.items() if key not in ("metadata", "status")} | {
        "metadata": metadata
    }
