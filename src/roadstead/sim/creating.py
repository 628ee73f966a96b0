"""What happens to an object on its way into the store beside merging: drawn values, protected fields, refusals."""

from typing import Any

import orjson

from roadstead.sim import custom, status
from roadstead.sim.cluster import Cluster
from roadstead.sim.kinds import Kind
from roadstead.sim.merge.comparing import equal
from roadstead.sim.rules import names, services, statuses, table
from roadstead.sim.schema import completing
from roadstead.sim.schema.requiring import Cause

Value = dict[str, Any]

SERVICES = ("", "services")
NOT_READY = "node.kubernetes.io/not-ready"
LABELLED = ("apps", "deployments")  # whose labels cannot be changed through their status


def shown(kind: Kind, value: Value) -> Value:
    return {**value, "kind": kind.kind, "apiVersion": kind.api_version}


def decoded(kind: Kind, value: Value) -> Value:
    """With defaults, as an object has them from the moment it is decoded."""
    if kind.custom:
        return completing.complete(kind.shape, completing.without_nulls(kind.shape, value))  # type: ignore[no-any-return]
    value = table.filled(kind, completing.complete(kind.shape, value))
    return value if kind.conversion is None else kind.shown(kind.kept(value))


def check_namespace(cluster: Cluster, kind: Kind, namespace: str, name: str) -> None:
    """Objects live only in namespaces that are there to stay."""
    if not kind.namespaced:
        return
    found = cluster.store.get(("", "namespaces"), ("", namespace))
    if found is None:
        raise status.not_found("", "namespaces", namespace)
    if b'"deletionTimestamp"' in found.data and orjson.loads(found.data)["metadata"].get("deletionTimestamp"):
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {namespace} is being terminated",
            "field": "metadata.namespace",
        }
        raise status.forbidden(kind.group, kind.plural, name, why, causes=[cause])


def prepared(cluster: Cluster, kind: Kind, value: Value, *, drawing: bool = True) -> Value:
    """A new object with what the server sets itself. Without `drawing`, a Service gets no addresses: as when
    somebody writes the status of one that is not there."""
    if kind.status_reset and kind.storage != ("", "nodes"):
        empty: Value = {} if kind.new_status is None else {"status": kind.new_status}
        value = {key: item for key, item in value.items() if key != "status"} | empty
    if kind.custom:
        return value
    if kind.storage == custom.STORAGE:
        return custom.prepared(value)
    if kind.storage == SERVICES and drawing:
        _check_free(cluster, kind, value)
        return services.drawn(value, None, _taken(cluster))
    draw = _DRAWS.get(kind.kind)
    return draw(value) if draw else value


def _check_free(cluster: Cluster, kind: Kind, value: Value) -> None:
    """What a new Service asks for by number must be free; it is counted once the Service is stored."""
    spec = value.get("spec") or {}
    if not spec.get("clusterIP") and not any(each.get("nodePort") for each in spec.get("ports") or ()):
        return
    found = list(_taken(cluster).refusals(spec))
    if found:
        raise status.invalid(kind.group, kind.kind, value["metadata"].get("name", ""), found)
    cluster.taken = None


def _taken(cluster: Cluster) -> services.Taken:
    if cluster.taken is None:
        cluster.taken = services.Taken(
            orjson.loads(stored.data) for _, stored in cluster.store.items(SERVICES)
        )
    return cluster.taken


def _namespace(value: Value) -> Value:
    found = list((value.get("spec") or {}).get("finalizers") or ())
    if "kubernetes" not in found:
        found.append("kubernetes")
    return {**value, "spec": {"finalizers": found}, "status": {"phase": "Active"}}


def _finalized(finalizer: str) -> Any:
    def prepare(value: Value) -> Value:
        metadata = value["metadata"]
        found = [*(metadata.get("finalizers") or ())]
        if finalizer not in found:
            found.append(finalizer)
        return {**value, "metadata": {**metadata, "finalizers": found}}

    return prepare


def _volume(value: Value) -> Value:
    value = _finalized("kubernetes.io/pv-protection")(value)
    since = value["metadata"]["creationTimestamp"]
    return {**value, "status": {**value["status"], "lastPhaseTransitionTime": since}}


def _daemon_set(value: Value) -> Value:
    metadata = value["metadata"]
    annotations = {**(metadata.get("annotations") or {}), "deprecated.daemonset.template.generation": "1"}
    return {**value, "metadata": {**metadata, "annotations": annotations}}


def _job(value: Value) -> Value:
    spec = value["spec"]
    if spec.get("manualSelector"):
        return value
    metadata = value["metadata"]
    uid, name = metadata["uid"], metadata.get("name", "")
    template = spec.get("template") or {}
    inner = template.get("metadata") or {}
    labels = {
        **(inner.get("labels") or {}),
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": name,
        "controller-uid": uid,
        "job-name": name,
    }
    selector = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    template = {**template, "metadata": {**inner, "labels": labels}}
    if metadata.get("labels") and metadata["labels"] == inner.get(
        "labels"
    ):  # those of the template, whatever it gets
        value = {**value, "metadata": {**metadata, "labels": labels}}
    return {**value, "spec": {**spec, "selector": selector, "template": template}}


def _pod(value: Value) -> Value:
    value = _tolerating(value)
    spec = {"priority": 0, "preemptionPolicy": "PreemptLowerPriority", **value["spec"]}
    return {**value, "spec": spec, "status": {"phase": "Pending", "qosClass": _quality(spec)}}


def _tolerating(value: Value) -> Value:
    spec = value["spec"]
    tolerations = [*(spec.get("tolerations") or ())]
    for key in (NOT_READY, "node.kubernetes.io/unreachable"):
        if not any(
            each.get("key") in (key, None) and each.get("effect") in ("NoExecute", None)
            for each in tolerations
        ):
            tolerations.append(
                {"effect": "NoExecute", "key": key, "operator": "Exists", "tolerationSeconds": 300}
            )
    return {**value, "spec": {**spec, "tolerations": tolerations}}


COMPUTED = ("cpu", "memory")  # what decides about the quality of service


def _quality(spec: Value) -> str:
    found = [
        {
            key: {
                name: item
                for name, item in (each.get("resources") or {}).get(key, {}).items()
                if name in COMPUTED
            }
            for key in ("limits", "requests")
        }
        for each in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))
    ]
    if not any(each.get("limits") or each.get("requests") for each in found):
        return "BestEffort"
    both = all({"cpu", "memory"} <= (each.get("limits") or {}).keys() for each in found)
    return (
        "Guaranteed"
        if both and all(each["limits"] == each.get("requests") for each in found)
        else "Burstable"
    )


def _node(value: Value) -> Value:
    """New nodes get no pods until somebody says that they are ready."""
    spec = value.get("spec") or {}
    taints = list(spec.get("taints") or ())
    if not any(each.get("key") == NOT_READY for each in taints):
        taints.append({"key": NOT_READY, "effect": "NoSchedule"})
    return {**value, "spec": {**spec, "taints": taints}}


_DRAWS: dict[str, Any] = {
    "Node": _node,
    "Namespace": _namespace,
    "PersistentVolume": _volume,
    "PersistentVolumeClaim": _finalized("kubernetes.io/pvc-protection"),
    "DaemonSet": _daemon_set,
    "Job": _job,
    "Pod": _pod,
}


def kept(cluster: Cluster, kind: Kind, live: Value, value: Value, subresource: str) -> Value:
    """What this way of writing cannot change is as it was."""
    if subresource == "status":
        was = live["metadata"]
        kept_metadata = {key: item for key, item in was.items() if key != "managedFields"}
        if value["metadata"].get("managedFields"):
            kept_metadata["managedFields"] = value["metadata"]["managedFields"]
        for key in ("labels", "annotations", "finalizers", "ownerReferences"):
            if kind.custom or (key == "labels" and kind.storage == LABELLED):
                continue
            kept_metadata.pop(key, None)
            if key in value["metadata"]:
                kept_metadata[key] = value["metadata"][key]
        rest = {key: item for key, item in live.items() if key != "status"}
        status = {"status": value["status"]} if "status" in value else {}
        return {**rest, "metadata": kept_metadata, **status}
    if subresource in POD_PARTS:
        return _pod_part(live, value, subresource)
    if kind.status_reset:
        value = {key: item for key, item in value.items() if key != "status"}
        if "status" in live:
            value["status"] = live["status"]
    if kind.storage == SERVICES:
        value = services.drawn(value, live, _taken(cluster))
    if kind.storage == ("", "namespaces") and subresource != "finalize":
        value = {**value, "spec": live.get("spec", {})}
    if kind.storage == ("apps", "daemonsets"):
        value = _next_template(live, value)
    return _tolerating(value) if kind.storage == ("", "pods") else value


POD_PARTS = ("ephemeralcontainers", "resize")


def _pod_part(live: Value, value: Value, subresource: str) -> Value:
    """Of a pod: containers to look at others with, or how much its containers get."""
    spec, wanted = live["spec"], value["spec"]
    if subresource == "ephemeralcontainers":
        changed = {"ephemeralContainers": wanted.get("ephemeralContainers") or []}
    else:
        sizes = {each["name"]: each.get("resources", {}) for each in wanted.get("containers") or ()}
        containers = [{**each, "resources": sizes.get(each["name"], {})} for each in spec["containers"]]
        changed = {"containers": containers}
    return {**live, "metadata": value["metadata"], "spec": {**spec, **changed}}


def _next_template(live: Value, value: Value) -> Value:
    """The count of template changes is the server's, whatever anybody writes."""
    key = "deprecated.daemonset.template.generation"
    changed = not equal(live["spec"].get("template"), value["spec"].get("template"))
    number = int((live["metadata"].get("annotations") or {}).get(key, "0")) + changed
    metadata = value["metadata"]
    annotations = {**(metadata.get("annotations") or {}), key: str(number)}
    return {**value, "metadata": {**metadata, "annotations": annotations}}


def status_refusals(kind: Kind, value: Value, live: Value | None) -> list[Cause]:
    """The metadata beside the status must be right, too."""
    found = [*names.metadata(kind, value, live), *statuses.causes(kind, value)]
    return found + (list(kind.structural.causes(value, live)) if kind.structural is not None else [])


def refusals(cluster: Cluster, kind: Kind, value: Value, live: Value | None) -> list[Cause]:
    return table.causes(kind, value, live)
