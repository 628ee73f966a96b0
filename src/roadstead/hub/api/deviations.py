"""`/deviations`: every object, or field of one, that is not as it should be: what it was, what it is, by whom."""

from datetime import datetime
from typing import Annotated, Any

import orjson
from msgspec import Meta, Struct

from roadstead.hub.api import known, pages
from roadstead.hub.api.pages import After, Limit, Name, Page, Places, Text
from roadstead.hub.api.resource import Asked, Resource
from roadstead.model.status import Deviation, Trouble
from roadstead.world.store.deviations import Where


class Wanted(Places, kw_only=True):
    limit: Limit = 100
    after: After | None = None
    object: Annotated[
        tuple[Name, ...], Meta(description="These objects: Kind/namespace/name, or Kind/name.")
    ] = ()
    trouble: Annotated[tuple[Trouble, ...], Meta(description="What is wrong.")] = ()
    text: Annotated[
        Text, Meta(description="In objects, fields, managers and messages, in whatever case.")
    ] = ""


class DeviationShown(Struct, kw_only=True):
    """`before` is the value that was applied and `after` the one that is there, secrets redacted, null where there is
    none; `manager` and `time` say who changed it and when, as far as managedFields tell."""

    cluster: str
    bundle: str
    object: str
    trouble: Trouble
    since: datetime
    field: str
    manager: str
    time: datetime | None
    before: Any
    after: Any
    message: str


_SAME = ("object", "trouble", "since", "field", "manager", "time", "message")


def _shown(one: Deviation) -> DeviationShown:
    return DeviationShown(
        cluster=one.key.cluster,
        bundle=one.key.bundle,
        before=_value(one.before),
        after=_value(one.after),
        **{name: getattr(one, name) for name in _SAME},
    )


def _value(text: str) -> Any:
    return orjson.loads(text) if text else None


async def page(asked: Asked[Wanted]) -> Page[DeviationShown]:
    query, serving = asked.query, asked.serving
    where = Where(
        clusters=known.clusters(serving, query),
        bundles=known.bundles(serving, query),
        objects=pages.chosen(query.object),
        troubles=frozenset(query.trouble),
        text=query.text,
        scope=asked.scope,
    )
    found = await serving.store.deviations.page(where, after=query.after, limit=query.limit)
    return Page([_shown(one) for one in found.items], found.after)


RESOURCES = (
    Resource(
        "/deviations", "What is not as it should be, field by field.", Wanted, Page[DeviationShown], page
    ),
)
