"""Where a Service leads: Endpoints and an EndpointSlice with the addresses of the pods that it chooses."""

from collections.abc import Iterable, Iterator
from typing import Any

from roadstead.sim.controllers import selecting
from roadstead.sim.controllers.events import Controller, Event, itself, key_of, reference
from roadstead.sim.controllers.replicasets import PODS, is_ready
from roadstead.sim.controllers.world import World
from roadstead.sim.store import Key, Resource

Value = dict[str, Any]

NAME = "endpoints"
SERVICES = ("", "services")
ENDPOINTS = ("", "endpoints")
SLICES = ("discovery.k8s.io", "endpointslices")
CHANGED = "endpoints.kubernetes.io/last-change-trigger-time"
HEADLESS = "service.kubernetes.io/headless"
OF_SERVICE = "kubernetes.io/service-name"
SLICES_ARE = "endpointslice.kubernetes.io/managed-by"
ENDPOINTS_ARE = "endpoints.kubernetes.io/managed-by"


def _sync(world: World, key: Key) -> None:
    service = world.get(SERVICES, key)
    if service is None:
        found = world.get(ENDPOINTS, key)
        if found is not None and (selecting.labels_of(found)).get(ENDPOINTS_ARE):
            world.delete(ENDPOINTS, found)
        return
    if not service["spec"].get("selector") or service["spec"].get("type") == "ExternalName":
        return
    pods = selecting.chosen(world, PODS, key[0], selecting.of(service))
    pods = [
        pod for pod in pods if pod["status"].get("podIP") and pod["status"]["phase"] in ("Pending", "Running")
    ]
    _slice(world, service, pods)
    _endpoints(world, service, pods)


def _labels(service: Value, **more: str) -> dict[str, str]:
    headless = {HEADLESS: ""} if service["spec"].get("clusterIP") == "None" else {}
    return {**selecting.labels_of(service), **headless, **more}


def _slice(world: World, service: Value, pods: list[Value]) -> None:
    name = service["metadata"]["name"]
    labels = _labels(service, **{OF_SERVICE: name, SLICES_ARE: "endpointslice-controller.k8s.io"})
    found = {
        "endpoints": [_endpoint(pod) for pod in pods] or None,
        "ports": list(_ports(service, pods)) or None,
    }
    present = next(iter(world.controlled(SLICES, service)), None)
    if present is None:
        metadata = {
            "namespace": service["metadata"]["namespace"],
            "generateName": name + "-",
            "labels": labels,
            "ownerReferences": [reference(service)],
        }
        family = (service["spec"].get("ipFamilies") or ["IPv4"])[0]
        world.try_create(SLICES, _marked(world, {"metadata": metadata, "addressType": family, **found}))
        return
    same = all((present.get(field) or None) == item for field, item in found.items())
    _change(world, SLICES, present, labels, None if same else found)


def _marked(world: World, value: Value) -> Value:
    """With the time of the last change of where it leads."""
    metadata = value["metadata"]
    annotations = {**(metadata.get("annotations") or {}), CHANGED: world.cluster.now()}
    return {**value, "metadata": {**metadata, "annotations": annotations}}


def _change(
    world: World, resource: Resource, present: Value, labels: dict[str, str], found: Value | None
) -> None:
    """`found`: where it leads now, None for where it did; then only its labels change, if they do."""
    metadata = {**present["metadata"], "labels": labels}
    if found is not None:
        kept = {name: item for name, item in {**present, **found}.items() if item != []}
        world.update(resource, _marked(world, {**kept, "metadata": metadata}))
    elif labels != selecting.labels_of(present):
        annotations = metadata.pop("annotations", {})
        rest = {name: text for name, text in annotations.items() if name != CHANGED}
        if rest:
            metadata["annotations"] = rest
        world.update(resource, {**present, "metadata": metadata})


def _endpoint(pod: Value) -> Value:
    ends = bool(pod["metadata"].get("deletionTimestamp"))
    ready = is_ready(pod)
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready and not ends, "serving": ready, "terminating": ends},
        "nodeName": pod["spec"]["nodeName"],
        "targetRef": _target(pod),
    }


def _target(pod: Value) -> Value:
    metadata = pod["metadata"]
    return {
        "kind": "Pod",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
    }


def _ports(service: Value, pods: list[Value]) -> Iterator[Value]:
    for port in service["spec"].get("ports") or () if pods else ():
        number = _number(port, pods[0])
        if number:
            yield {"name": port.get("name", ""), "port": number, "protocol": port.get("protocol", "TCP")}


def _number(port: Value, pod: Value) -> int:
    """The number on the pod; a name is looked up among the ports of its containers."""
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    for container in pod["spec"]["containers"]:
        for each in container.get("ports") or ():
            if each.get("name") == target:
                return int(each["containerPort"])
    return 0


def _endpoints(world: World, service: Value, pods: list[Value]) -> None:
    alive = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
    ready = [
        _address(pod) for pod in alive if is_ready(pod) or service["spec"].get("publishNotReadyAddresses")
    ]
    others = [_address(pod) for pod in alive if _address(pod) not in ready]
    ports = [
        {**each, "name": each["name"]}
        if each["name"]
        else {"port": each["port"], "protocol": each["protocol"]}
        for each in _ports(service, pods)
    ]
    subset: Value = {}
    if ready:
        subset["addresses"] = ready
    if others:
        subset["notReadyAddresses"] = others
    subsets = [{**subset, "ports": ports}] if subset else []
    labels = _labels(service, **{ENDPOINTS_ARE: "endpoint-controller"})
    present = world.get(ENDPOINTS, key_of(service))
    if present is None:
        namespace, name = key_of(service)
        metadata = {"namespace": namespace, "name": name, "labels": labels}
        value = {"metadata": metadata, "subsets": subsets} if subsets else {"metadata": metadata}
        world.try_create(ENDPOINTS, _marked(world, value))
        return
    same = (present.get("subsets") or []) == subsets
    _change(world, ENDPOINTS, present, labels, None if same else {"subsets": subsets})


def _address(pod: Value) -> Value:
    return {"ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"], "targetRef": _target(pod)}


def _leading(world: World, event: Event) -> Iterable[Key]:
    """Services that choose a pod, or chose it before."""
    if b'"podIP"' in (event.change.after or event.change.before or b""):
        yield from selecting.choosing(world, SERVICES, event.value)
        before = event.before
        if before is not None and selecting.labels_of(before) != selecting.labels_of(event.value):
            yield from selecting.choosing(world, SERVICES, before)


def _of_service(world: World, event: Event) -> Iterable[Key]:
    """What somebody else changed or deleted."""
    if event.gone:
        name = selecting.labels_of(event.value).get(OF_SERVICE) or event.change.key[1]
        yield event.change.key[0], name


CONTROLLER = Controller(
    NAME, _sync, {SERVICES: itself, PODS: _leading, ENDPOINTS: _of_service, SLICES: _of_service}
)
