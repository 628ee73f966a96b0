"""Follow what is selected of one kind for as long as the caller wants: list, watch, resume, list again.

Breaks are bridged from the last resourceVersion seen. Everything is listed anew where the server has
forgotten that version (410), or said nothing for so long that it may never have known it (an etcd that was
restored answers a version from its future with silence). A follower sees every object at least once and
may see it again; of different objects it learns in no certain order.
"""

import asyncio
from collections.abc import Collection
from contextlib import aclosing
from typing import Any, NoReturn, Protocol

from msgspec import Struct
from msgspec.structs import replace

from roadstead.model import reasons
from roadstead.model.errors import Problem, RoadsteadError, StalledError, UsageError
from roadstead.model.facts import ApiResource
from roadstead.model.ids import ObjectId
from roadstead.objects import kinds
from roadstead.world import meter
from roadstead.world.kube import client as kube

LONGEST_PAUSE = 30.0  # seconds from one attempt to the next, doubling while they do not last
_SHORTEST = 0.2
_PAGE, _METADATA_PAGE = 500, 5000
_BATCH = 200  # objects looked at in a row, some 10 ms: then others have their turn


class Selection(Struct, frozen=True):
    """What lies in `namespace`, has this `name`, matches the label `selector`; each "" where that does not
    matter. `metadata` asks for no more than the metadata."""

    resource: ApiResource
    namespace: str = ""
    name: str = ""
    selector: str = ""
    metadata: bool = False

    def covers(self, one: ObjectId) -> bool:
        """Whether the object would be selected, if it has the label."""
        return (
            self.resource.group_kind == one.group_kind
            and self.namespace in ("", one.namespace)
            and self.name in ("", one.name)
        )

    def within(self, namespace: str) -> "Selection":
        return replace(self, namespace=namespace)

    def __str__(self) -> str:
        what = f"{self.resource.group_kind} {self.name}".rstrip()
        return f"{what} in {self.namespace}" if self.namespace else what


class Follower(Protocol):
    """`seen` brings an object as it is now; `gone` one that left the selection, deleted or not
    (correctness.md, Watching). `listed` tells what there is, after all of it was seen. `interrupted` says
    why nothing is heard, at each attempt, and None once it is heard again."""

    def seen(self, selection: Selection, obj: dict[str, Any]) -> None: ...

    def gone(self, selection: Selection, obj: dict[str, Any]) -> None: ...

    def listed(self, selection: Selection, present: Collection[ObjectId]) -> None: ...

    def interrupted(self, selection: Selection, problem: Problem | None) -> None: ...


async def follow(client: kube.Client, selection: Selection, follower: Follower) -> NoReturn:
    """Until cancelled. What a person must change first (rights, certificates) is raised; a kind that is not
    served has no objects, and is asked for again."""
    line = _Line(client, selection, follower)
    with meter.one("watches"):
        await _again_and_again(line)


async def _again_and_again(line: "_Line") -> NoReturn:
    loop = asyncio.get_running_loop()
    spacing = _SHORTEST
    while True:
        begun, pause = loop.time(), 0.0
        try:
            await line.hear()
            meter.watch_restarts["Ended"] += 1
        except RoadsteadError as error:
            line.broke(error)
            meter.watch_restarts[str(error.problem.reason)] += 1
            pause = error.problem.retry_after or 0.0
        lasted = loop.time() - begun
        await asyncio.sleep(max(pause, spacing - lasted))
        spacing = _SHORTEST if lasted > LONGEST_PAUSE else min(2 * spacing, LONGEST_PAUSE)


class _Line:
    """`version` is where to resume, "" to list; `heard` when the server last said something."""

    def __init__(self, client: kube.Client, selection: Selection, follower: Follower) -> None:
        self._client = client
        self._selection = selection
        self._follower = follower
        self._version = ""
        self._heard = 0.0
        self._broken = False

    async def hear(self) -> None:
        """Until the watch ends, which it does every few minutes."""
        if not self._version:
            await self._list()
            await asyncio.sleep(0)  # a follower that the list satisfied may have cancelled us
        selected = self._selection
        events = self._client.watch(
            selected.resource,
            namespace=selected.namespace,
            name=selected.name,
            selector=selected.selector,
            metadata=selected.metadata,
            resource_version=self._version,
            opened=lambda: self._mark(self._version),
        )
        async with aclosing(events):
            async for event in events:
                self._mark(event.resource_version)
                if event.type == "DELETED":
                    self._follower.gone(selected, event.object)
                elif event.type != "BOOKMARK":
                    self._follower.seen(selected, event.object)

    async def _list(self) -> None:
        selected, present, version = self._selection, set(), ""
        pages = self._client.pages(
            selected.resource,
            namespace=selected.namespace,
            name=selected.name,
            selector=selected.selector,
            metadata=selected.metadata,
            page=_METADATA_PAGE if selected.metadata else _PAGE,
        )
        async for page in pages:
            for number, obj in enumerate(page.objects(), 1):
                present.add(kinds.identify(obj))
                self._follower.seen(selected, obj)
                if number % _BATCH == 0:
                    await asyncio.sleep(0)
            version = page.resource_version
        self._mark(version)
        self._follower.listed(selected, present)

    def _mark(self, version: str) -> None:
        self._version = version
        self._heard = asyncio.get_running_loop().time()
        if self._broken:
            self._broken = False
            self._follower.interrupted(self._selection, None)

    def broke(self, error: RoadsteadError) -> None:
        reason = error.problem.reason
        silent = asyncio.get_running_loop().time() - self._heard >= self._client.limits.silence
        if reason is reasons.NO_SUCH_KIND:
            self._follower.listed(self._selection, frozenset())
        elif isinstance(error, StalledError | UsageError):
            raise error
        if silent or reason in (reasons.NO_SUCH_KIND, reasons.EXPIRED):
            self._version = ""
        if reason is not reasons.EXPIRED:
            self._broken = True
            self._follower.interrupted(self._selection, error.problem)
