"""How much of what ResourceQuotas limit an object uses, and which of them mean it. Pure.

Amounts are written as the server writes them. The numbers of every resource count as `count/<resource>`; pods,
Services and claims use more than that.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from roadstead.sim import status
from roadstead.sim.admission import demands
from roadstead.sim.schema import amounts
from roadstead.sim.store import Resource

Value = dict[str, Any]
Amounts = dict[str, str]

PODS, SERVICES, CLAIMS = ("", "pods"), ("", "services"), ("", "persistentvolumeclaims")
SHORT = (
    "configmaps",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
)  # counted by their bare names, too
OF_CLASS = ".storageclass.storage.k8s.io/"
CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
COMPUTED = ("cpu", "memory", "ephemeral-storage")
DEMANDED = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
ENDED = ("Succeeded", "Failed")


def of(resource: Resource, value: Value) -> Amounts:
    group, plural = resource
    found = {f"count/{status.qualified(group, plural)}": "1"}
    if not group and plural in SHORT:
        found[plural] = "1"
    measure = _MEASURES.get(resource)
    return found | measure(value) if measure else found


def concerned(name: str) -> Resource:
    """The resource whose objects use what is limited by this name."""
    if name.startswith("count/"):
        plural, _, group = name.removeprefix("count/").partition(".")
        return group, plural
    if name in SHORT:
        return "", name
    if name == "services" or name.startswith("services."):
        return SERVICES
    return CLAIMS if name in ("persistentvolumeclaims", "requests.storage") or OF_CLASS in name else PODS


def within(quota: Value, resource: Resource, value: Value) -> bool:
    """Whether the object is in the quota's scopes: without any, every object is."""
    return all(_in_scope(each, resource, value) for each in _scopes(quota["spec"]))


def lacking(pod: Value, limited: Iterable[str]) -> str:
    """Of containers that have to say how much they need, and do not: what, and who."""
    if (pod["spec"].get("resources") or {}).keys() & {"requests", "limits"}:
        return ""
    missing: dict[str, list[str]] = {}
    for container in (*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ())):
        said = _computed(container.get("resources") or {})
        for name in limited:
            if name in DEMANDED and name not in said:
                missing.setdefault(name, []).append(container["name"])
    return "; ".join(f"{name} for: {','.join(sorted(missing[name]))}" for name in sorted(missing))


def _pod(pod: Value) -> Amounts:
    if (pod.get("status") or {}).get("phase") in ENDED:
        return {}
    resources = {side: demands.of(pod, side) for side in ("requests", "limits")}
    return {"pods": "1"} | _computed(resources)


def _computed(resources: Value) -> Amounts:
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    found = {}
    for name, amount in requests.items():
        if name in COMPUTED or name.startswith("hugepages-"):
            found[name] = amount
        found[f"requests.{name}"] = amount
    return found | {f"limits.{name}": limits[name] for name in COMPUTED if name in limits}


def _service(service: Value) -> Amounts:
    spec, kind = service["spec"], service["spec"].get("type")
    ports = spec.get("ports") or ()
    if kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is False:
        ports = [each for each in ports if each.get("nodePort")]
    open_on_nodes = len(ports) if kind in ("NodePort", "LoadBalancer") else 0
    return {
        "services": "1",
        "services.nodeports": str(open_on_nodes),
        "services.loadbalancers": str(int(kind == "LoadBalancer")),
    }


def _claim(claim: Value) -> Amounts:
    spec = claim["spec"]
    found = {"persistentvolumeclaims": "1"}
    size = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    allocated = ((claim.get("status") or {}).get("allocatedResources") or {}).get("storage")
    if size is not None:
        found["requests.storage"] = max(size, allocated or size, key=amounts.number)
    storage_class = (claim["metadata"].get("annotations") or {}).get(CLASS_ANNOTATION)
    storage_class = storage_class or spec.get("storageClassName")
    if storage_class:
        found |= {f"{storage_class}{OF_CLASS}{name}": amount for name, amount in found.items()}
    return found


_MEASURES: dict[Resource, Callable[[Value], Amounts]] = {PODS: _pod, SERVICES: _service, CLAIMS: _claim}


def _scopes(spec: Value) -> Iterator[Value]:
    for name in spec.get("scopes") or ():
        yield {"scopeName": name, "operator": "Exists"}
    yield from (spec.get("scopeSelector") or {}).get("matchExpressions") or ()


def _in_scope(scope: Value, resource: Resource, value: Value) -> bool:
    name, spec = scope["scopeName"], value.get("spec") or {}
    if resource == CLAIMS and name == "VolumeAttributesClass":
        return _chosen(scope, spec.get("volumeAttributesClassName"))
    if resource != PODS:
        return False
    if name == "PriorityClass":
        return _chosen(scope, spec.get("priorityClassName"))
    if name in ("Terminating", "NotTerminating"):
        return (spec.get("activeDeadlineSeconds") is not None) is (name == "Terminating")
    if name in ("BestEffort", "NotBestEffort"):
        least = (value.get("status") or {}).get("qosClass") == "BestEffort"
        return least is (name == "BestEffort")
    return name == "CrossNamespacePodAffinity" and any(map(_reaches_out, _affinity_terms(spec)))


def _chosen(scope: Value, said: str | None) -> bool:
    operator, values = scope["operator"], scope.get("values") or ()
    if operator in ("Exists", "DoesNotExist"):
        return bool(said) is (operator == "Exists")
    return (said in values) is (operator == "In")


def _affinity_terms(spec: Value) -> Iterator[Value]:
    for side in ("podAffinity", "podAntiAffinity"):
        said = (spec.get("affinity") or {}).get(side) or {}
        yield from said.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        yield from said.get("preferredDuringSchedulingIgnoredDuringExecution") or ()


def _reaches_out(term: Value) -> bool:
    return bool(term.get("namespaces")) or term.get("namespaceSelector") is not None
