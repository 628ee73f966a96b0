"""Read what one cluster holds of a fleet, with as few requests as possible.

One list finds all inventories; then one metadata list per kind finds what is labelled ours. Wanted
objects that no inventory knows are looked up by name when few, else their kind is listed whole instead:
never both, so a fleet at rest costs one list per kind. Where the identity may not list a kind in the
whole cluster, each namespace that matters is listed.

What cannot be read is a problem of the objects concerned (`unreadable`), never an empty answer.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from roadstead.model import reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.facts import ApiResource
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.model.live import Live
from roadstead.objects import ownership
from roadstead.world import tasks
from roadstead.world.inventory import reading as inventories
from roadstead.world.inventory.reading import Stored
from roadstead.world.kube import client as kube

_FEW = 8  # look-ups by name cost about as much as one list of a few hundred objects
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class ClusterView:
    """`unreadable` tells, by kind, why nothing is known of its objects; no plan may touch these."""

    cluster: str
    stored: Stored
    live: Mapping[ObjectId, Live]
    unreadable: Mapping[GroupKind, Problem] = field(default_factory=dict)


async def read(
    client: kube.Client,
    *,
    fleet: str,
    wanted: Collection[ObjectId],
    former_clusters: frozenset[str] = frozenset(),
) -> ClusterView:
    """Everything a plan of any bundle of `fleet` on this cluster needs. `wanted` are the rendered ids."""
    stored = await inventories.read_all(client, fleet, former_clusters=former_clusters)
    owned = [entry_id for one in stored.inventories.values() for entry_id in one.entries]
    served = await client.resources()
    questions = _by_kind(owned, wanted)
    live: dict[ObjectId, Live] = {}
    unreadable: dict[GroupKind, Problem] = {}

    async def ask(kind: GroupKind) -> None:
        resource = served.find(kind)
        if resource is None:
            return  # nothing of a kind that is not served can exist; planning says what that means
        try:
            live.update(await _kind(client, resource, questions[kind]))
        except RoadsteadError as error:
            unreadable[kind] = error.problem.at(cluster=client.cluster, action=f"list {kind}")

    await tasks.each(questions, ask, limit=_AT_ONCE)
    return ClusterView(client.cluster, stored, live, unreadable)


@dataclass(slots=True)
class _Question:
    owned: set[ObjectId] = field(default_factory=set)
    unknown: set[ObjectId] = field(default_factory=set)


def _by_kind(owned: Iterable[ObjectId], wanted: Collection[ObjectId]) -> dict[GroupKind, _Question]:
    questions: dict[GroupKind, _Question] = defaultdict(_Question)
    for one in owned:
        questions[one.group_kind].owned.add(one)
    for one in wanted:
        question = questions[one.group_kind]
        if one not in question.owned:
            question.unknown.add(one)
    return questions


async def _kind(client: kube.Client, resource: ApiResource, question: _Question) -> dict[ObjectId, Live]:
    matters = question.owned | question.unknown
    whole = len(question.unknown) > _FEW
    found = {
        one.id: one
        for one in await _list(client, resource, matters, selector="" if whole else ownership.PART_OF)
        if one.part_of or one.id in matters
    }
    if whole:
        return found
    missing = [one for one in matters if one not in found]
    if len(missing) > _FEW:
        everything = await _list(client, resource, matters, selector="")
        return found | {one.id: one for one in everything if one.id in matters}
    for one in await tasks.each(missing, lambda wanted: _look_up(client, resource, wanted), limit=_AT_ONCE):
        if one is not None:
            found[one.id] = one
    return found


async def _list(
    client: kube.Client, resource: ApiResource, matters: Collection[ObjectId], *, selector: str
) -> list[Live]:
    try:
        listing = await client.list(resource, selector=selector, metadata=True)
    except RoadsteadError as error:
        namespaces = sorted({one.namespace for one in matters if one.namespace})
        if error.problem.reason is not reasons.FORBIDDEN or not namespaces:
            raise
        listings = [
            await client.list(resource, namespace=namespace, selector=selector, metadata=True)
            for namespace in namespaces
        ]
        return [_live(item, resource) for one in listings for item in one.items]
    return [_live(item, resource) for item in listing.items]


async def _look_up(client: kube.Client, resource: ApiResource, wanted: ObjectId) -> Live | None:
    found = await client.get(resource, wanted.namespace, wanted.name, metadata=True)
    return None if found is None else ownership.live(found, resource)


def _live(item: bytes, resource: ApiResource) -> Live:
    return ownership.live(item, resource)
