"""`/statuses`: where every bundle stands on every cluster, by page, filter and order; `/statuses/counts`: in sums."""

from typing import Annotated

from msgspec import Meta, Struct

from roadstead.hub.api import known, shown
from roadstead.hub.api.pages import After, Asking, Limit, Page, Places, Text
from roadstead.hub.api.resource import Asked, Resource
from roadstead.hub.api.shown import Counts, StatusShown
from roadstead.model.person import Scope
from roadstead.model.status import Standing
from roadstead.operations.serve import Serving
from roadstead.world.store.statuses import Order, Where


class Filter(Places, kw_only=True):
    standing: Annotated[tuple[Standing, ...], Meta(description="That stand so.")] = ()
    text: Annotated[Text, Meta(description="In names, reasons and messages, in whatever case.")] = ""


class Wanted(Filter, kw_only=True):
    limit: Limit = 100
    after: After | None = None
    order: Annotated[Order, Meta(description="By cluster, by bundle, or the worst first.")] = Order.CLUSTER


class Summed(Filter, kw_only=True):
    by: Annotated[known.Side, Meta(description="Sums of each cluster, or of each bundle.")] | None = None


class Sums(Struct):
    """How many stand how, of everything that was chosen, and by name where that was asked for."""

    all: Counts
    by: dict[str, Counts] = {}


async def page(asked: Asked[Wanted]) -> Page[StatusShown]:
    query, serving = asked.query, asked.serving
    where = _where(serving, query, asked.scope)
    return await read(serving, where, query, order=query.order)


async def read(
    serving: Serving, where: Where, asked: Asking, *, order: Order = Order.CLUSTER
) -> Page[StatusShown]:
    found = await serving.store.statuses.page(where, order=order, after=asked.after, limit=asked.limit)
    return Page([shown.status(one, serving) for one in found.items], found.after)


async def counts(asked: Asked[Summed]) -> Sums:
    statuses = asked.serving.store.statuses
    where = _where(asked.serving, asked.query, asked.scope)
    if asked.query.by is None:
        return Sums(await statuses.counts(where))
    is_cluster = asked.query.by is known.Side.CLUSTER
    found = await (statuses.by_cluster(where) if is_cluster else statuses.by_bundle(where))
    whole: Counts = {}
    for sums in found.values():
        for standing, count in sums.items():
            whole[standing] = whole.get(standing, 0) + count
    return Sums(whole, found)


def _where(serving: Serving, query: Filter, scope: Scope) -> Where:
    return Where(
        clusters=known.clusters(serving, query),
        bundles=known.bundles(serving, query),
        standings=frozenset(query.standing),
        text=query.text,
        scope=scope,
    )


RESOURCES = (
    Resource("/statuses", "Where each bundle stands on each cluster.", Wanted, Page[StatusShown], page),
    Resource("/statuses/counts", "How many bundles on clusters stand how.", Summed, Sums, counts),
)
