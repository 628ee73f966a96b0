"""`/clusters`: what is known of each cluster, and how what is on it stands; `/clusters/{name}`: one, with its bundles."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from roadstead.hub.api import known, pages, shown, statuses
from roadstead.hub.api.pages import Page, Paging, Text
from roadstead.hub.api.resource import Asked, Resource, unknown
from roadstead.hub.api.shown import Counts, ProblemShown, StatusShown
from roadstead.model.status import ClusterStatus, Reach
from roadstead.world.store.statuses import Order, Where


class Wanted(Paging, kw_only=True):
    selector: Annotated[Text, Meta(description="With these labels, as kubectl's -l.")] | None = None
    reach: Annotated[tuple[Reach, ...], Meta(description="That can be reached so.")] = ()
    text: Annotated[Text, Meta(description="In names, labels and messages, in whatever case.")] = ""


class Detailed(Paging, kw_only=True):
    order: Annotated[Order, Meta(description="Of what is on it: the worst first, or by bundle.")] = (
        Order.BUNDLE
    )


class ClusterShown(Struct, kw_only=True):
    """`since` is when `reach` became what it is, `seen` when it last became reachable; `counts` are of its bundles by
    how they stand. The state `gone` is that of a cluster that was taken out of Git and left as it was."""

    name: str
    labels: dict[str, str]
    state: str
    reach: Reach
    since: datetime | None
    seen: datetime | None
    reason: str
    message: str
    version: str
    counts: Counts


class Queued(Struct):
    """What is to be done there: bundles that are due, being worked at, pausing after a failure, stalled until
    something changes, waiting for another."""

    due: int = 0
    running: int = 0
    pausing: int = 0
    stalled: int = 0
    waiting: int = 0


class ClusterDetail(ClusterShown, kw_only=True):
    """With why it cannot be reached, its queue, and a page of what is on it."""

    problem: ProblemShown | None
    queue: Queued
    items: list[StatusShown]
    after: str | None


def _shown(one: ClusterStatus, counts: Counts) -> ClusterShown:
    return ClusterShown(**_fields(one), counts=counts)


def _fields(one: ClusterStatus) -> dict[str, Any]:
    same = ("name", "state", "reach", "since", "seen", "reason", "message", "version")
    return {**{name: getattr(one, name) for name in same}, "labels": dict(one.labels)}


async def page(asked: Asked[Wanted]) -> Page[ClusterShown]:
    query, serving = asked.query, asked.serving
    scope, text = asked.scope, query.text.lower()
    seen = scope.clusters
    wanted = known.labels(query.selector) if query.selector is not None else None
    found = [
        one
        for name, one in (await known.every(serving)).items()
        if (seen is None or name in seen)
        and (wanted is None or wanted.matches(name, one.labels))
        and (not query.reach or one.reach in query.reach)
        and text in _text(one)
    ]
    names = pages.of(found, lambda one: one.name, query)
    where = Where(clusters=frozenset(one.name for one in names.items), scope=scope)
    counts = await serving.store.statuses.by_cluster(where)
    return Page([_shown(one, counts.get(one.name, {})) for one in names.items], names.after)


def _text(one: ClusterStatus) -> str:
    labels = (f"{name}={value}" for name, value in one.labels.items())
    return "\n".join((one.name, one.message, *labels)).lower()


async def one(asked: Asked[Detailed]) -> ClusterDetail:
    serving, name = asked.serving, asked.name
    found = (await known.every(serving)).get(name)
    seen = asked.scope.clusters
    if found is None or (seen is not None and name not in seen):
        raise unknown("cluster", name)
    where = Where(clusters=frozenset([name]), scope=asked.scope)
    on_it = await statuses.read(serving, where, asked.query, order=asked.query.order)
    keeper = serving.reconciling.keepers.get(name)
    problem = keeper.reach.problem if keeper else None
    return ClusterDetail(
        **_fields(found),
        counts=await serving.store.statuses.counts(where),
        problem=shown.problem(problem) if problem else None,
        queue=msgspec.convert(keeper.counts, Queued, from_attributes=True) if keeper else Queued(),
        items=on_it.items,
        after=on_it.after,
    )


RESOURCES = (
    Resource("/clusters", "What is known of each cluster.", Wanted, Page[ClusterShown], page),
    Resource("/clusters/{name}", "One cluster, and what is on it.", Detailed, ClusterDetail, one),
)
