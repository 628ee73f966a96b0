"""Who owns which field of a live object, as its managedFields tell it; and how we take fields over.

Pure: reads live objects and makes JSON patches; sending them is stages/apply. Every patch replaces
`metadata.resourceVersion` by the one it was made for, so that the server answers 409 when the object
moved meanwhile (a `test` operation would answer 422, which looks like invalid content).

Never taken over: finalizers, owner references, status, anything written through a subresource, and
managers that are not on the list. A PersistentVolume whose every manager was merged lost its claim.
"""

import hashlib
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from roadstead.model.facts import ApiResource
from roadstead.model.live import Live
from roadstead.objects import fieldsets, kinds, marks

MANAGER = "roadstead"
PART_OF = "applyset.kubernetes.io/part-of"

Patch = list[dict[str, Any]]
Entry = Mapping[str, Any]
Object = Mapping[str, Any]


class Former(NamedTuple):
    """A field manager that applied whole manifests before us; what it set and we do not, goes."""

    manager: str
    operation: str


FORMER = frozenset(
    Former(manager, operation)
    for operations, managers in {
        ("Update",): (
            "fleetagent",
            "HashiCorp",
            "kapp",
            "kubectl-autoscale",
            "kubectl-client-side-apply",
            "kubectl-create",
            "kubectl-expose",
            "kubectl-replace",
            "kubectl-run",
        ),
        ("Apply",): ("configsync", "flux", "kluctl", "kustomize-controller"),
        ("Update", "Apply"): (
            "argocd-application-controller",
            "argocd-controller",
            "helm",
            "helm-controller",
            "kubectl",
            "Terraform",
        ),
    }.items()
    for operation in operations
    for manager in managers
)

# Made by the server when an object without managedFields is applied to. It names every field of the
# object, defaults and other controllers' fields too: it is dropped, never merged.
BEFORE_FIRST_APPLY = Former("before-first-apply", "Update")

_CLUSTER = (
    BEFORE_FIRST_APPLY.manager,
    "cloud-controller-manager",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
)
# Labels and annotations by which former managers know their objects: they mean nothing to the object.
_BOOKKEEPING = re.compile(
    r"kubectl\.kubernetes\.io/last-applied-configuration|app\.kubernetes\.io/managed-by|meta\.helm\.sh/.+"
    r"|(argocd\.argoproj\.io|helm\.toolkit\.fluxcd\.io|kustomize\.toolkit\.fluxcd\.io)/.+"
)
_RESTARTED = "kubectl.kubernetes.io/restartedAt"
_NEVER = (("f:metadata", "f:finalizers"), ("f:metadata", "f:ownerReferences"), ("f:status",))


class Owner(NamedTuple):
    manager: str
    operation: str
    subresource: str
    time: str


def live(obj: Object | bytes, resource: ApiResource | None = None) -> Live:
    """What is remembered of an object or of its metadata alone. Items of a list do not name their kind:
    `resource` tells it then."""
    item = orjson.loads(obj) if isinstance(obj, bytes) else obj
    metadata = item["metadata"]
    return Live(
        id=kinds.identify(item, resource.group_kind if resource else None),
        uid=metadata.get("uid", ""),
        resource_version=metadata.get("resourceVersion", ""),
        mark=mark(item),
        part_of=sys.intern((metadata.get("labels") or {}).get(PART_OF, "")),  # one for many objects
        signature=signature(item),
        deleting="deletionTimestamp" in metadata,
        orphan=marks.read(item).orphan,
    )


def mark(obj: Object) -> str:
    """Changes whenever the content does: the generation, or where there is none the resourceVersion."""
    metadata = obj["metadata"]
    generation = metadata.get("generation")
    return f"g{generation}" if generation else f"v{metadata.get('resourceVersion', '')}"


def signature(obj: Object, manager: str = MANAGER) -> str:
    """Hash of what we own by our last apply; empty where we never applied or lost the entry."""
    entry = applied(obj, manager)
    if entry is None:
        return ""
    # Sets of fields hold no numbers, the one thing that takes more than sorting to be canonical.
    told = orjson.dumps([entry.get("apiVersion", ""), fields(entry)], option=orjson.OPT_SORT_KEYS)
    return sys.intern(hashlib.sha256(told).hexdigest()[:24])  # one for many objects


def applied(obj: Object, manager: str = MANAGER) -> Entry | None:
    """Our own entry."""
    return next((entry for entry in entries(obj) if _is(entry, manager, "Apply")), None)


def fields(entry: Entry | None) -> fieldsets.Fields:
    return (entry or {}).get("fieldsV1") or fieldsets.EMPTY


def entries(obj: Object) -> list[Entry]:
    return (obj.get("metadata") or {}).get("managedFields") or []


def owner(entry: Entry) -> Owner:
    return Owner(
        entry.get("manager", ""),
        entry.get("operation", ""),
        entry.get("subresource", ""),
        entry.get("time", ""),
    )


def owner_of(obj: Object, path: fieldsets.Path) -> list[Owner]:
    """Who owns the field, the latest first. Nobody does when a client wiped the entries."""
    named = [(fieldsets.reach(fields(entry), path), owner(entry)) for entry in entries(obj)]
    best = max((reach for reach, _ in named), default=0)
    found = [one for reach, one in named if best and reach == best]
    return sorted(found, key=lambda one: one.time, reverse=True)


def kept(obj: Object, manifest: Object, manager: str = MANAGER) -> list[tuple[fieldsets.Path, list[Owner]]]:
    """Fields that we own, that the manifest drops, and that stay live: others own them, too."""
    found = []
    for path in fieldsets.missing(fields(applied(obj, manager)), manifest):
        others = [one for one in owner_of(obj, path) if (one.manager, one.operation) != (manager, "Apply")]
        if others:
            found.append((path, others))
    return found


def is_bookkeeping(path: fieldsets.Path) -> bool:
    """Whether the field only tells a former manager that the object is its own."""
    return path[:2] in (("metadata", "labels"), ("metadata", "annotations")) and bool(
        len(path) > 2 and _BOOKKEEPING.fullmatch(str(path[2]))
    )


def additions(
    obj: Object, manifest: Object, manager: str = MANAGER
) -> Iterator[tuple[fieldsets.Path, Owner]]:
    """What others set beside the manifest: whole list items, and single fields elsewhere.

    Status, what the cluster's own controllers write, and the annotation by which `kubectl rollout
    restart` works are no additions.
    """
    metadata = {"labels": {}, "annotations": {}, **manifest["metadata"]}
    wanted = {**manifest, "metadata": metadata}
    for entry in entries(obj):
        if entry.get("manager") in (manager, *_CLUSTER) or entry.get("subresource"):
            continue
        for path in fieldsets.missing(_foreign(entry), wanted):
            if path[-1] != _RESTARTED:
                yield path, owner(entry)


def takeover_patch(obj: Object, former: Collection[Former] = FORMER, manager: str = MANAGER) -> Patch | None:
    """Give us what former managers set, so that what the manifest no longer has goes at the next apply.

    Also drops `before-first-apply`, which would keep every removed field alive. None: nothing to do.
    `obj` is the live object, read whole and at the version that will be applied.
    """
    before = entries(obj)
    ours = applied(obj, manager)
    version = ours["apiVersion"] if ours else obj["apiVersion"]
    merged = fields(ours)
    after: list[Entry] = []
    for entry in before:
        if entry is ours or _is(entry, *BEFORE_FIRST_APPLY):
            continue
        if _is_former(entry, former) and version in (entry.get("apiVersion"), obj["apiVersion"]):
            merged = fieldsets.union(merged, fieldsets.existing(_foreign(entry), obj))
            after += _remainder(entry)
        else:
            after.append(entry)
    if ours or merged:
        after.insert(0, _own_entry(ours, version, merged, manager))
    if not after or (len(after) == len(before) and all(entry in before for entry in after)):
        return None
    return guarded(obj, {"op": "replace", "path": "/metadata/managedFields", "value": after})


def stale_versions(obj: Object, served: Collection[str]) -> Patch | None:
    """Move entries at versions that are no longer served to the object's own: they fail every apply.

    `served` holds apiVersions (`autoscaling/v2`) of the object's kind. None: there is no such entry.
    """
    stale = [index for index, entry in enumerate(entries(obj)) if entry.get("apiVersion") not in served]
    path = "/metadata/managedFields/{}/apiVersion"
    moves = [{"op": "replace", "path": path.format(index), "value": obj["apiVersion"]} for index in stale]
    return guarded(obj, *moves) if moves else None


def _own_entry(ours: Entry | None, version: str, merged: fieldsets.Fields, manager: str) -> Entry:
    if ours and fields(ours) == merged:
        return ours
    made = {"manager": manager, "operation": "Apply", "apiVersion": version, "fieldsType": "FieldsV1"}
    return {**made, **(ours or {}), "fieldsV1": merged}


def _foreign(entry: Entry) -> fieldsets.Fields:
    kept = fields(entry)
    for place in _NEVER:
        kept = fieldsets.without(kept, place)
    return kept


def _remainder(entry: Entry) -> list[Entry]:
    """What the former manager keeps."""
    kept = fieldsets.EMPTY
    for place in _NEVER:
        kept = fieldsets.union(kept, fieldsets.only(fields(entry), place))
    return [{**entry, "fieldsV1": kept}] if kept else []


def guarded(obj: Object, *operations: dict[str, Any]) -> Patch:
    """The operations as a patch that fails when the object moved on since it was read."""
    version = obj["metadata"]["resourceVersion"]
    return [{"op": "replace", "path": "/metadata/resourceVersion", "value": version}, *operations]


def _is(entry: Entry, manager: str, operation: str) -> bool:
    return owner(entry)[:3] == (manager, operation, "")


def _is_former(entry: Entry, former: Collection[Former]) -> bool:
    manager, operation, subresource, _ = owner(entry)
    return not subresource and (manager, operation) in former
