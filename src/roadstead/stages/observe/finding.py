"""Find objects of one kind by as few requests as possible, and as far as our identity may look.

What carries our label comes in one list. Of what is missing then, few are looked up by name, many in one
list of the whole kind. Where the cluster as a whole may not be listed, each namespace that matters is; a
kind that lives in no namespace is then looked up by name.

An object that could not be looked for is `unreadable`, never taken for one that does not exist.
"""

import asyncio
from collections.abc import Callable, Collection
from typing import Any, Generic, TypeVar

import orjson
from msgspec import Struct, field

from roadstead.model import reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.facts import ApiResource
from roadstead.model.ids import ObjectId
from roadstead.objects import kinds, ownership
from roadstead.world import tasks
from roadstead.world.kube import client as kube
from roadstead.world.kube import listing

Value = TypeVar("Value")

FEW = 8  # look-ups by name cost about as much as one list of a few hundred objects
_AT_ONCE = 8
_PAGE, _METADATA_PAGE = 500, 5000  # objects of some 10 KB, metadata of some 1.5 KB
_BATCH = 200  # decoded in a row, some 10 ms: then other clusters' answers have their turn


class Found(Struct, Generic[Value]):
    """Where the kind is not `served`, there are no objects of it."""

    served: bool = True
    objects: dict[ObjectId, Value] = field(default_factory=dict)
    unreadable: dict[ObjectId, Problem] = field(default_factory=dict)


async def find(
    client: kube.Client,
    resource: ApiResource,
    wanted: Collection[ObjectId],
    read: Callable[[dict[str, Any]], Value],
    *,
    metadata: bool = False,
    mostly_unlabelled: bool = False,
) -> Found[Value]:
    """`read` makes of an object what is kept of it. Objects that carry our label are found though nobody
    wants them. Raises nothing: what cannot be asked makes the objects that are missing unreadable."""
    search = _Search(client, resource, frozenset(wanted), read, metadata)
    try:
        await search.run(everything=mostly_unlabelled)
    except RoadsteadError as error:
        if error.problem.reason is reasons.NO_SUCH_KIND:
            return Found(served=False)
        search.fail(search.missing(), error)
    return search.found


class _Search(Generic[Value]):
    def __init__(
        self,
        client: kube.Client,
        resource: ApiResource,
        wanted: frozenset[ObjectId],
        read: Callable[[dict[str, Any]], Value],
        metadata: bool,
    ) -> None:
        self.found: Found[Value] = Found()
        self._client = client
        self._resource = resource
        self._wanted = wanted
        self._read = read
        self._metadata = metadata
        self._forbidden = False  # to list the whole cluster

    async def run(self, *, everything: bool) -> None:
        await self._list("" if everything else ownership.PART_OF)
        missing = self.missing()
        if self._forbidden and not self._resource.namespaced:
            await tasks.each(missing, self._look_up, limit=_AT_ONCE)
        elif everything:
            return
        elif len(missing) > FEW:
            await self._list("")
        else:
            await tasks.each(missing, self._look_up, limit=_AT_ONCE)

    def missing(self) -> list[ObjectId]:
        known = self.found.objects.keys() | self.found.unreadable.keys()
        return [one for one in self._wanted if one not in known]

    def fail(self, concerned: Collection[ObjectId], error: RoadsteadError) -> None:
        self.found.unreadable |= dict.fromkeys(concerned, error.problem)

    async def _list(self, selector: str) -> None:
        if not self._forbidden:
            try:
                await self._pages("", selector)
            except RoadsteadError as error:
                if error.problem.reason is not reasons.FORBIDDEN:
                    raise
                self._forbidden = True
        if self._forbidden and self._resource.namespaced:
            namespaces = sorted({one.namespace for one in self.missing()})
            await tasks.each(namespaces, lambda one: self._list_in(one, selector), limit=_AT_ONCE)

    async def _list_in(self, namespace: str, selector: str) -> None:
        try:
            await self._pages(namespace, selector)
        except RoadsteadError as error:
            if error.problem.reason is reasons.NO_SUCH_KIND:
                raise
            self.fail([one for one in self.missing() if one.namespace == namespace], error)

    async def _pages(self, namespace: str, selector: str) -> None:
        pages = self._client.pages(
            self._resource,
            namespace=namespace,
            selector=selector,
            metadata=self._metadata,
            page=_METADATA_PAGE if self._metadata else _PAGE,
        )
        async for page in pages:
            for start in range(0, len(page.items), _BATCH):
                for item in page.items[start : start + _BATCH]:
                    self._take(listing.named(orjson.loads(memoryview(item)), self._resource), selector)
                await asyncio.sleep(0)

    def _take(self, obj: dict[str, Any], selector: str) -> None:
        one = kinds.identify(obj)
        if selector or one in self._wanted:
            self.found.objects[one] = self._read(obj)

    async def _look_up(self, wanted: ObjectId) -> None:
        try:
            obj = await self._client.get(
                self._resource, wanted.namespace, wanted.name, metadata=self._metadata
            )
        except RoadsteadError as error:
            self.fail([wanted], error)
        else:
            if obj is not None:
                self.found.objects[wanted] = self._read(obj)
