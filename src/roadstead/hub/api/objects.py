"""`/objects`: an object by kind, name or a part of it, over all clusters: where it is ours, and what is wrong with it.

Searched is what the hub holds in memory of the inventories of clusters that it is connected to.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Annotated

from msgspec import Meta, Struct

from roadstead.hub.api import known
from roadstead.hub.api.pages import After, Limit, Places, Text
from roadstead.hub.api.resource import Asked, Resource
from roadstead.model.ids import Key, ObjectId
from roadstead.model.inventory import Inventory
from roadstead.model.status import Trouble
from roadstead.operations.serve import Serving
from roadstead.world.store import reading
from roadstead.world.store.deviations import Where


class Wanted(Places, kw_only=True):
    limit: Limit = 100
    after: After | None = None
    kind: Annotated[Text, Meta(description="Of this kind: Deployment, or apps/Deployment.")] = ""
    namespace: Annotated[Text, Meta(description="In this namespace.")] = ""
    name: Annotated[Text, Meta(description="Of exactly this name.")] = ""
    text: Annotated[Text, Meta(description="With this in Kind/namespace/name, in whatever case.")] = ""

    def holds(self, one: ObjectId) -> bool:
        return (
            (not self.name or one.name == self.name)
            and (not self.namespace or one.namespace == self.namespace)
            and self.kind in ("", one.kind, f"{one.group}/{one.kind}")
            and (not self.text or self.text.lower() in str(one).lower())
        )


class ObjectShown(Struct, kw_only=True):
    """`object` is Kind/namespace/name; `troubles` is empty where it is as it should be."""

    cluster: str
    bundle: str
    object: str
    group: str
    kind: str
    namespace: str
    name: str
    troubles: list[Trouble]


class Found(Struct):
    """`unseen` clusters were not searched: the hub is not connected to them."""

    items: list[ObjectShown]
    after: str | None
    unseen: list[str]


async def search(asked: Asked[Wanted]) -> Found:
    query, serving, scope = asked.query, asked.serving, asked.scope
    chosen, readable = known.clusters(serving, query), scope.clusters
    names = [
        name
        for name in sorted(known.in_git(serving))
        if (chosen is None or name in chosen) and (readable is None or name in readable)
    ]
    begin = tuple(reading.place(query.after, str, str, str, str)) if query.after is not None else None
    found: list[tuple[Key, ObjectId]] = []
    async for key, one in _every(serving, query, names, begin):
        if scope.holds(*key):
            found.append((key, one))
            if len(found) > query.limit:
                break
    page = reading.page(found, query.limit, lambda one: reading.cursor(*_place(*one)))
    troubles = await _troubles(serving, page.items)
    unseen = [name for name in names if _inventories(serving, name) is None]
    return Found([_shown(*one, troubles) for one in page.items], page.after, unseen)


def _inventories(serving: Serving, cluster: str) -> Mapping[str, Inventory] | None:
    keeper = serving.reconciling.keepers.get(cluster)
    return keeper.inventories if keeper else None


async def _every(
    serving: Serving, query: Wanted, names: list[str], begin: tuple[str, ...] | None
) -> AsyncIterator[tuple[Key, ObjectId]]:
    """In the order of their places; between clusters others get their turn."""
    wanted = known.bundles(serving, query)
    for cluster in names:
        if begin and cluster < begin[0]:
            continue
        await asyncio.sleep(0)
        for bundle, inventory in sorted((_inventories(serving, cluster) or {}).items()):
            if wanted is not None and bundle not in wanted:
                continue
            key = Key(bundle, cluster)
            here = [one for one in inventory.entries if query.holds(one)]
            for one in sorted(here, key=lambda one: _place(key, one)):
                if begin is None or _place(key, one) > begin:
                    yield key, one


def _place(key: Key, one: ObjectId) -> tuple[str, ...]:
    return key.cluster, key.bundle, str(one), one.group


async def _troubles(
    serving: Serving, found: Iterable[tuple[Key, ObjectId]]
) -> dict[tuple[Key, str], list[Trouble]]:
    pairs = list(found)
    where = Where(
        clusters=frozenset(key.cluster for key, _ in pairs),
        bundles=frozenset(key.bundle for key, _ in pairs),
        objects=frozenset(str(one) for _, one in pairs),
    )
    troubles: dict[tuple[Key, str], list[Trouble]] = {}
    after: str | None = None
    while pairs:
        page = await serving.store.deviations.page(where, after=after, limit=1_000)
        for one in page.items:
            seen = troubles.setdefault((one.key, one.object), [])
            if one.trouble not in seen:
                seen.append(one.trouble)
        after = page.after
        if after is None:
            break
    return troubles


def _shown(key: Key, one: ObjectId, troubles: dict[tuple[Key, str], list[Trouble]]) -> ObjectShown:
    name = str(one)
    return ObjectShown(
        cluster=key.cluster,
        bundle=key.bundle,
        object=name,
        troubles=troubles.get((key, name), []),
        **one._asdict(),
    )


RESOURCES = (Resource("/objects", "Find an object over the whole fleet.", Wanted, Found, search),)
