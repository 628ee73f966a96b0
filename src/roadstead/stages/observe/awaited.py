"""What it takes for an object to have arrived: how it is judged, and which kinds need not be looked at.

An object older than the last write, or of another uid, says nothing of what was written. Kinds
without a status have nothing to become: they are ready when they exist. They are never read in full, so
that no secret comes into memory.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from msgspec import Struct

from roadstead.model.assignment import HealthRule
from roadstead.model.errors import Problem
from roadstead.model.health import Health, State
from roadstead.model.ids import GroupKind
from roadstead.model.inventory import Entry
from roadstead.model.manifests import Manifest
from roadstead.objects import health, marks, ownership

READY = Health(State.READY)
MISSING = Health(State.MISSING, "it does not exist")
UNSERVED = Health(State.MISSING, "the cluster serves no such kind")
_REPLACED = Health(State.MISSING, "it is gone; another has its name")
_UNSEEN = Health(State.PROGRESSING, "waits to see what was written")

WITHOUT_STATUS = frozenset(
    GroupKind(group, kind)
    for group, names in {
        "": "ConfigMap Endpoints Event LimitRange PodTemplate Secret ServiceAccount",
        "admissionregistration.k8s.io": "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding"
        " MutatingWebhookConfiguration ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration",
        "apps": "ControllerRevision",
        "certificates.k8s.io": "ClusterTrustBundle",
        "coordination.k8s.io": "Lease",
        "discovery.k8s.io": "EndpointSlice",
        "events.k8s.io": "Event",
        "networking.k8s.io": "IngressClass IPAddress NetworkPolicy",
        "node.k8s.io": "RuntimeClass",
        "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding Role RoleBinding",
        "resource.k8s.io": "DeviceClass ResourceClaimTemplate",
        "scheduling.k8s.io": "PriorityClass",
        "storage.k8s.io": "CSIDriver CSIStorageCapacity StorageClass VolumeAttributesClass",
    }.items()
    for kind in names.split()
)


class Awaited(Struct, frozen=True):
    """`mark` and `uid` are those that the last write left (model Entry). `finished` asks a Job to be done,
    `gone` the object to be gone. Of a kind without status nothing counts but `rules`."""

    rules: Sequence[HealthRule] = ()
    mark: str = ""
    uid: str = ""
    finished: bool = False
    gone: bool = False

    def settles(self, told: Health) -> bool:
        if self.gone:
            return told.state is State.MISSING
        return told.state in (State.READY, State.SUSPENDED)


def of(
    entry: Entry, manifest: Manifest | None, rules: Sequence[HealthRule] = (), *, finished: bool = False
) -> Awaited:
    """What an applied object has to become; without a manifest it has to go."""
    if manifest is None:
        return Awaited(uid=entry.uid, gone=True)
    own = marks.read(orjson.loads(manifest.body)).health
    if own and own != marks.HEALTH_IGNORED:
        rules = (HealthRule(entry.id.group_kind, own), *rules)
    return Awaited(rules, entry.mark, entry.uid, finished)


def looks_at_status(kind: GroupKind, rules: Sequence[HealthRule]) -> bool:
    return kind not in WITHOUT_STATUS or any(rule.kind == kind for rule in rules)


def unknown(problem: Problem) -> Health:
    return Health(State.UNKNOWN, problem.cause)


def judge(obj: dict[str, Any], awaited: Awaited, pods: Sequence[Mapping[str, Any]] = ()) -> Health:
    """Of an object that has to go no more than the metadata is looked at."""
    is_another = bool(awaited.uid) and obj["metadata"].get("uid") != awaited.uid
    if awaited.gone:
        return _REPLACED if is_another else Health(State.TERMINATING, _leaving(obj))
    if is_another or _version(ownership.mark(obj)) < _version(awaited.mark):
        return _UNSEEN
    now = datetime.now(UTC)
    return health.assess(obj, rules=awaited.rules, pods=pods, finished=awaited.finished, now=now)


def _leaving(obj: Mapping[str, Any]) -> str:
    finalizers = ", ".join(obj["metadata"].get("finalizers") or ())
    return f"waits for its finalizers {finalizers}" if finalizers else "waits to be gone"


def _version(mark: str) -> int:
    """Marks of one object compare as numbers: generations, and resourceVersions (KEP-5504)."""
    digits = mark[1:]
    return int(digits) if digits.isdigit() else 0
