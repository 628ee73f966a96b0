"""Read what one cluster holds of a fleet: one list finds all inventories, then one of metadata for each kind
what is owned and what is wanted (finding.py). A fleet at rest costs no further request.

What cannot be read is a problem of the objects concerned (`unreadable`), never an empty answer. Without
its inventories nothing is known of a cluster: that is raised.
"""

from collections import ChainMap, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from typing import cast

from msgspec import Struct, field

from roadstead.model.errors import Problem
from roadstead.model.facts import ApiResource
from roadstead.model.ids import GroupKind, Key, ObjectId
from roadstead.model.live import Live
from roadstead.objects import ownership
from roadstead.stages.observe import finding, serving
from roadstead.stages.observe.serving import Served
from roadstead.world import tasks
from roadstead.world.inventory import reading as inventories
from roadstead.world.inventory.reading import Stored
from roadstead.world.kube import client as kube

_AT_ONCE = 8


class ClusterView(Struct, frozen=True, dict=True):
    """`live` holds what exists of the owned and the wanted, and what else carries our label. `unreadable`
    tells of which objects nothing is known, and why; no plan may touch these. `unserved` kinds have no
    objects, because the cluster does not serve them."""

    cluster: str
    stored: Stored
    live: Mapping[ObjectId, Live]
    unreadable: Mapping[ObjectId, Problem] = field(default_factory=dict)
    unserved: frozenset[GroupKind] = frozenset()
    asked: dict[ObjectId, Live] = field(default_factory=dict)  # those of `live` that no watch tells of

    @cached_property
    def parents(self) -> dict[str, Key]:
        """Which bundle a part-of label belongs to."""
        return {one.parent.id: one.parent.key for one in self.stored.inventories.values()}


async def read(
    client: kube.Client,
    *,
    fleet: str,
    wanted: Collection[ObjectId],
    former_clusters: frozenset[str] = frozenset(),
) -> ClusterView:
    """Everything a plan of any bundle of `fleet` on this cluster needs. `wanted` are the rendered ids."""
    async with tasks.group() as start:
        reading = start(inventories.read_all(client, fleet, former_clusters=former_clusters))
        start(client.resources())
    stored = reading.result()
    owned = (entry_id for one in stored.inventories.values() for entry_id in one.entries)
    search = _Search(client, _by_kind(owned, wanted))
    await search.ask(await serving.ask(client, search.questions))
    if search.stale:
        await search.ask(await serving.ask(client, search.stale, fresh=True))
    return ClusterView(client.cluster, stored, search.live, search.unreadable, search.unserved())


async def complete(
    client: kube.Client,
    stored: Stored,
    live: Mapping[ObjectId, Live],
    *,
    wanted: Collection[ObjectId],
    is_listed: Callable[[ObjectId], bool],
) -> ClusterView:
    """The view where watches keep `live`: asked for is only what they do not tell of, the wanted that is not
    owned yet, and the owned of kinds that could not be listed (`is_listed`). `live` is not copied."""
    owned = [one for each in stored.inventories.values() for one in each.entries if not is_listed(one)]
    held = {one for each in stored.inventories.values() for one in each.entries}
    search = _Search(client, _by_kind(owned, [one for one in wanted if one not in held and one not in live]))
    await search.ask(await serving.ask(client, search.questions))
    if search.stale:
        await search.ask(await serving.ask(client, search.stale, fresh=True))
    kept = ChainMap(cast("dict[ObjectId, Live]", live), search.live)
    return ClusterView(client.cluster, stored, kept, search.unreadable, search.unserved(), search.live)


class _Question(Struct):
    owned: set[ObjectId] = field(default_factory=set)
    unknown: set[ObjectId] = field(default_factory=set)

    @property
    def matters(self) -> set[ObjectId]:
        return self.owned | self.unknown


def _by_kind(owned: Iterable[ObjectId], wanted: Collection[ObjectId]) -> dict[GroupKind, _Question]:
    questions: dict[GroupKind, _Question] = defaultdict(_Question)
    for one in owned:
        questions[one.group_kind].owned.add(one)
    for one in wanted:
        question = questions[one.group_kind]
        if one not in question.owned:
            question.unknown.add(one)
    return questions


class _Search(Struct):
    """`stale` are kinds that discovery, being of an older day, knew at a version that is served no more."""

    client: kube.Client
    questions: Mapping[GroupKind, _Question]
    live: dict[ObjectId, Live] = field(default_factory=dict)
    unreadable: dict[ObjectId, Problem] = field(default_factory=dict)
    stale: set[GroupKind] = field(default_factory=set)
    _asked: set[GroupKind] = field(default_factory=set)

    async def ask(self, served: Served) -> None:
        self.stale = set()
        for kind, problem in served.unknown.items():
            self.unreadable |= dict.fromkeys(self.questions[kind].matters, problem)
        self._asked |= served.unknown.keys()
        await tasks.each(served.resources.values(), self._kind, limit=_AT_ONCE)

    def unserved(self) -> frozenset[GroupKind]:
        return frozenset(self.questions.keys() - self._asked)

    async def _kind(self, resource: ApiResource) -> None:
        kind = resource.group_kind
        question = self.questions[kind]
        found = await finding.find(
            self.client,
            resource,
            question.matters,
            ownership.live,
            metadata=True,
            mostly_unlabelled=len(question.unknown) > finding.FEW,
        )
        if found.served:
            self._asked.add(kind)
        else:
            self.stale.add(kind)
        self.live |= found.objects
        self.unreadable |= found.unreadable
