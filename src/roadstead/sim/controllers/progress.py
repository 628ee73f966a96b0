"""What a Deployment says of itself: its numbers, whether enough is available, and whether it gets on.

Progress is what changes between two looks at the numbers; without any for the deadline it has failed.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from roadstead.sim.controllers.events import key_of
from roadstead.sim.controllers.replicasets import condition
from roadstead.sim.controllers.rollouts import counted, limits, size
from roadstead.sim.controllers.world import World

Value = dict[str, Any]

DEPLOYMENTS = ("apps", "deployments")
NONE = 2147483647  # the deadline that stands for none
AVAILABLE, STUCK = "NewReplicaSetAvailable", "ProgressDeadlineExceeded"


def report(world: World, found: Value, new: Value | None, sets: list[Value], *, rolls: bool) -> Value:
    """Gives the deployment with the status that it has then."""
    known = found.get("status") or {}
    now = _numbers(world, found, new, sets)
    conditions = _set([*(known.get("conditions") or ())], _enough(found, now), world.cluster.now())
    if rolls:
        conditions = _advanced(world, found, now, conditions, new)
    failed = next(
        filter(None, (condition(each, "ReplicaFailure") for each in [*filter(None, [new]), *sets])), None
    )
    conditions = [each for each in conditions if each["type"] != "ReplicaFailure"]
    if failed is not None:
        said = ("ReplicaFailure", failed["status"], failed["reason"], failed["message"])
        conditions = _set([*conditions], said, world.cluster.now(), known=known.get("conditions"))
    return world.report(DEPLOYMENTS, found, {**now, "conditions": conditions})


def _numbers(world: World, found: Value, new: Value | None, sets: list[Value]) -> Value:
    available = sum(counted(each, "availableReplicas") for each in sets)
    counts = {
        "replicas": sum(counted(each, "replicas") for each in sets),
        "updatedReplicas": counted(new, "replicas"),
        "readyReplicas": sum(counted(each, "readyReplicas") for each in sets),
        "availableReplicas": available,
        "unavailableReplicas": max(sum(map(size, sets)) - available, 0),
    }
    out: Value = {"observedGeneration": found["metadata"]["generation"]}
    out |= {name: count for name, count in counts.items() if count}
    if world.since(1, 35):
        out["terminatingReplicas"] = sum(counted(each, "terminatingReplicas") for each in sets)
    return out


def _enough(found: Value, now: Value) -> tuple[str, str, str, str]:
    fewest = found["spec"].get("replicas", 1) - limits(found)[1]
    if now.get("availableReplicas", 0) >= fewest:
        return "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."
    return (
        "Available",
        "False",
        "MinimumReplicasUnavailable",
        "Deployment does not have minimum availability.",
    )


def complete(found: Value, now: Value) -> bool:
    wanted = found["spec"].get("replicas", 1)
    numbers = ("updatedReplicas", "replicas", "availableReplicas")
    return all(now.get(name, 0) == wanted for name in numbers) and (
        now.get("observedGeneration", 0) >= found["metadata"]["generation"]
    )


def _advanced(
    world: World, found: Value, now: Value, conditions: list[Value], new: Value | None
) -> list[Value]:
    deadline = found["spec"].get("progressDeadlineSeconds", NONE)
    current = next((each for each in conditions if each["type"] == "Progressing"), None)
    if deadline == NONE:
        return [each for each in conditions if each["type"] != "Progressing"]
    finished = current is not None and current["reason"] == AVAILABLE
    if finished and now.get("replicas", 0) == now.get("updatedReplicas", 0):
        return conditions
    what = f'ReplicaSet "{new["metadata"]["name"]}"' if new else f'Deployment "{found["metadata"]["name"]}"'
    time = world.cluster.now()
    if complete(found, now):
        said = ("Progressing", "True", AVAILABLE, f"{what} has successfully progressed.")
        return _set(conditions, said, time)
    if _gets_on(found.get("status") or {}, now):
        rest = [each for each in conditions if each["type"] != "Progressing"]
        said = ("Progressing", "True", "ReplicaSetUpdated", f"{what} is progressing.")
        return _set(rest, said, time, known=conditions)
    if current is None or finished:
        return conditions
    if current["reason"] != STUCK:
        left = _left(world, current, deadline)
        if left > 0:
            world.call_later(left, "deployment", key_of(found))
            return conditions
    return _set(conditions, ("Progressing", "False", STUCK, f"{what} has timed out progressing."), time)


def _left(world: World, current: Value, deadline: int) -> float:
    since = datetime.strptime(current["lastUpdateTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return (since + timedelta(seconds=deadline + 1) - world.now()).total_seconds()


def _gets_on(before: Value, now: Value) -> bool:
    def old(numbers: Value) -> int:
        return int(numbers.get("replicas", 0) - numbers.get("updatedReplicas", 0))

    grows = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return old(now) < old(before) or any(now.get(each, 0) > before.get(each, 0) for each in grows)


def _set(
    conditions: list[Value],
    said: tuple[str, str, str, str],
    time: str,
    *,
    known: list[Value] | None = None,
) -> list[Value]:
    """With this condition last, unless it says so already; `known`: conditions that were."""
    sort, stands, reason, message = said
    was = next((each for each in known or conditions if each["type"] == sort), None)
    present = next((each for each in conditions if each["type"] == sort), None)
    if present is not None and (present["status"], present["reason"]) == (stands, reason):
        return conditions
    since = was["lastTransitionTime"] if was and was["status"] == stands else time
    made = {
        "type": sort,
        "status": stands,
        "lastUpdateTime": time,
        "lastTransitionTime": since,
        "reason": reason,
        "message": message,
    }
    return [*(each for each in conditions if each["type"] != sort), made]


def created(world: World, found: Value, name: str) -> Value:
    return _say(world, found, "True", "NewReplicaSetCreated", f'Created new replica set "{name}"')


def found(world: World, deployment: Value, name: str) -> Value:
    """A set that was there before, of a deployment that says nothing of its progress yet."""
    if condition(deployment, "Progressing") is not None:
        return deployment
    return _say(world, deployment, "True", "FoundNewReplicaSet", f'Found new replica set "{name}"')


def paused(world: World, deployment: Value) -> Value:
    """Says that it is paused, or that it goes on again."""
    if deployment["spec"].get("progressDeadlineSeconds", NONE) == NONE:
        return deployment
    current = condition(deployment, "Progressing")
    reason = current["reason"] if current else ""
    if deployment["spec"].get("paused"):
        if reason == "DeploymentPaused":
            return deployment
        return _say(world, deployment, "Unknown", "DeploymentPaused", "Deployment is paused")
    if reason == "DeploymentPaused":
        return _say(world, deployment, "Unknown", "DeploymentResumed", "Deployment is resumed")
    return deployment


def _say(world: World, deployment: Value, stands: str, reason: str, message: str) -> Value:
    if deployment["spec"].get("progressDeadlineSeconds", NONE) == NONE:
        return deployment
    status = deployment.get("status") or {}
    said = ("Progressing", stands, reason, message)
    conditions = _set([*(status.get("conditions") or ())], said, world.cluster.now())
    return world.report(DEPLOYMENTS, deployment, {**status, "conditions": conditions})
