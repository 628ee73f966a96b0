"""`/decisions`: what people decided between two commits, and all that holds bundles back, wherever it stands; by
default what stands now."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from roadstead.hub.api import pages
from roadstead.hub.api.pages import Page, Paging
from roadstead.hub.api.resource import Asked, Resource
from roadstead.model.decision import Decision, DecisionKind, Held, Origin
from roadstead.model.person import Scope
from roadstead.operations import held
from roadstead.report import holds as report


class Wanted(Paging, kw_only=True):
    every: Annotated[bool, Meta(description="Also what was lifted or ended.")] = False
    kind: Annotated[tuple[DecisionKind, ...], Meta(description="Of these kinds.")] = ()
    origin: Annotated[tuple[Origin, ...], Meta(description="That stand there.")] = ()


class DecisionShown(Struct, kw_only=True):
    """Without `clusters` or `bundles` it is for all of them; `action` is what a hold does. `origin` is where it stands:
    `command` in refs/roadstead/decisions, `git` in a document, `cluster` as break-glass in a cluster, `inventory` on what
    a cluster owns; `place` is the document's file and line, or the cluster. Only those made by command are lifted by
    one. `made` is null where nobody knows it."""

    id: str
    kind: DecisionKind
    actor: str
    reason: str
    made: datetime | None
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
    origin: Origin = Origin.COMMAND
    place: str = ""


async def page(asked: Asked[Wanted]) -> Page[dict[str, Any]]:
    query, serving, now = asked.query, asked.serving, asked.serving.shared.world.now
    decided = await (serving.store.decisions.all() if query.every else serving.store.decisions.standing(now))
    found = [
        one
        for one in (*map(Held, decided), *held.elsewhere(serving))
        if (not query.kind or one.decision.kind in query.kind)
        and (not query.origin or one.origin in query.origin)
        and concerns(one.decision, asked.scope)
    ]
    page = pages.of(found, lambda one: one.decision.id, query)
    return Page(report.all_data(page.items, now), page.after)


def concerns(one: Decision, scope: Scope) -> bool:
    """Whether anything of it lies where it may be read."""
    return any(
        _meet(one.bundles, each.bundles) and _meet(one.clusters, each.clusters) for each in scope.rectangles
    )


def _meet(names: tuple[str, ...], readable: frozenset[str] | None) -> bool:
    return not names or readable is None or not readable.isdisjoint(names)


RESOURCES = (
    Resource(
        "/decisions",
        "What people decided, and all that holds bundles back.",
        Wanted,
        Page[DecisionShown],
        page,
    ),
)
