"""ReplicaSets and ReplicationControllers: as many pods as are asked for, and what is to be said of them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from roadstead.sim import status
from roadstead.sim.controllers import selecting
from roadstead.sim.controllers.events import (
    Controller,
    Event,
    controller,
    its_controller,
    itself,
    key_of,
    reference,
)
from roadstead.sim.controllers.world import World
from roadstead.sim.store import Key, Resource

Value = dict[str, Any]

REPLICA_SETS = ("apps", "replicasets")
REPLICATION_CONTROLLERS = ("", "replicationcontrollers")
PODS = ("", "pods")
RETRY = 30.0  # seconds after which pods that were refused are tried again


def _replica_set(world: World, key: Key) -> None:
    _sync(world, REPLICA_SETS, key)


def _replication_controller(world: World, key: Key) -> None:
    _sync(world, REPLICATION_CONTROLLERS, key)


def _sync(world: World, resource: Resource, key: Key) -> None:
    found = world.get(resource, key)
    if found is None:
        return
    pods = world.controlled(PODS, found)
    failure = None
    if not found["metadata"].get("deletionTimestamp"):
        pods += _adopted(world, found)
        failure = _scale(world, resource, found, [each for each in pods if active(each)])
        pods = world.controlled(PODS, found)
    seen = world.get(resource, key)
    if seen is not None:
        _report(world, resource, seen, pods, failure)


def _adopted(world: World, owner: Value) -> list[Value]:
    """Pods that nobody controls and that the selector chooses: they are ours from now on."""
    out = []
    for pod in selecting.unowned(world, PODS, owner["metadata"]["namespace"], selecting.of(owner)):
        if controller(pod) is None and active(pod):
            metadata = pod["metadata"]
            references = [*(metadata.get("ownerReferences") or ()), reference(owner)]
            out.append(world.update(PODS, {**pod, "metadata": {**metadata, "ownerReferences": references}}))
    return out


def active(pod: Value) -> bool:
    over = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    return not over and not pod["metadata"].get("deletionTimestamp")


def _scale(world: World, resource: Resource, owner: Value, pods: list[Value]) -> status.ApiError | None:
    wanted = owner["spec"].get("replicas", 1)
    for pod in sorted(pods, key=_expendable)[: max(len(pods) - wanted, 0)]:
        world.delete(PODS, pod)
    try:
        for _ in range(wanted - len(pods)):
            world.create(PODS, pod_of(owner))
    except status.ApiError as error:
        return error
    return None


def _expendable(pod: Value) -> tuple[bool, bool, str, str]:
    """What is of least use goes first: without a node, not ready, the youngest."""
    seconds = 0.0 - _time(pod["metadata"]["creationTimestamp"]).timestamp()
    return bool(pod["spec"].get("nodeName")), is_ready(pod), f"{seconds:020.0f}", pod["metadata"]["name"]


def pod_of(owner: Value, **more: Any) -> Value:
    template = owner["spec"]["template"]
    inner = template.get("metadata") or {}
    metadata = {
        "namespace": owner["metadata"]["namespace"],
        "generateName": owner["metadata"]["name"] + "-",
        "ownerReferences": [reference(owner)],
        **{key: inner[key] for key in ("labels", "annotations", "finalizers") if inner.get(key)},
        **more,
    }
    return {"metadata": metadata, "spec": template["spec"]}


def condition(value: Value, sort: str) -> Value | None:
    found = (value.get("status") or {}).get("conditions") or ()
    return next((each for each in found if each["type"] == sort), None)


def is_ready(pod: Value) -> bool:
    found = condition(pod, "Ready")
    return found is not None and found["status"] == "True"


def available_in(world: World, pod: Value, seconds: int) -> float:
    """How long until it counts as available: zero when it does, infinite when it is not ready."""
    found = condition(pod, "Ready")
    if found is None or found["status"] != "True":
        return float("inf")
    since = (world.now() - _time(found["lastTransitionTime"])).total_seconds()
    return max(seconds - since, 0.0) if seconds else 0.0


def _time(written: str) -> datetime:
    return datetime.strptime(written, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _report(
    world: World, resource: Resource, owner: Value, pods: list[Value], failure: status.ApiError | None
) -> None:
    alive = [each for each in pods if active(each)]
    labels = (owner["spec"]["template"].get("metadata") or {}).get("labels") or {}
    waits = [available_in(world, each, owner["spec"].get("minReadySeconds", 0)) for each in alive]
    counts = {
        "fullyLabeledReplicas": sum(
            labels.items() <= (each["metadata"].get("labels") or {}).items() for each in alive
        ),
        "readyReplicas": sum(map(is_ready, alive)),
        "availableReplicas": waits.count(0.0),
    }
    out: Value = {"replicas": len(alive)} | {name: count for name, count in counts.items() if count}
    if resource == REPLICA_SETS and world.since(1, 35):
        out["terminatingReplicas"] = sum(bool(each["metadata"].get("deletionTimestamp")) for each in pods)
    out["observedGeneration"] = owner["metadata"]["generation"]
    conditions = _conditions(world, owner, failure)
    if conditions:
        out["conditions"] = conditions
    world.report(resource, owner, out)
    coming = [each for each in waits if 0 < each < float("inf")] + ([RETRY] if failure else [])
    if coming:
        world.call_later(min(coming), _NAMES[resource], key_of(owner))


def _conditions(world: World, owner: Value, failure: status.ApiError | None) -> list[Value]:
    kept = [
        each
        for each in (owner.get("status") or {}).get("conditions") or ()
        if each["type"] != "ReplicaFailure"
    ]
    if failure is None:
        return kept
    was = condition(owner, "ReplicaFailure")
    return [
        *kept,
        {
            "type": "ReplicaFailure",
            "status": "True",
            "lastTransitionTime": was["lastTransitionTime"] if was else world.cluster.now(),
            "reason": "FailedCreate",
            "message": was["message"] if was else failure.message,
        },
    ]


_NAMES = {REPLICA_SETS: "replicaset", REPLICATION_CONTROLLERS: "replicationcontroller"}


def _owners(resource: Resource, kind: str) -> Any:
    """Of a pod: what controls it, or, when nothing does, whatever might adopt it."""
    controlled = its_controller(kind)

    def points(world: World, event: Event) -> Iterable[Key]:
        found = [*controlled(world, event)]
        yield from found
        if not found and not event.gone and controller(event.value) is None:
            yield from selecting.choosing(world, resource, event.value)

    return points


REPLICA_SET = Controller(
    _NAMES[REPLICA_SETS], _replica_set, {REPLICA_SETS: itself, PODS: _owners(REPLICA_SETS, "ReplicaSet")}
)
REPLICATION_CONTROLLER = Controller(
    _NAMES[REPLICATION_CONTROLLERS],
    _replication_controller,
    {REPLICATION_CONTROLLERS: itself, PODS: _owners(REPLICATION_CONTROLLERS, "ReplicationController")},
)
