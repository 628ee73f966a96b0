"""Names and amounts of resources: what containers ask for, and what LimitRanges limit."""

from collections.abc import Iterator
from typing import Any

from roadstead.sim.rules import names
from roadstead.sim.schema import amounts
from roadstead.sim.schema.requiring import Cause, forbidden, invalid, required

Value = dict[str, Any]
OF_CONTAINERS = ("cpu", "memory", "ephemeral-storage")
STANDARD = {
    *("pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps", "storage"),
    *("persistentvolumeclaims", "services.nodeports", "services.loadbalancers", "cpu", "memory"),
    *("ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage", "limits.cpu"),
    *("requests.ephemeral-storage", "limits.memory", "limits.ephemeral-storage"),
}
HUGE = "hugepages-"


def name_of_container(name: str, at: str) -> Iterator[Cause]:
    """Of a resource that a container can have."""
    yield from name_of_any(name, at)
    if "/" not in name and name not in OF_CONTAINERS and not name.startswith(HUGE):
        yield invalid(at, name, "must be a standard resource for containers")


def name_of_any(name: str, at: str) -> Iterator[Cause]:
    problem = names.qualified_problem(name)
    if problem:
        yield invalid(at, name, problem)
    elif "/" not in name and name not in STANDARD and not name.startswith(HUGE):
        yield invalid(at, name, "must be a standard resource type or fully qualified")


def container(found: Value, at: str) -> Iterator[Cause]:
    """The `resources` of a container."""
    limits, requests = found.get("limits") or {}, found.get("requests") or {}
    for key, amounts_of in (("limits", limits), ("requests", requests)):
        for name, amount in amounts_of.items():
            place = f"{at}.{key}[{name}]"
            yield from name_of_container(name, place)
            if amounts.number(amount) < 0:
                yield invalid(place, amount, "must be greater than or equal to 0")
            elif "/" in name and amounts.number(amount) % 1:
                yield invalid(place, amount, "must be an integer")
    for name, amount in requests.items():
        limit = limits.get(name)
        if limit is None and ("/" in name or name.startswith(HUGE)):
            yield required(f"{at}.limits", "Limit must be set for non overcommitable resources")
        elif limit is not None and amounts.number(amount) > amounts.number(limit):
            yield invalid(f"{at}.requests", amount, f"must be less than or equal to {name} limit of {limit}")
    if any(name.startswith(HUGE) for name in limits) and not {"cpu", "memory"} & limits.keys():
        yield forbidden(at, "HugePages require cpu or memory")
