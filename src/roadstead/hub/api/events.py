"""`/events`: what happened, the newest first."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from roadstead.hub.api import known
from roadstead.hub.api.pages import Limit, Name, Page, Places, Text
from roadstead.hub.api.resource import Asked, Resource
from roadstead.model.events import Event, Level
from roadstead.model.person import Scope
from roadstead.operations.serve import Serving
from roadstead.world.store.events import Where

Id = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Moment = Annotated[datetime, Meta(tz=True)]


class Filter(Places, kw_only=True):
    kind: Annotated[tuple[Name, ...], Meta(description="Of these kinds: drift, applied, …")] = ()
    level: Annotated[tuple[Level, ...], Meta(description="Of these levels.")] = ()
    object: Annotated[Text, Meta(description="About this object: Kind/namespace/name, or Kind/name.")] = ""
    actor: Annotated[Text, Meta(description="By this person or field manager.")] = ""
    text: Annotated[Text, Meta(description="In objects and messages, in whatever case.")] = ""


class Wanted(Filter, kw_only=True):
    since: Annotated[Moment, Meta(description="From this moment on.")] | None = None
    until: Annotated[Moment, Meta(description="Before this moment.")] | None = None
    limit: Limit = 100
    after: Annotated[Id, Meta(description="Where to begin: `after` of the page before.")] | None = None


class EventShown(Struct, kw_only=True):
    """`id` grows in the order in which events became durable."""

    id: int
    time: datetime
    kind: str
    level: Level
    message: str
    cluster: str
    bundle: str
    object: str
    actor: str
    commit: str
    reason: str
    data: dict[str, Any]


def shown(one: Event) -> EventShown:
    return msgspec.convert(one, EventShown, from_attributes=True)


def where(serving: Serving, query: Filter, scope: Scope) -> Where:
    return Where(
        clusters=known.clusters(serving, query),
        bundles=known.bundles(serving, query),
        kinds=frozenset(query.kind),
        levels=frozenset(query.level),
        object=query.object,
        actor=query.actor,
        text=query.text,
        since=query.since if isinstance(query, Wanted) else None,
        until=query.until if isinstance(query, Wanted) else None,
        scope=scope,
    )


async def page(asked: Asked[Wanted]) -> Page[EventShown]:
    query, serving = asked.query, asked.serving
    chosen = where(serving, query, asked.scope)
    found = await serving.store.events.page(chosen, before=query.after, limit=query.limit)
    return Page([shown(one) for one in found.items], found.after)


RESOURCES = (Resource("/events", "What happened, the newest first.", Wanted, Page[EventShown], page),)
