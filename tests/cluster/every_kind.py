"""One object of each kind that people put into Git, complete enough for a real server to take it."""

from typing import Any

from tests.cluster import samples
from tests.cluster.samples import obj, pod_spec

Object = dict[str, Any]

_CLIENT = {
    "clientConfig": {"url": "https://127.0.0.1:1/"},
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
}
_RULE = {
    "apiGroups": ["nowhere.example.com"],
    "apiVersions": ["v1"],
    "resources": ["things"],
    "operations": ["CREATE"],
}
_READ = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
_PATH = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}
_SUBJECT = {"kind": "ServiceAccount", "name": "a", "namespace": "default"}
_SELECTOR = {"matchLabels": {"app": "web"}}
_DEVICES = {"devices": {"requests": [{"name": "a", "exactly": {"deviceClassName": "x"}}]}}


def template(**spec: Any) -> Object:
    return {"metadata": {"labels": {"app": "web"}}, "spec": pod_spec(**spec)}


def objects(ns: str) -> dict[str, Object]:
    """By kind; those that live in no namespace have the namespace's name."""
    storage = {"accessModes": ["ReadWriteOnce"], "storageClassName": "none"}
    made = [
        obj("v1", "ConfigMap", ns, "a", data={"key": "1"}, binaryData={"b": "AAAA"}),
        obj("v1", "LimitRange", ns, "a", spec={"limits": [{"type": "PersistentVolumeClaim", "max": {"storage": "1024Gi"}}]}),
        samples.namespace(f"{ns}-more"),
        obj("v1", "PersistentVolume", "", ns, spec={"capacity": {"storage": "1024Mi"}, "hostPath": {"path": "/x"}, **storage}),
        obj("v1", "PersistentVolumeClaim", ns, "a", spec={"resources": {"requests": {"storage": "1024Mi"}}, **storage}),
        obj("v1", "Pod", ns, "a", spec=pod_spec(automountServiceAccountToken=False)),
        obj("v1", "ReplicationController", ns, "a", spec={"replicas": 0, "selector": {"app": "web"}, "template": template()}),
        obj("v1", "ResourceQuota", ns, "a", spec={"hard": {"pods": "1000", "requests.storage": "1024Gi"}}),
        obj("v1", "Secret", ns, "a", data={"key": "Zm9v"}),
        samples.service(ns, "a", selector={"app": "web"}),
        obj("v1", "ServiceAccount", ns, "a", imagePullSecrets=[{"name": "s"}]),
        obj("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "", ns, webhooks=[{"name": "a.example.com", "rules": [_RULE], **_CLIENT}]),
        obj("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "", ns, spec={
            "matchConstraints": {"resourceRules": [_RULE]}, "validations": [{"expression": "true"}]}),
        obj("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", "", ns, spec={"policyName": ns, "validationActions": ["Warn"]}),
        obj("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "", ns, webhooks=[{"name": "a.example.com", "rules": [_RULE], **_CLIENT}]),
        samples.definition(f"{ns}.example.com"),
        obj("apps/v1", "ControllerRevision", ns, "a", revision=1, data={"a": "1"}),
        obj("apps/v1", "DaemonSet", ns, "a", spec={"selector": _SELECTOR, "template": template()}),
        samples.deployment(ns, "a", replicas=0),
        obj("apps/v1", "ReplicaSet", ns, "a", spec={"replicas": 0, "selector": _SELECTOR, "template": template()}),
        obj("apps/v1", "StatefulSet", ns, "a", spec={"replicas": 0, "serviceName": "s", "selector": _SELECTOR, "template": template(),
            "volumeClaimTemplates": [{"metadata": {"name": "d"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}}}]}),
        obj("autoscaling/v2", "HorizontalPodAutoscaler", ns, "a", spec={"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}}),
        obj("batch/v1", "CronJob", ns, "a", spec={"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": {"spec": pod_spec(restartPolicy="Never")}}}}),
        obj("batch/v1", "Job", ns, "a", spec={"suspend": True, "template": {"spec": pod_spec(restartPolicy="Never")}}),
        obj("coordination.k8s.io/v1", "Lease", ns, "a", spec={"holderIdentity": "me", "leaseDurationSeconds": 15}),
        obj("discovery.k8s.io/v1", "EndpointSlice", ns, "a", addressType="IPv4", endpoints=[{"addresses": ["10.1.2.3"]}], ports=[{"name": "p", "port": 80}]),
        obj("networking.k8s.io/v1", "Ingress", ns, "a", spec={"rules": [{"host": "a.example.com", "http": {"paths": [_PATH]}}]}),
        obj("networking.k8s.io/v1", "IngressClass", "", ns, spec={"controller": "example.com/c"}),
        obj("networking.k8s.io/v1", "NetworkPolicy", ns, "a", spec={"podSelector": {}, "ingress": [{"from": [{"podSelector": _SELECTOR}]}]}),
        obj("node.k8s.io/v1", "RuntimeClass", "", ns, handler="h"),
        obj("policy/v1", "PodDisruptionBudget", ns, "a", spec={"minAvailable": 1, "selector": _SELECTOR}),
        obj("rbac.authorization.k8s.io/v1", "ClusterRole", "", ns, rules=[_READ]),
        obj("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "", ns, subjects=[_SUBJECT],
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ns}),
        obj("rbac.authorization.k8s.io/v1", "Role", ns, "a", rules=[_READ]),
        obj("rbac.authorization.k8s.io/v1", "RoleBinding", ns, "a", subjects=[_SUBJECT],
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "a"}),
        obj("resource.k8s.io/v1", "DeviceClass", "", ns, spec={"selectors": [{"cel": {"expression": "true"}}]}),
        obj("resource.k8s.io/v1", "ResourceClaimTemplate", ns, "a", spec={"spec": _DEVICES}),
        obj("scheduling.k8s.io/v1", "PriorityClass", "", ns, value=7),
        obj("storage.k8s.io/v1", "CSIDriver", "", ns, spec={"attachRequired": False}),
        obj("storage.k8s.io/v1", "StorageClass", "", ns, provisioner="example.com/p"),
        obj("storage.k8s.io/v1", "VolumeAttributesClass", "", ns, driverName="example.com/d", parameters={"a": "1"}),
    ]  # fmt: skip
    return {one["kind"]: one for one in made}


KINDS = tuple(objects("any"))
