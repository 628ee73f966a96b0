"""Keep those streams of one cluster running that are needed, and no others.

A kind is followed in the whole cluster by one stream, which is cheapest; where our identity may not do
that, by one stream for each namespace that matters. Single objects are followed beside these, by name.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping
from typing import Any, Protocol

from roadstead.model import reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.ids import GroupKind
from roadstead.stages.observe import stream
from roadstead.stages.observe.stream import Selection
from roadstead.world.kube import client as kube

Start = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class Follower(stream.Follower, Protocol):
    """`lost` tells what is followed no more, for a reason that does not pass; the next `need` tries anew."""

    def lost(self, selection: Selection, problem: Problem) -> None: ...


class Streams:
    """`start` makes a task (world/tasks.py); its group must be left only after `stop`."""

    def __init__(self, client: kube.Client, follower: Follower, start: Start) -> None:
        self._client = client
        self._follower = follower
        self._start = start
        self._running: dict[Selection, asyncio.Task[None]] = {}
        self._needed: Mapping[Selection, Collection[str]] = {}
        self._single: set[Selection] = set()
        self._lost: set[Selection] = set()
        self._by_namespace: set[GroupKind] = set()
        self._stopped = False

    @property
    def running(self) -> Collection[Selection]:
        return self._running.keys()

    def need(self, needed: Mapping[Selection, Collection[str]]) -> None:
        """Each selection, with the namespaces that matter should the whole cluster be forbidden."""
        self._needed = needed
        self._lost.clear()
        self._settle()

    def also(self, single: Selection) -> None:
        self._single.add(single)
        if single not in self._running:
            self._begin(single)

    def no_longer(self, single: Selection) -> None:
        self._single.discard(single)
        if single in self._running:
            self._running.pop(single).cancel()

    def stop(self) -> None:
        """For good: the group of tasks may be gone."""
        self._stopped = True
        self._single.clear()
        self.need({})

    def _settle(self) -> None:
        wanted = self._allowed() | self._single
        for selection in self._running.keys() - wanted:
            self._running.pop(selection).cancel()
        for selection in wanted - self._running.keys() - self._lost:
            self._begin(selection)

    def _begin(self, selection: Selection) -> None:
        if self._stopped:
            return
        self._running[selection] = self._start(self._run(selection))

    def _allowed(self) -> set[Selection]:
        allowed: set[Selection] = set()
        for one, namespaces in self._needed.items():
            if one.resource.group_kind in self._by_namespace and not one.namespace:
                allowed |= {one.within(namespace) for namespace in namespaces}
            else:
                allowed.add(one)
        return allowed

    async def _run(self, selection: Selection) -> None:
        try:
            await stream.follow(self._client, selection, self._follower)
        except RoadsteadError as error:
            self._running.pop(selection, None)
            self._lost.add(selection)
            if self._is_too_wide(selection, error):
                self._by_namespace.add(selection.resource.group_kind)
                self._settle()
            else:
                self._follower.lost(selection, error.problem)

    def _is_too_wide(self, selection: Selection, error: RoadsteadError) -> bool:
        forbidden = error.problem.reason is reasons.FORBIDDEN
        return forbidden and selection.resource.namespaced and not selection.namespace
