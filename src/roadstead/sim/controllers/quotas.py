"""ResourceQuotas: how much of what they limit is used. Enforcing them is the API server's part, `admission.quotas`."""

from collections.abc import Iterable
from typing import Any

from roadstead.sim.admission import usage
from roadstead.sim.admission.quotas import QUOTAS
from roadstead.sim.controllers.events import EVERYTHING, Controller, Event, itself
from roadstead.sim.controllers.replicasets import PODS
from roadstead.sim.controllers.world import World
from roadstead.sim.schema import amounts
from roadstead.sim.store import Key

Value = dict[str, Any]


def _sync(world: World, key: Key) -> None:
    quota = world.get(QUOTAS, key)
    if quota is None:
        return
    hard = quota["spec"].get("hard") or {}
    found = {"hard": hard, "used": _used(world, quota, hard)}
    if found != quota.get("status"):
        world.report(QUOTAS, quota, found)


def _used(world: World, quota: Value, hard: Value) -> Value:
    used = dict.fromkeys(hard, "0")
    for resource in {usage.concerned(name) for name in hard}:
        for value in world.all(resource, quota["metadata"]["namespace"]):
            if usage.within(quota, resource, value):
                found = usage.of(resource, value)
                used |= {name: amounts.added(used[name], found[name]) for name in hard if name in found}
    return {name: amounts.canonical(amount) for name, amount in used.items()}


def _around(world: World, event: Event) -> Iterable[Key]:
    """Quotas of a namespace in which something comes, goes, or has ended."""
    namespace = event.change.key[0]
    if namespace and (event.gone or event.change.before is None or _ended(event)):
        for key in list(world.cluster.store.shelf(QUOTAS).objects):
            if key[0] == namespace:
                yield key


def _ended(event: Event) -> bool:
    return event.resource == PODS and event.value["status"].get("phase") in usage.ENDED


CONTROLLER = Controller("quota", _sync, {QUOTAS: itself, EVERYTHING: _around})
