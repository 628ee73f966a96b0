"""Watch one cluster for drift: the metadata of what carries our label, and by name what lost it.

One stream for each kind that is owned. What is seen is judged by suspicions.py; looking at what is
suspected, and doing something about it, is left to the engine.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any

from roadstead.model.errors import Problem
from roadstead.model.facts import ApiResource
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.model.inventory import Entry, Inventory
from roadstead.objects import kinds, ownership
from roadstead.stages.observe import serving
from roadstead.stages.observe.health_book import Changed, HealthBook
from roadstead.stages.observe.overtaken import Overtaken
from roadstead.stages.observe.stream import Selection
from roadstead.stages.observe.streams import Start, Streams
from roadstead.stages.observe.suspicions import Seen, Suspect, Suspicions
from roadstead.world import tasks
from roadstead.world.kube import client as kube

Blind = Callable[[Selection, Problem | None], None]
TellOvertaken = Callable[[str, ObjectId, dict[str, Any]], None]


@asynccontextmanager
async def running(
    client: kube.Client,
    suspect: Suspect,
    blind: Blind,
    *,
    health: Changed | None = None,
    overtaken: TellOvertaken = lambda bundle, one, obj: None,
) -> AsyncIterator["DriftWatch"]:
    """`suspect` is called with bundle and object, at once; `blind` with what is not watched and why, and
    with None when it is watched again. With `health` that is told, too, from the same streams; `overtaken`
    hears of states that a write of ours undid (overtaken.py)."""
    async with tasks.group() as start:
        book = HealthBook(client, health, start) if health else None
        watch = DriftWatch(client, suspect, blind, start, book, overtaken=overtaken)
        try:
            yield watch
        finally:
            watch.stop()


class DriftWatch:
    """A streams.Follower. `suspicions.live` is kept current for all kinds that are owned; of kinds whose
    health is told, whole objects are watched."""

    def __init__(
        self,
        client: kube.Client,
        suspect: Suspect,
        blind: Blind,
        start: Start,
        book: HealthBook | None = None,
        *,
        overtaken: TellOvertaken = lambda bundle, one, obj: None,
    ) -> None:
        self.book = book
        self.suspicions = Suspicions(suspect, book.gone if book else lambda one: None)
        self.synced = asyncio.Event()  # all that is owned was listed once, or cannot be
        self._client = client
        self._blind = blind
        self._streams = Streams(client, self, start)
        self._resources: Mapping[GroupKind, ApiResource] = {}
        self._named: dict[ObjectId, Selection] = {}
        self._lost: set[Selection] = set()
        self._overtaken = Overtaken(self._tell_overtaken)
        self._tell = overtaken

    async def expect(self, inventories: Mapping[str, Mapping[ObjectId, Entry]]) -> None:
        """Watch what these bundles own now, as their entries say; other bundles stay as they are. A kind
        that is not served, or was lost, is tried again at the next call."""
        self.suspicions.expect(inventories)
        scopes = self.suspicions.scopes
        self._resources = (await serving.ask(self._client, scopes)).resources
        self._streams.need(
            {
                Selection(resource, selector=ownership.PART_OF, metadata=self._is_light(kind)): scopes[kind]
                for kind, resource in self._resources.items()
                if kind in scopes
            }
        )
        self._follow_names()

    def wrote(
        self,
        inventory: Inventory,
        versions: Mapping[ObjectId, str],
        planned: Mapping[ObjectId, str] = MappingProxyType({}),
    ) -> None:
        """Our own writes, before `expect` hears of what they left: the versions that they made, and those for
        which they were planned."""
        for one, version in versions.items():
            self._overtaken.wrote(one, planned.get(one, ""), version)
        later = self.suspicions.wrote(inventory, versions)
        if self.book:
            self.book.wrote(later)

    def whole(self, one: ObjectId, version: str) -> dict[str, Any] | None:
        """A suspected object as it was seen at this resourceVersion, if all of it was."""
        found = None if self._is_light(one.group_kind) else self._overtaken.latest(one)
        return found if found and found["metadata"].get("resourceVersion") == version else None

    def stop(self) -> None:
        self._streams.stop()
        if self.book:
            self.book.stop()

    def seen(self, selection: Selection, obj: dict[str, Any]) -> None:
        one, how = self.suspicions.seen(obj)
        if how is Seen.LATE:
            self._overtaken.late(one, obj)
        elif how is Seen.ODD:
            self._overtaken.odd(one, obj)
        else:
            self._overtaken.fine(one)
        if self.book and not selection.metadata:
            self.book.seen(obj)
        self._follow_names()

    def gone(self, selection: Selection, obj: dict[str, Any]) -> None:
        self._overtaken.fine(kinds.identify(obj))
        self.suspicions.gone(selection, obj)
        self._follow_names()

    def listed(self, selection: Selection, present: Collection[ObjectId]) -> None:
        if selection in self._lost:
            self._lost.remove(selection)
            self._blind(selection, None)
        self.suspicions.listed(selection, present)
        self._follow_names()

    def interrupted(self, selection: Selection, problem: Problem | None) -> None:
        self._blind(selection, problem)

    def lost(self, selection: Selection, problem: Problem) -> None:
        self._lost.add(selection)
        self._blind(selection, problem)
        self.suspicions.lost(selection)
        self._follow_names()

    def _tell_overtaken(self, one: ObjectId, obj: dict[str, Any]) -> None:
        if bundle := self.suspicions.bundle_of(one):
            self._tell(bundle, one, obj)

    def _is_light(self, kind: GroupKind) -> bool:
        return self.book is None or not self.book.looks_at(kind)

    def _follow_names(self) -> None:
        unlabelled = {one for one in self.suspicions.unlabelled if one.group_kind in self._resources}
        for one in self._named.keys() - unlabelled:
            self._streams.no_longer(self._named.pop(one))
        for one in unlabelled - self._named.keys():
            resource, light = self._resources[one.group_kind], self._is_light(one.group_kind)
            self._named[one] = Selection(resource, one.namespace, one.name, metadata=light)
            self._streams.also(self._named[one])
        if not self.synced.is_set() and self._is_synced():
            self.synced.set()

    def _is_synced(self) -> bool:
        lost = {one.resource.group_kind for one in self._lost}
        unheard = lost | (self.suspicions.scopes.keys() - self._resources.keys())
        return self.suspicions.settled_but(unheard)
