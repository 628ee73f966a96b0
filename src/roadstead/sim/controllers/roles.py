"""Aggregated ClusterRoles: the rules of those that their selectors choose."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import orjson

from roadstead.sim.cluster import Cluster
from roadstead.sim.controllers import selecting
from roadstead.sim.controllers.events import Controller, Event, key_of
from roadstead.sim.controllers.machines import Machines
from roadstead.sim.controllers.world import World
from roadstead.sim.store import Key

Value = dict[str, Any]

ROLES = ("rbac.authorization.k8s.io", "clusterroles")
MANAGER = "clusterrole-aggregation-controller"
ALL: Key = ("", "")
AGGREGATES = b'"aggregationRule"'


def begin(cluster: Cluster) -> None:
    """Fill the roles that a cluster of this version has from the beginning: found out once, by the first."""
    filled = _FILLED.get(cluster.minor)
    if filled is None:
        world = World(cluster, Machines(), (CONTROLLER,))
        _sync(world, ALL)
        _sync(world, ALL)
        world.close()
        filled = [value for value in world.all(ROLES) if value.get("aggregationRule")]
        _FILLED[cluster.minor] = filled
        return
    for value in filled:
        version = str(cluster.store.next_version())
        metadata = {**value["metadata"], "resourceVersion": version}
        cluster.store.put(ROLES, key_of(value), orjson.dumps({**value, "metadata": metadata}))


_FILLED: dict[str, list[Value]] = {}


def _sync(world: World, key: Key) -> None:
    for name, stored in list(world.cluster.store.shelf(ROLES).objects.items()):
        if AGGREGATES in stored.data:
            _fill(world, name)


def _fill(world: World, key: Key) -> None:
    role = world.get(ROLES, key)
    if role is None or not role.get("aggregationRule"):
        return
    shelf = world.cluster.store.shelf(ROLES).objects
    names = dict.fromkeys(
        name
        for each in role["aggregationRule"].get("clusterRoleSelectors") or ()
        for name in selecting.names(world, ROLES, "", selecting.parsed(each, empty_is_all=True))
        if name != key
    )
    rules = list(_union(tuple(shelf[name].data for name in names)))
    if rules != (role.get("rules") or []):
        world.update(ROLES, {**role, "rules": rules}, manager=MANAGER)


@lru_cache(16)
def _union(roles: tuple[bytes, ...]) -> tuple[Value, ...]:
    """The same for all clusters that have the same roles."""
    rules: list[Value] = []
    for data in roles:
        rules += [rule for rule in orjson.loads(data).get("rules") or () if rule not in rules]
    return tuple(rules)


def _any(world: World, event: Event) -> Iterable[Key]:
    """One call for all of them, when a role changed that has labels or aggregates itself."""
    data = event.change.after or event.change.last or b""
    return [ALL] if b'"labels"' in data or AGGREGATES in data else ()


CONTROLLER = Controller("role", _sync, {ROLES: _any}, looks_first=False)
