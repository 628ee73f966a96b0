"""Watch one cluster for drift: the metadata of what carries our label, and by name what lost it.

One stream for each kind that is owned. What is seen is judged by suspicions.py; looking at what is
suspected, and doing something about it, is left to the engine.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any

from roadstead.model.errors import Problem
from roadstead.model.facts import ApiResource
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.model.inventory import Entry
from roadstead.objects import ownership
from roadstead.stages.observe import serving
from roadstead.stages.observe.stream import Selection
from roadstead.stages.observe.streams import Start, Streams
from roadstead.stages.observe.suspicions import Suspect, Suspicions
from roadstead.world import tasks
from roadstead.world.kube import client as kube

Blind = Callable[[Selection, Problem | None], None]


@asynccontextmanager
async def running(client: kube.Client, suspect: Suspect, blind: Blind) -> AsyncIterator["DriftWatch"]:
    """`suspect` is called with bundle and object, at once; `blind` with what is not watched and why, and
    with None when it is watched again."""
    async with tasks.group() as start:
        watch = DriftWatch(client, suspect, blind, start)
        try:
            yield watch
        finally:
            watch.stop()


class DriftWatch:
    """A streams.Follower. `suspicions.live` is kept current for all kinds that are owned."""

    def __init__(self, client: kube.Client, suspect: Suspect, blind: Blind, start: Start) -> None:
        self.suspicions = Suspicions(suspect)
        self._client = client
        self._blind = blind
        self._streams = Streams(client, self, start)
        self._resources: Mapping[GroupKind, ApiResource] = {}
        self._named: dict[ObjectId, Selection] = {}

    async def expect(self, inventories: Mapping[str, Mapping[ObjectId, Entry]]) -> None:
        """Watch what these bundles own now, as their entries say; other bundles stay as they are. A kind
        that is not served is looked for again at the next call."""
        self.suspicions.expect(inventories)
        scopes = self.suspicions.scopes
        self._resources = (await serving.ask(self._client, scopes)).resources
        self._streams.need(
            {
                Selection(resource, selector=ownership.PART_OF, metadata=True): scopes[kind]
                for kind, resource in self._resources.items()
                if kind in scopes
            }
        )
        self._follow_names()

    def stop(self) -> None:
        self._streams.stop()

    def seen(self, selection: Selection, obj: dict[str, Any]) -> None:
        self.suspicions.seen(obj)
        self._follow_names()

    def gone(self, selection: Selection, obj: dict[str, Any]) -> None:
        self.suspicions.gone(selection, obj)
        self._follow_names()

    def listed(self, selection: Selection, present: Collection[ObjectId]) -> None:
        self.suspicions.listed(selection, present)
        self._follow_names()

    def interrupted(self, selection: Selection, problem: Problem | None) -> None:
        self._blind(selection, problem)

    def lost(self, selection: Selection, problem: Problem) -> None:
        self._blind(selection, problem)
        self.suspicions.lost(selection)
        self._follow_names()

    def _follow_names(self) -> None:
        unlabelled = {one for one in self.suspicions.unlabelled if one.group_kind in self._resources}
        for one in self._named.keys() - unlabelled:
            self._streams.no_longer(self._named.pop(one))
        for one in unlabelled - self._named.keys():
            resource = self._resources[one.group_kind]
            self._named[one] = Selection(resource, one.namespace, one.name, metadata=True)
            self._streams.also(self._named[one])
