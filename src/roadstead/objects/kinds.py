"""The kinds every Kubernetes has: where they live, how they change, what waits for them.

For offline work only: what a cluster itself says (facts) is better and is asked first by callers.
Kinds that CustomResourceDefinitions among the rendered objects bring are read from them here.
"""

from collections.abc import Mapping
from typing import Any

from roadstead.model.ids import GroupKind, ObjectId, split_api_version


def _table(text: str) -> frozenset[GroupKind]:
    """Lines of `group: Kind Kind …`; the core group is written `core`."""
    found = set()
    for line in text.strip().splitlines():
        group, _, names = line.partition(":")
        found |= {GroupKind(group.strip().removeprefix("core"), kind) for kind in names.split()}
    return frozenset(found)


NAMESPACED = _table(
    """
    core: Binding ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate
    core: ReplicationController ResourceQuota Secret Service ServiceAccount
    apps: ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet
    authorization.k8s.io: LocalSubjectAccessReview
    autoscaling: HorizontalPodAutoscaler
    batch: CronJob Job
    certificates.k8s.io: PodCertificateRequest
    coordination.k8s.io: Lease LeaseCandidate
    discovery.k8s.io: EndpointSlice
    events.k8s.io: Event
    networking.k8s.io: Ingress NetworkPolicy
    policy: Eviction PodDisruptionBudget
    rbac.authorization.k8s.io: Role RoleBinding
    resource.k8s.io: ResourceClaim ResourceClaimTemplate
    scheduling.k8s.io: CompositePodGroup PodGroup Workload
    storage.k8s.io: CSIStorageCapacity
    """
)

CLUSTER_SCOPED = _table(
    """
    core: ComponentStatus Namespace Node PersistentVolume
    admissionregistration.k8s.io: MutatingAdmissionPolicy MutatingAdmissionPolicyBinding
    admissionregistration.k8s.io: MutatingWebhookConfiguration ValidatingAdmissionPolicy
    admissionregistration.k8s.io: ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration
    apiextensions.k8s.io: CustomResourceDefinition
    apiregistration.k8s.io: APIService
    authentication.k8s.io: SelfSubjectReview TokenReview
    authorization.k8s.io: SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview
    certificates.k8s.io: CertificateSigningRequest ClusterTrustBundle
    flowcontrol.apiserver.k8s.io: FlowSchema PriorityLevelConfiguration
    internal.apiserver.k8s.io: StorageVersion
    networking.k8s.io: IPAddress IngressClass ServiceCIDR
    node.k8s.io: RuntimeClass
    policy: PodSecurityPolicy
    rbac.authorization.k8s.io: ClusterRole ClusterRoleBinding
    resource.k8s.io: DeviceClass DeviceTaintRule ResourceSlice
    scheduling.k8s.io: PriorityClass
    storage.k8s.io: CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass
    storagemigration.k8s.io: StorageVersionMigration
    """
)

# Their resourceVersion is the only sign of a change: the server keeps no metadata.generation for them.
WITHOUT_GENERATION = _table(
    """
    core: ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume PersistentVolumeClaim
    core: ResourceQuota Secret Service ServiceAccount
    apiregistration.k8s.io: APIService
    apps: ControllerRevision
    certificates.k8s.io: CertificateSigningRequest ClusterTrustBundle PodCertificateRequest
    coordination.k8s.io: Lease LeaseCandidate
    events.k8s.io: Event
    networking.k8s.io: IPAddress ServiceCIDR
    node.k8s.io: RuntimeClass
    rbac.authorization.k8s.io: ClusterRole ClusterRoleBinding Role RoleBinding
    resource.k8s.io: ResourceClaim ResourceClaimTemplate
    storage.k8s.io: CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment VolumeAttributesClass
    storagemigration.k8s.io: StorageVersionMigration
    """
)

# What other objects refer to by name or live in: applied before everything else.
DEFINITIONS = _table(
    """
    core: Namespace
    apiextensions.k8s.io: CustomResourceDefinition
    certificates.k8s.io: ClusterTrustBundle
    flowcontrol.apiserver.k8s.io: FlowSchema PriorityLevelConfiguration
    networking.k8s.io: IngressClass ServiceCIDR
    node.k8s.io: RuntimeClass
    policy: PodSecurityPolicy
    resource.k8s.io: DeviceClass
    scheduling.k8s.io: PriorityClass
    storage.k8s.io: CSIDriver StorageClass VolumeAttributesClass
    """
)

# Deleted only when a person asks for it: each takes other people's data with it.
PRECIOUS = _table(
    """
    core: Namespace PersistentVolume PersistentVolumeClaim
    apiextensions.k8s.io: CustomResourceDefinition
    """
)

CUSTOM_RESOURCE_DEFINITION = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")
NAMESPACE = GroupKind("", "Namespace")
JOB = GroupKind("batch", "Job")
SECRET = GroupKind("", "Secret")

# Groups that built-in kinds were served from before they moved.
_FORMER_GROUPS = {"extensions": ("apps", "networking.k8s.io", "policy")}


def of(obj: Mapping[str, Any]) -> GroupKind:
    """The kind of an object; empty where it names none."""
    group, _ = split_api_version(str(obj.get("apiVersion") or ""))
    return GroupKind(group, str(obj.get("kind") or ""))


def identify(obj: Mapping[str, Any], kind: GroupKind | None = None) -> ObjectId:
    """Which object this is; `kind` tells it where the object does not (items of a list). A namespace on an
    object of a cluster-scoped kind means nothing."""
    known = kind or of(obj)
    metadata = obj["metadata"]
    namespace = "" if is_namespaced(known) is False else metadata.get("namespace") or ""
    return ObjectId(*known, namespace, metadata["name"])


def is_built_in(kind: GroupKind) -> bool:
    return is_namespaced(kind) is not None


def is_namespaced(kind: GroupKind) -> bool | None:
    """None for a kind that is not built in: ask the cluster's facts, or `defined` below."""
    groups = (kind.group, *_FORMER_GROUPS.get(kind.group, ()))
    if any(GroupKind(group, kind.kind) in NAMESPACED for group in groups):
        return True
    if any(GroupKind(group, kind.kind) in CLUSTER_SCOPED for group in groups):
        return False
    return None


def has_generation(kind: GroupKind) -> bool:
    """Custom kinds always have one."""
    return kind not in WITHOUT_GENERATION


def defined(definition: Mapping[str, Any]) -> tuple[GroupKind, bool] | None:
    """What a CustomResourceDefinition defines, and whether that is namespaced; None for other objects."""
    if of(definition) != CUSTOM_RESOURCE_DEFINITION:
        return None
    spec = definition.get("spec")
    names = spec.get("names") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(names, dict):
        return None
    group, kind = spec.get("group"), names.get("kind")
    if not isinstance(group, str) or not isinstance(kind, str):
        return None
    return GroupKind(group, kind), spec.get("scope") == "Namespaced"
