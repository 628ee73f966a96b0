"""Which fields of built-in kinds cannot change on a live object, so that only a new object can have them.

Pure. The table holds what real servers refused (tests/cluster/test_immutable_fields.py tries each row);
the server's reasons do not tell: it says Invalid for a negative replica count as well. A match here is
a suspicion that only a dry-run create of the same object under another name may confirm.

Namespaces, CustomResourceDefinitions, PersistentVolumes and their claims, ResourceClaims and ServiceCIDRs
are missing on purpose: they are never deleted to be made anew, for what others have would go with them.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from roadstead.model.ids import GroupKind

_RBAC, _STORAGE = "rbac.authorization.k8s.io", "storage.k8s.io"

# As the server names them in its answer, its own misspelling included. Older servers name only `spec` for
# some fields below it.
FIELDS: dict[GroupKind, tuple[str, ...]] = {
    GroupKind("", "ConfigMap"): ("data", "binaryData", "immutable"),
    GroupKind("", "Pod"): ("spec",),
    GroupKind("", "ResourceQuota"): ("spec.scopes",),
    GroupKind("", "Secret"): ("data", "immutable", "type"),
    GroupKind("", "Service"): (
        "spec.clusterIP",
        "spec.clusterIPs",
        "spec.ipFamilies",
        "spec.loadBalancerClass",
    ),
    GroupKind("apps", "ControllerRevision"): ("data",),
    GroupKind("apps", "DaemonSet"): ("spec.selector",),
    GroupKind("apps", "Deployment"): ("spec.selector",),
    GroupKind("apps", "ReplicaSet"): ("spec.selector",),
    GroupKind("apps", "StatefulSet"): (
        "spec",
        "spec.podManagementPolicy",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    GroupKind("batch", "Job"): (
        "spec.backoffLimitPerIndex",
        "spec.completionMode",
        "spec.completions",
        "spec.managedBy",
        "spec.podFailurePolicy",
        "spec.podReplacementPolicy",
        "spec.selector",
        "spec.successPolicy",
        "spec.template",
    ),
    GroupKind("discovery.k8s.io", "EndpointSlice"): ("addressType",),
    GroupKind("networking.k8s.io", "IngressClass"): ("spec.controller",),
    GroupKind("node.k8s.io", "RuntimeClass"): ("handler",),
    GroupKind("resource.k8s.io", "ResourceClaimTemplate"): ("spec",),
    GroupKind(_RBAC, "ClusterRoleBinding"): ("roleRef",),
    GroupKind(_RBAC, "RoleBinding"): ("roleRef",),
    GroupKind("scheduling.k8s.io", "PriorityClass"): ("value", "preemptionPolicy"),
    GroupKind(_STORAGE, "CSIDriver"): ("spec.attachedRequired", "spec.volumeLifecycleModes"),
    GroupKind(_STORAGE, "StorageClass"): ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"),
    GroupKind(_STORAGE, "VolumeAttributesClass"): ("driverName", "parameters"),
}

_LONGEST = 63  # a Service's name; others may be longer


def suspected(kind: GroupKind, refused: Iterable[str]) -> tuple[str, ...]:
    """The fields that a refused update named, if each of them is immutable; else nothing: the object is
    wrong in another way, too."""
    found = tuple(refused)
    known = FIELDS.get(kind, ())
    return found if found and all(_below(field, known) for field in found) else ()


def _below(field: str, known: tuple[str, ...]) -> bool:
    """`spec` stands for itself alone: everything is below it."""
    return any(field == one or (one != "spec" and field.startswith((f"{one}.", f"{one}["))) for one in known)


def trial(manifest: dict[str, Any]) -> dict[str, Any]:
    """The same object under a name that nobody has, for a dry-run create."""
    name = manifest["metadata"]["name"]
    hashed = hashlib.sha256(name.encode()).hexdigest()[:8]
    return {
        **manifest,
        "metadata": {**manifest["metadata"], "name": f"{name[: _LONGEST - 9].rstrip('-.')}-{hashed}"},
    }


def only_taken(cause: str, refused: Iterable[str]) -> bool:
    """Whether a trial failed for what the live object itself still holds: a fixed node port, a cluster IP."""
    fields = tuple(refused)
    allocated = all("nodePort" in field or "clusterIP" in field for field in fields)
    return allocated and 0 < len(fields) <= cause.count("already allocated")
