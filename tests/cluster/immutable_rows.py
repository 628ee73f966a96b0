"""Changes that a real server refuses because a field is immutable: kind, object, change, fields it names."""

from typing import Any

_POD = {"containers": [{"name": "c", "image": "i"}]}
_JOB = {"spec": {"restartPolicy": "Never", **_POD}}
_RULES = [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
_PORTS = {"ports": [{"port": 80}]}


def _workload(app: str = "a", **spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": app}}, "spec": _POD}
    return {"spec": {"selector": {"matchLabels": {"app": app}}, "template": template, **spec}}


def _set(**spec: Any) -> dict[str, Any]:
    return _workload(**{"replicas": 0, "serviceName": "s", **spec})


def _claims(size: str) -> list[dict[str, Any]]:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    return [{"metadata": {"name": "d"}, "spec": spec}]


def _job(**spec: Any) -> dict[str, Any]:
    return {"spec": {"template": _JOB, **spec}}


def _role(name: str) -> dict[str, Any]:
    return {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}}


def _device(name: str) -> dict[str, Any]:
    request = {"name": "a", "exactly": {"deviceClassName": name}}
    return {"spec": {"spec": {"devices": {"requests": [request]}}}}


_INDEXED = {"completions": 2, "completionMode": "Indexed"}

# apiVersion, kind, namespaced, before, after, the fields that are named
ROWS: dict[str, tuple[str, str, bool, dict[str, Any], dict[str, Any], set[str]]] = {
    "data of an immutable ConfigMap": (
        "v1", "ConfigMap", True, {"immutable": True, "data": {"a": "1"}}, {"immutable": True, "data": {"a": "2"}}, {"data"}),
    "binaryData of an immutable ConfigMap": (
        "v1", "ConfigMap", True, {"immutable": True, "binaryData": {"a": "AAAA"}},
        {"immutable": True, "binaryData": {"a": "BBBB"}}, {"binaryData"}),
    "making a ConfigMap mutable again": (
        "v1", "ConfigMap", True, {"immutable": True, "data": {"a": "1"}}, {"data": {"a": "1"}}, {"immutable"}),
    "data of an immutable Secret": (
        "v1", "Secret", True, {"immutable": True, "data": {"a": "AAAA"}}, {"immutable": True, "data": {"a": "BBBB"}}, {"data"}),
    "a Secret's type": ("v1", "Secret", True, {"data": {}}, {"type": "a/b"}, {"type"}),
    "a Pod's command": (
        "v1", "Pod", True, {"spec": _POD},
        {"spec": {"containers": [{"name": "c", "image": "i", "command": ["x"]}]}}, {"spec"}),
    "a ResourceQuota's scopes": (
        "v1", "ResourceQuota", True, {"spec": {"hard": {"pods": "1"}, "scopes": ["BestEffort"]}},
        {"spec": {"hard": {"pods": "1"}, "scopes": ["NotBestEffort"]}}, {"spec.scopes"}),
    "a Service becoming headless": (
        "v1", "Service", True, {"spec": _PORTS}, {"spec": {**_PORTS, "clusterIP": "None"}}, {"spec.clusterIPs[0]"}),
    "a Service's load balancer class": (
        "v1", "Service", True, {"spec": {**_PORTS, "type": "LoadBalancer", "loadBalancerClass": "a/b"}},
        {"spec": {**_PORTS, "type": "LoadBalancer", "loadBalancerClass": "a/c"}}, {"spec.loadBalancerClass"}),
    "a Deployment's selector": (
        "apps/v1", "Deployment", True, _workload(replicas=0), _workload("b", replicas=0), {"spec.selector"}),
    "a DaemonSet's selector": ("apps/v1", "DaemonSet", True, _workload(), _workload("b"), {"spec.selector"}),
    "a ReplicaSet's selector": (
        "apps/v1", "ReplicaSet", True, _workload(replicas=0), _workload("b", replicas=0), {"spec.selector"}),
    "a StatefulSet's selector": ("apps/v1", "StatefulSet", True, _set(), _set(app="b"), {"spec.selector", "spec"}),
    "a StatefulSet's service": (
        "apps/v1", "StatefulSet", True, _set(), _set(serviceName="t"), {"spec.serviceName", "spec"}),
    "a StatefulSet's pod management": (
        "apps/v1", "StatefulSet", True, _set(), _set(podManagementPolicy="Parallel"),
        {"spec.podManagementPolicy", "spec"}),
    "a StatefulSet's claims": (
        "apps/v1", "StatefulSet", True, _set(volumeClaimTemplates=_claims("1Gi")),
        _set(volumeClaimTemplates=_claims("2Gi")), {"spec.volumeClaimTemplates", "spec"}),
    "a ControllerRevision's data": (
        "apps/v1", "ControllerRevision", True, {"revision": 1, "data": {"a": "1"}},
        {"revision": 1, "data": {"a": "2"}}, {"data"}),
    "a Job's template": (
        "batch/v1", "Job", True, _job(),
        {"spec": {"template": {"spec": {"restartPolicy": "OnFailure", **_POD}}}}, {"spec.template"}),
    "a Job's completions": ("batch/v1", "Job", True, _job(completions=1), _job(completions=2), {"spec.completions"}),
    "a Job's completion mode": (
        "batch/v1", "Job", True, _job(**_INDEXED), _job(completions=2, completionMode="NonIndexed"),
        {"spec.completionMode"}),
    "a Job's pod failure policy": (
        "batch/v1", "Job", True, _job(), _job(podFailurePolicy={"rules": _RULES}),
        {"spec.podReplacementPolicy", "spec.podFailurePolicy"}),
    "a Job's backoff per index": (
        "batch/v1", "Job", True, _job(**_INDEXED, backoffLimitPerIndex=1),
        _job(**_INDEXED, backoffLimitPerIndex=2), {"spec.backoffLimitPerIndex"}),
    "a Job's manager": ("batch/v1", "Job", True, _job(managedBy="a/b"), _job(managedBy="a/c"), {"spec.managedBy"}),
    "a Job's success policy": (
        "batch/v1", "Job", True, _job(**_INDEXED, successPolicy={"rules": [{"succeededCount": 1}]}),
        _job(**_INDEXED, successPolicy={"rules": [{"succeededCount": 2}]}), {"spec.successPolicy"}),
    "an EndpointSlice's address type": (
        "discovery.k8s.io/v1", "EndpointSlice", True, {"addressType": "IPv4", "endpoints": []},
        {"addressType": "IPv6", "endpoints": []}, {"addressType"}),
    "an IngressClass's controller": (
        "networking.k8s.io/v1", "IngressClass", False, {"spec": {"controller": "a.b/c"}},
        {"spec": {"controller": "a.b/d"}}, {"spec.controller"}),
    "a RuntimeClass's handler": ("node.k8s.io/v1", "RuntimeClass", False, {"handler": "a"}, {"handler": "b"}, {"handler"}),
    "a ClusterRoleBinding's role": (
        "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", False, _role("a"), _role("b"), {"roleRef"}),
    "a RoleBinding's role": (
        "rbac.authorization.k8s.io/v1", "RoleBinding", True, _role("a"), _role("b"), {"roleRef"}),
    "a PriorityClass's value": ("scheduling.k8s.io/v1", "PriorityClass", False, {"value": 1}, {"value": 2}, {"value"}),
    "a PriorityClass's preemption": (
        "scheduling.k8s.io/v1", "PriorityClass", False, {"value": 1}, {"value": 1, "preemptionPolicy": "Never"},
        {"preemptionPolicy"}),
    "whether a CSIDriver attaches": (
        "storage.k8s.io/v1", "CSIDriver", False, {"spec": {"attachRequired": True}},
        {"spec": {"attachRequired": False}}, {"spec.attachedRequired"}),
    "a CSIDriver's modes": (
        "storage.k8s.io/v1", "CSIDriver", False, {"spec": {"volumeLifecycleModes": ["Persistent"]}},
        {"spec": {"volumeLifecycleModes": ["Ephemeral"]}}, {"spec.volumeLifecycleModes"}),
    "a StorageClass's provisioner": (
        "storage.k8s.io/v1", "StorageClass", False, {"provisioner": "a"}, {"provisioner": "b"}, {"provisioner"}),
    "a StorageClass's parameters": (
        "storage.k8s.io/v1", "StorageClass", False, {"provisioner": "a", "parameters": {"a": "1"}},
        {"provisioner": "a", "parameters": {"a": "2"}}, {"parameters"}),
    "a StorageClass's reclaim policy": (
        "storage.k8s.io/v1", "StorageClass", False, {"provisioner": "a"},
        {"provisioner": "a", "reclaimPolicy": "Retain"}, {"reclaimPolicy"}),
    "a StorageClass's binding mode": (
        "storage.k8s.io/v1", "StorageClass", False, {"provisioner": "a"},
        {"provisioner": "a", "volumeBindingMode": "WaitForFirstConsumer"}, {"volumeBindingMode"}),
    "a VolumeAttributesClass's driver": (
        "storage.k8s.io/v1", "VolumeAttributesClass", False, {"driverName": "a", "parameters": {"a": "1"}},
        {"driverName": "b", "parameters": {"a": "1"}}, {"driverName"}),
    "a VolumeAttributesClass's parameters": (
        "storage.k8s.io/v1", "VolumeAttributesClass", False, {"driverName": "a", "parameters": {"a": "1"}},
        {"driverName": "a", "parameters": {"a": "2"}}, {"parameters"}),
    "a ResourceClaimTemplate's spec": (
        "resource.k8s.io/v1", "ResourceClaimTemplate", True, _device("x"), _device("y"), {"spec"}),
}  # fmt: skip
