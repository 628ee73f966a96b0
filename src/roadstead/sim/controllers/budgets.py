"""PodDisruptionBudgets: how many of the pods that they choose may be disturbed now."""

from collections.abc import Iterable
from typing import Any

from roadstead.sim.controllers import rollouts, selecting
from roadstead.sim.controllers.events import Controller, Event, controller, itself
from roadstead.sim.controllers.replicasets import PODS, active, condition, is_ready
from roadstead.sim.controllers.world import World
from roadstead.sim.store import Key

Value = dict[str, Any]

BUDGETS = ("policy", "poddisruptionbudgets")


def _sync(world: World, key: Key) -> None:
    budget = world.get(BUDGETS, key)
    if budget is None:
        return
    wanted = selecting.parsed(budget["spec"].get("selector") or {}, empty_is_all="selector" in budget["spec"])
    pods = [pod for pod in selecting.chosen(world, PODS, key[0], wanted) if active(pod)]
    expected, desired = _desired(world, budget, pods)
    healthy = sum(map(is_ready, pods))
    allowed = max(healthy - desired, 0) if expected else 0
    out = {
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "disruptionsAllowed": allowed,
        "expectedPods": expected,
        "observedGeneration": budget["metadata"]["generation"],
        "conditions": [_condition(world, budget, allowed=allowed > 0)],
    }
    world.report(BUDGETS, budget, out)


def _desired(world: World, budget: Value, pods: list[Value]) -> tuple[int, int]:
    """How many there should be, by what controls them, and how many must be healthy."""
    spec = budget["spec"]
    if isinstance(spec.get("minAvailable"), int):
        return len(pods), spec["minAvailable"]
    above = {}
    for pod in pods:
        found = controller(pod)
        kind = world.kind_named(found["apiVersion"], found["kind"]) if found else None
        owner = (
            world.get(kind.storage, (budget["metadata"]["namespace"], found["name"]))
            if kind and found
            else None
        )
        if owner is not None:
            above[owner["metadata"]["uid"]] = (owner.get("spec") or {}).get("replicas", 1)
    expected = sum(above.values()) or len(pods)
    if "minAvailable" in spec:
        return expected, rollouts.share(spec["minAvailable"], expected, up=True)
    return expected, max(expected - rollouts.share(spec.get("maxUnavailable", 0), expected, up=True), 0)


def _condition(world: World, budget: Value, *, allowed: bool) -> Value:
    said = "True" if allowed else "False"
    was = condition(budget, "DisruptionAllowed")
    return {
        "type": "DisruptionAllowed",
        "status": said,
        "observedGeneration": budget["metadata"]["generation"],
        "lastTransitionTime": was["lastTransitionTime"]
        if was and was["status"] == said
        else world.cluster.now(),
        "reason": "SufficientPods" if allowed else "InsufficientPods",
        "message": "",
    }


def _choosing(world: World, event: Event) -> Iterable[Key]:
    return selecting.choosing(world, BUDGETS, event.value)


CONTROLLER = Controller("budget", _sync, {BUDGETS: itself, PODS: _choosing})
