"""Which lists of the built-in kinds are merged item by item, and by which keys.

The lists that Kubernetes' API types mark with patchStrategy "merge", as far as people write them (status is
left out). Where the server tells items apart by more keys than the patch key, all of them stand here, or a
patch for port 53/UDP would change 53/TCP. A list without keys holds plain values and is merged as a set.
Lists of kinds that are not built in are replaced whole, as kubectl and kustomize do.
"""

from collections.abc import Mapping
from functools import lru_cache

from roadstead.model.ids import GroupKind

Keys = Mapping[tuple[str, ...], tuple[str, ...]]  # path of the list, without indexes -> keys of its items

# What an item means that does not write the key.
DEFAULTS = {"protocol": "TCP"}

_METADATA: dict[str, tuple[str, ...]] = {"finalizers": (), "ownerReferences": ("uid",)}
_CONTAINER = {
    "env": ("name",),
    "ports": ("containerPort", "protocol"),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
}
_POD = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "volumes": ("name",),
    "imagePullSecrets": ("name",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "schedulingGates": ("name",),
    "resourceClaims": ("name",),
}
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")

_PODS = {
    "Pod": ("spec",),
    "PodTemplate": ("template", "spec"),
    "ReplicationController": ("spec", "template", "spec"),
    "apps/Deployment": ("spec", "template", "spec"),
    "apps/StatefulSet": ("spec", "template", "spec"),
    "apps/DaemonSet": ("spec", "template", "spec"),
    "apps/ReplicaSet": ("spec", "template", "spec"),
    "batch/Job": ("spec", "template", "spec"),
    "batch/CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_OTHERS: dict[str, Keys] = {
    "Service": {("spec", "ports"): ("port", "protocol")},
    "ServiceAccount": {("secrets",): ("name",)},
    "Node": {("spec", "podCIDRs"): ()},
    "admissionregistration.k8s.io/MutatingWebhookConfiguration": {
        ("webhooks",): ("name",),
        ("webhooks", "matchConditions"): ("name",),
    },
    "admissionregistration.k8s.io/ValidatingWebhookConfiguration": {
        ("webhooks",): ("name",),
        ("webhooks", "matchConditions"): ("name",),
    },
    "admissionregistration.k8s.io/MutatingAdmissionPolicy": {("spec", "matchConditions"): ("name",)},
    "admissionregistration.k8s.io/ValidatingAdmissionPolicy": {
        ("spec", "matchConditions"): ("name",),
        ("spec", "variables"): ("name",),
    },
    "storage.k8s.io/CSINode": {("spec", "drivers"): ("name",)},
}


@lru_cache
def of(kind: GroupKind) -> Keys:
    keys: dict[tuple[str, ...], tuple[str, ...]] = {
        ("metadata", field): names for field, names in _METADATA.items()
    }
    pod = _PODS.get(str(kind))
    if pod is not None:
        keys |= {(*pod, field): names for field, names in _POD.items()}
        keys |= {(*pod, one, field): names for one in _CONTAINERS for field, names in _CONTAINER.items()}
    return {**keys, **_OTHERS.get(str(kind), {})}
