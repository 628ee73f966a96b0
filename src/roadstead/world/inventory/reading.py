"""Read what the bundles of a fleet own on a cluster: one list of Secrets, whatever their number.

What a run under way, or dead, has announced is part of what is read (announcement.py). A bundle whose Secrets
cannot be read is given as a problem and never as an inventory: its callers freeze it. Which bundles exist in Git is no concern here.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.facts import ApiResource
from roadstead.model.ids import Key
from roadstead.model.inventory import Inventory, Parent
from roadstead.world import tasks
from roadstead.world.inventory import announcement, names, secret
from roadstead.world.inventory.announcement import Announcement
from roadstead.world.kube import client as kube

_APART = (
    "correct the access of one of the two; if the cluster was renamed, write the name it had into formerNames"
)
_MOST_STRANGERS = 20  # in one selector, which is part of an address
_FEW = 8  # look-ups by name cost about as much as one list of a few hundred parents
SECRETS = ApiResource("", "v1", "Secret", "secrets", namespaced=True)


class Stored(Struct, frozen=True):
    """What one cluster holds for one fleet, by bundle. `problems` freeze their bundle; a parent that
    does not even name its bundle stands under "". `taken` are the names of all parents."""

    inventories: Mapping[str, Inventory] = field(default_factory=dict)
    problems: Mapping[str, Problem] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()


def empty(fleet: str, key: Key, *, taken: frozenset[str] = frozenset()) -> Inventory:
    """The inventory of a bundle that has none in the cluster yet."""
    name = names.parent_name(fleet, key.bundle, taken=taken)
    return Inventory(Parent(fleet=fleet, key=key, name=name, id=names.applyset_id(name)))


async def read_all(
    client: kube.Client, fleet: str, *, former_clusters: frozenset[str] = frozenset()
) -> Stored:
    """`former_clusters` are names that this cluster had: an inventory written for another cluster's name
    means that two Cluster documents lead to the same API server."""
    listing = await client.list(SECRETS, namespace=names.NAMESPACE, selector=names.fleet_selector(fleet))
    parents: list[dict[str, Any]] = []
    shards: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    announcements: list[Announcement] = []
    for found in listing.objects():
        if secret.is_parent(found):
            parents.append(found)
        elif announcement.is_announcement(found):
            announcements.append(_announcement(found, client.cluster))
        else:
            owner = found["metadata"].get("labels", {}).get(names.SHARD_LABEL, "")
            shards[owner][found["metadata"]["name"]] = found
    known, problems = _decoded(parents, shards, client.cluster)
    for name in {name for one in announcements for name in one.claims} - problems.keys():
        stored = known.get(name)
        parent = stored.parent if stored else None
        standing = {one.name: one.claims[name] for one in announcements if one.stands(name, parent)}
        if standing:
            known[name] = announcement.merged(stored, standing)
    return _sorted(known, problems, fleet, client.cluster, {client.cluster, *former_clusters})


def _decoded(
    parents: Iterable[dict[str, Any]], shards: Mapping[str, Mapping[str, dict[str, Any]]], cluster: str
) -> tuple[dict[str, Inventory], dict[str, Problem]]:
    """By the parent's name, what it holds or what is wrong with it."""
    known: dict[str, Inventory] = {}
    problems: dict[str, Problem] = {}
    for found in parents:
        name = found["metadata"]["name"]
        try:
            known[name] = secret.decode(found, shards.get(found["metadata"]["labels"][names.ID_LABEL], {}))
        except ValueError as error:
            problems[name] = _broken(name, error, secret.bundle_of(found), cluster)
    return known, problems


def _sorted(
    known: Mapping[str, Inventory],
    broken: Mapping[str, Problem],
    fleet: str,
    cluster: str,
    known_as: set[str],
) -> Stored:
    inventories: dict[str, Inventory] = {}
    problems = {one.bundle: one for one in broken.values()}
    for name, inventory in sorted(known.items()):
        bundle = inventory.parent.key.bundle
        try:
            _check(inventory, fleet, known_as, inventories)
        except ValueError as error:
            inventories.pop(bundle, None)
            problems[bundle] = _broken(name, error, bundle, cluster)
        else:
            if bundle not in problems:
                parent = replace(inventory.parent, key=Key(bundle, cluster))
                inventories[bundle] = replace(inventory, parent=parent)
    return Stored(inventories, problems, frozenset({*known, *broken}))


class _OfAnother(ValueError):
    """An inventory that was written for a cluster of another name."""


def _check(inventory: Inventory, fleet: str, known_as: set[str], others: Mapping[str, Inventory]) -> None:
    parent = inventory.parent
    if parent.fleet != fleet:
        raise ValueError(f"it says that it belongs to fleet {parent.fleet}")
    if parent.key.cluster not in known_as:
        raise _OfAnother(
            f"it was written for cluster {parent.key.cluster}; do both names lead to this server?"
        )
    if parent.key.bundle in others:
        raise ValueError(
            f"Secret {others[parent.key.bundle].parent.name} is the same bundle's inventory, too"
        )


def _broken(name: str, error: ValueError, bundle: str, cluster: str) -> Problem:
    return Problem(
        reasons.INVENTORY_BROKEN,
        f"Secret {names.NAMESPACE}/{name}: {error}",
        hint=_APART if isinstance(error, _OfAnother) else reasons.INVENTORY_BROKEN.remedy,
        bundle=bundle,
        cluster=cluster,
        action="read inventory",
    )


async def holder(client: kube.Client, parent: Parent) -> Parent | None:
    """Who holds the parent now: cheap, to be asked during long work. None: the parent is gone."""
    found = await client.get(SECRETS, names.NAMESPACE, parent.name, metadata=True)
    if found is None:
        return None
    try:
        return secret.decode_parent(found)
    except ValueError as error:
        raise errors.error(_broken(parent.name, error, *parent.key)) from error


async def strangers(client: kube.Client, ids: Collection[str]) -> dict[str, Parent]:
    """Of these ApplySets, by id, those that are bundles of other fleets; none where that cannot be read."""
    selector = f"{names.ID_LABEL} in ({','.join(sorted(ids)[:_MOST_STRANGERS])})"
    try:
        listing = await client.list(SECRETS, namespace=names.NAMESPACE, selector=selector, metadata=True)
    except RoadsteadError:  # who it is helps a person, and nothing depends on it
        return {}
    found = filter(None, map(_parent, listing.objects()))
    return {parent.id: parent for parent in found}


async def announced(client: kube.Client, fleet: str) -> tuple[Announcement, ...]:
    """All announcements that are there, over or not."""
    selector = f"{names.fleet_selector(fleet)},{names.ANNOUNCEMENT_LABEL}"
    listing = await client.list(SECRETS, namespace=names.NAMESPACE, selector=selector)
    return tuple(_announcement(found, client.cluster) for found in listing.objects())


async def parents(client: kube.Client, fleet: str, wanted: Collection[str]) -> dict[str, Parent | None]:
    """Who holds what now: those of these parents that are there, None for one that cannot be read."""
    if len(wanted) > _FEW:
        selector = f"{names.fleet_selector(fleet)},{names.ID_LABEL}"
        listing = await client.list(SECRETS, namespace=names.NAMESPACE, selector=selector, metadata=True)
        found = [one for one in listing.objects() if one["metadata"]["name"] in wanted]
    else:
        asked = await tasks.each(
            wanted, lambda name: client.get(SECRETS, names.NAMESPACE, name, metadata=True), limit=_FEW
        )
        found = [one for one in asked if one is not None]
    return {one["metadata"]["name"]: _parent(one) for one in found}


def _parent(found: Mapping[str, Any]) -> Parent | None:
    try:
        return secret.decode_parent(found)
    except ValueError:
        return None


def _announcement(found: Mapping[str, Any], cluster: str) -> Announcement:
    """Raises where it cannot be read: what it names is not known, nor which bundles it is about."""
    try:
        return announcement.decode(found)
    except ValueError as error:
        raise errors.error(_broken(found["metadata"]["name"], error, "", cluster)) from error
