"""The kinds that random requests are about: where their objects live, and samples to start from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SAMPLES = Path(__file__).parents[1] / "generate" / "samples.yaml"
CUSTOM = Path(__file__).with_name("custom.yaml")


@dataclass(frozen=True, slots=True)
class Target:
    kind: str
    root: str
    plural: str
    namespaced: bool = True
    scaled: bool = False
    status: bool = False
    custom: bool = False
    dry: bool = False  # only dry runs: what is really written is changed by the server itself at any time

    def collection(self, namespace: str) -> str:
        return (
            f"/{self.root}/namespaces/{namespace}/{self.plural}"
            if self.namespaced
            else f"/{self.root}/{self.plural}"
        )


def _targets(root: str, kinds: str, **more: bool) -> Iterable[Target]:
    for kind in kinds.split():
        plural = {"NetworkPolicy": "networkpolicies", "Ingress": "ingresses"}.get(kind, kind.lower() + "s")
        plural = {"StorageClass": "storageclasses", "PriorityClass": "priorityclasses"}.get(kind, plural)
        plural = {"RuntimeClass": "runtimeclasses", "IngressClass": "ingressclasses"}.get(kind, plural)
        plural = {"ValidatingAdmissionPolicy": "validatingadmissionpolicies"}.get(kind, plural)
        yield Target(kind, root, plural, **more)


CORE, APPS, NET, RBAC = (
    "api/v1",
    "apis/apps/v1",
    "apis/networking.k8s.io/v1",
    "apis/rbac.authorization.k8s.io/v1",
)
ADMISSION = "apis/admissionregistration.k8s.io/v1"
SIM = "apis/sim.example.org"
CLUSTER = {"namespaced": False}
CONVERTED = ("HorizontalPodAutoscaler", "Event")
ALL: tuple[Target, ...] = (
    *_targets(CORE, "ConfigMap Secret ServiceAccount PodTemplate LimitRange"),
    *_targets(CORE, "Service Pod PersistentVolumeClaim ResourceQuota", status=True),
    *_targets(CORE, "ReplicationController", scaled=True, status=True),
    *_targets(APPS, "Deployment StatefulSet ReplicaSet", scaled=True, status=True),
    *_targets(APPS, "DaemonSet", status=True),
    *_targets(APPS, "ControllerRevision"),
    *_targets("apis/batch/v1", "Job CronJob", status=True),
    *_targets(NET, "Ingress", status=True),
    *_targets(NET, "NetworkPolicy"),
    *_targets("apis/policy/v1", "PodDisruptionBudget", status=True),
    *_targets(RBAC, "Role RoleBinding"),
    *_targets("apis/autoscaling/v2", "HorizontalPodAutoscaler", status=True),
    *_targets("apis/autoscaling/v1", "HorizontalPodAutoscaler", status=True),
    *_targets(CORE, "Event"),
    *_targets("apis/events.k8s.io/v1", "Event"),
    *_targets("apis/coordination.k8s.io/v1", "Lease"),
    *_targets("apis/discovery.k8s.io/v1", "EndpointSlice"),
    *_targets(CORE, "Namespace PersistentVolume", status=True, **CLUSTER),
    *_targets(RBAC, "ClusterRole ClusterRoleBinding", **CLUSTER),
    *_targets("apis/storage.k8s.io/v1", "StorageClass", **CLUSTER),
    *_targets("apis/scheduling.k8s.io/v1", "PriorityClass", **CLUSTER),
    *_targets("apis/node.k8s.io/v1", "RuntimeClass", **CLUSTER),
    *_targets(NET, "IngressClass", **CLUSTER),
    *_targets(ADMISSION, "ValidatingAdmissionPolicy", dry=True, **CLUSTER),
    *_targets(ADMISSION, "ValidatingWebhookConfiguration MutatingWebhookConfiguration", dry=True, **CLUSTER),
    *_targets("apis/apiextensions.k8s.io/v1", "CustomResourceDefinition", dry=True, **CLUSTER),
)
CUSTOM_TARGETS: tuple[Target, ...] = (
    *_targets(f"{SIM}/v1", "Widget", scaled=True, status=True, custom=True),
    *_targets(f"{SIM}/v1", "Gadget", custom=True, status=True),
    *_targets(f"{SIM}/v1beta1", "Gadget", custom=True, status=True),
    *_targets(f"{SIM}/v1", "Realm", custom=True, **CLUSTER),
)


def versions(target: Target) -> list[Target]:
    """The same objects in all versions that they are served in."""
    same = (target.kind, target.plural, target.namespaced)
    found = [each for each in (*ALL, *CUSTOM_TARGETS) if (each.kind, each.plural, each.namespaced) == same]
    return found if target.kind in CONVERTED or target.custom else [target]


@cache
def definitions() -> tuple[dict[str, Any], ...]:
    found = yaml.safe_load_all(CUSTOM.read_text())
    return tuple(each for each in found if each["kind"] == "CustomResourceDefinition")


def _unserved(value: dict[str, Any]) -> dict[str, Any]:
    """A definition of a kind that is not there yet."""
    if value["kind"] != "CustomResourceDefinition":
        return value
    name = value["metadata"]["name"].replace("sim.", "dry.")
    return {**value, "metadata": {"name": name}, "spec": {**value["spec"], "group": "dry.example.org"}}


@cache
def samples() -> dict[tuple[str, str], list[dict[str, Any]]]:
    """By root and kind."""
    out: dict[tuple[str, str], list[dict[str, Any]]] = {}
    custom = [_unserved(each) for each in yaml.safe_load_all(CUSTOM.read_text())]
    written = SAMPLES.read_text().replace("namespace: asking", "namespace: '@namespace'")
    for each in (*yaml.safe_load_all(written), *custom):
        version = each["apiVersion"]
        root = f"apis/{version}" if "/" in version else f"api/{version}"
        out.setdefault((root, each["kind"]), []).append(each)
    return out
