"""`/records`: the record of changes and decisions by search, the newest first; whole, so that it can be verified."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from roadstead.hub.api import known
from roadstead.hub.api.events import Moment
from roadstead.hub.api.pages import After, Limit, Page, Places, Text
from roadstead.hub.api.resource import Asked, Resource
from roadstead.model.record import RecordKind
from roadstead.report import records as report
from roadstead.world.store.records import Where


class Wanted(Places, kw_only=True):
    limit: Limit = 100
    after: After | None = None
    object: Annotated[
        Text,
        Meta(
            description="That touched Kind/namespace/name, Kind/name in any namespace, or a name of any kind."
        ),
    ] = ""
    kind: Annotated[tuple[RecordKind, ...], Meta(description="Of these kinds.")] = ()
    actor: Annotated[Text, Meta(description="By whom.")] = ""
    since: Annotated[Moment, Meta(description="From this moment on.")] | None = None
    until: Annotated[Moment, Meta(description="Before this moment.")] | None = None


class TouchedShown(Struct, kw_only=True, omit_defaults=True):
    """One object: what was meant, or done; digests before and after, the fields that changed. Never values."""

    object: str
    action: str
    before: str = ""
    after: str = ""
    fields: list[str] = []
    reason: str = ""
    message: str = ""


class RecordShown(Struct, kw_only=True, omit_defaults=True):
    """A record as it stands in its chain, without what is empty: canonical JSON of all but `hash` is what was hashed
    (docs/record.md). `closes` names the writer and number of the intent that an outcome answers."""

    version: int
    writer: str
    sequence: int
    previous: str
    hash: str
    kind: RecordKind
    time: datetime
    actor: str = ""
    cluster: str = ""
    bundle: str = ""
    commit: str = ""
    before: str = ""
    after: str = ""
    objects: list[TouchedShown] = []
    result: str = ""
    reason: str = ""
    message: str = ""
    closes: tuple[str, int] | None = None
    data: dict[str, Any] = {}


async def page(asked: Asked[Wanted]) -> Page[dict[str, Any]]:
    query, serving = asked.query, asked.serving
    where = Where(
        object=query.object,
        clusters=known.clusters(serving, query),
        bundles=known.bundles(serving, query),
        kinds=frozenset(query.kind),
        actor=query.actor,
        since=query.since,
        until=query.until,
        scope=asked.scope,
    )
    found = await serving.store.records.page(where, after=query.after, limit=query.limit)
    return Page([report.data(one) for one in found.items], found.after)


RESOURCES = (Resource("/records", "The record of changes and decisions.", Wanted, Page[RecordShown], page),)
