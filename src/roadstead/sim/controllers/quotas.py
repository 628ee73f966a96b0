"""ResourceQuotas: how much of what they limit is used. Enforcing them is the API server's part."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from roadstead.language import quantities
from roadstead.sim.controllers.events import EVERYTHING, Controller, Event, itself
from roadstead.sim.controllers.replicasets import PODS
from roadstead.sim.controllers.world import World
from roadstead.sim.schema import amounts
from roadstead.sim.store import Key, Resource

Value = dict[str, Any]

QUOTAS = ("", "resourcequotas")
COUNTED: dict[str, Resource] = {
    "configmaps": ("", "configmaps"),
    "persistentvolumeclaims": ("", "persistentvolumeclaims"),
    "pods": PODS,
    "replicationcontrollers": ("", "replicationcontrollers"),
    "resourcequotas": QUOTAS,
    "secrets": ("", "secrets"),
    "services": ("", "services"),
}


def _sync(world: World, key: Key) -> None:
    quota = world.get(QUOTAS, key)
    if quota is None:
        return
    hard = quota["spec"].get("hard") or {}
    used = {name: _written(name, _used(world, key[0], name)) for name in hard}
    found = {"hard": hard, "used": used}
    if found != quota.get("status"):
        world.report(QUOTAS, quota, found)


def _written(name: str, amount: Decimal | int) -> Any:
    """Bytes in powers of two."""
    if name.endswith(("memory", "storage")) and amount and not amount % 1024:
        return amounts.canonical(f"{amount // 1024}Ki")
    return amounts.canonical(str(amount))


def _used(world: World, namespace: str, name: str) -> Decimal | int:
    resource = COUNTED.get(name)
    if name.startswith("count/"):
        plural, _, group = name.removeprefix("count/").partition(".")
        resource = (group, plural)
    if resource == PODS and name == "pods":
        return len([pod for pod in world.all(PODS, namespace) if _counts(pod)])
    if resource is not None:
        return sum(1 for key in world.cluster.store.shelf(resource).objects if key[0] == namespace)
    if name.startswith("services."):
        wanted = {
            "services.loadbalancers": ("LoadBalancer",),
            "services.nodeports": ("NodePort", "LoadBalancer"),
        }
        services = world.all(("", "services"), namespace)
        return sum(each["spec"].get("type") in wanted.get(name, ()) for each in services)
    if name == "requests.storage":
        claims = world.all(("", "persistentvolumeclaims"), namespace)
        return sum((_amount(each["spec"], "requests", "storage") for each in claims), Decimal(0))
    side, _, what = name.rpartition(".")
    side = side or "requests"
    pods = [pod for pod in world.all(PODS, namespace) if _counts(pod)]
    return sum((_amount(one, side, what) for pod in pods for one in pod["spec"]["containers"]), Decimal(0))


def _counts(pod: Value) -> bool:
    return (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")


def _amount(holder: Value, side: str, what: str) -> Decimal:
    written = ((holder.get("resources") or {}).get(side) or {}).get(what, "0")
    return quantities.parse(written)


def _around(world: World, event: Event) -> Iterable[Key]:
    """Quotas of a namespace in which something comes or goes."""
    namespace = event.change.key[0]
    if namespace and (event.gone or event.change.before is None):
        for key in list(world.cluster.store.shelf(QUOTAS).objects):
            if key[0] == namespace:
                yield key


CONTROLLER = Controller("quota", _sync, {QUOTAS: itself, EVERYTHING: _around})
