"""`/decisions`: what people decided between two commits, first of all holds; by default what stands now."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from roadstead.hub.api import pages
from roadstead.hub.api.pages import Page, Paging
from roadstead.hub.api.resource import Asked, Resource
from roadstead.model.decision import Decision, DecisionKind
from roadstead.model.person import Scope
from roadstead.report import holds as report


class Wanted(Paging, kw_only=True):
    every: Annotated[bool, Meta(description="Also what was lifted or ended.")] = False
    kind: Annotated[tuple[DecisionKind, ...], Meta(description="Of these kinds.")] = ()


class DecisionShown(msgspec.Struct, kw_only=True):
    """Without `clusters` or `bundles` it is for all of them; `action` is what a hold does."""

    id: str
    kind: DecisionKind
    actor: str
    reason: str
    made: datetime
    until: datetime | None
    clusters: list[str]
    bundles: list[str]
    action: str
    digest: str
    data: dict[str, Any]
    lifted: datetime | None
    lifted_by: str
    lifted_because: str
    stands: bool


async def page(asked: Asked[Wanted]) -> Page[dict[str, Any]]:
    query, serving, now = asked.query, asked.serving, asked.serving.shared.world.now
    decided = await (serving.store.decisions.all() if query.every else serving.store.decisions.standing(now))
    found = [
        one for one in decided if (not query.kind or one.kind in query.kind) and concerns(one, asked.scope)
    ]
    page = pages.of(found, lambda one: one.id, query)
    return Page(report.data(page.items, now), page.after)


def concerns(one: Decision, scope: Scope) -> bool:
    """Whether anything of it lies where it may be read."""
    return any(
        _meet(one.bundles, each.bundles) and _meet(one.clusters, each.clusters) for each in scope.rectangles
    )


def _meet(names: tuple[str, ...], readable: frozenset[str] | None) -> bool:
    return not names or readable is None or not readable.isdisjoint(names)


RESOURCES = (
    Resource(
        "/decisions", "What people decided: holds that stand, or all.", Wanted, Page[DecisionShown], page
    ),
)
