"""`/stream`: events and changes of statuses as they come, as server-sent events.

A reader that comes again with the last id it saw misses nothing. Each is a place in what the store follows, and is
told more only once it has taken what it was told, so a slow one costs no memory. A stream ends when the process
does, when who reads it may not read the same any more, and after a while by itself: who comes again shows anew who
they are.
"""

import asyncio
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from starlette.responses import Response, StreamingResponse

from roadstead.hub.access.staying import Staying
from roadstead.hub.api import events, shown
from roadstead.hub.api.events import Id
from roadstead.hub.api.resource import Asked, Resource
from roadstead.hub.api.shown import StatusShown
from roadstead.model import errors, reasons
from roadstead.model.errors import Place, Problem, RoadsteadError
from roadstead.model.ids import Key
from roadstead.model.status import Status
from roadstead.operations.serve import Serving
from roadstead.world.store.events import Where
from roadstead.world.store.following import News

_BEAT = 15.0  # seconds after which a silent stream says that it is there
_LONGEST = 900.0  # seconds
_AGAIN = b"retry: 2000\n\n"  # milliseconds after which to come again
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class What(StrEnum):
    EVENTS = "events"
    STATUSES = "statuses"


class Wanted(events.Filter, kw_only=True):
    after: (
        Annotated[
            Id,
            Meta(
                description="Begin after the event of this id; default: with what comes. Last-Event-ID goes before it."
            ),
        ]
        | None
    ) = None
    what: Annotated[
        tuple[What, ...],
        Meta(description="What to tell; default: both. Statuses go by cluster, bundle and selector alone."),
    ] = ()


class Gone(Struct):
    """Events up to `oldest` are kept no more, or the database is another: read everything anew. What follows begins
    after `after`."""

    asked: int
    oldest: int
    after: int


class Removed(Struct):
    """The bundle is on the cluster no more."""

    cluster: str
    bundle: str


_encode = msgspec.json.Encoder().encode


async def stream(asked: Asked[Wanted]) -> Response:
    serving, query = asked.serving, asked.query
    where = events.where(serving, query, asked.scope)
    after = _last_id(asked)
    begin, gone = await _begin(serving, after)
    body = _told(asked, where, begin, gone)
    return StreamingResponse(body, media_type="text/event-stream", headers=_HEADERS)


def _last_id(asked: Asked[Wanted]) -> int | None:
    given = asked.request.headers.get("last-event-id", "")
    if not given:
        return asked.query.after
    if not (given.isascii() and given.isdigit() and int(given) < 2**63):
        cause = f"Last-Event-ID: expected the id of an event, found {given[:80]!r}"
        raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, place=Place(field="Last-Event-ID")))
    return int(given)


async def _begin(serving: Serving, after: int | None) -> tuple[int, Gone | None]:
    newest, oldest = await serving.store.events.last(), await serving.store.events.oldest()
    if after is None or after == newest:
        return newest, None
    if after > newest:
        return newest, Gone(after, oldest, newest)
    if after + 1 < oldest:
        return oldest - 1, Gone(after, oldest, oldest - 1)
    return after, None


async def _told(asked: Asked[Wanted], where: Where, begin: int, gone: Gone | None) -> AsyncIterator[bytes]:
    serving, query, staying = asked.serving, asked.query, Staying(asked.request)
    clock = asyncio.get_running_loop().time
    ends, beat = clock() + _LONGEST, clock() + _BEAT
    yield _AGAIN + (_message("gone", gone) if gone else b"")
    try:
        async for news in serving.store.follow(begin, where):
            if serving.shared.stop.is_set() or clock() > ends or not await staying.may():
                return
            told = _messages(serving, query, where, news)
            if told or clock() > beat:
                beat = clock() + _BEAT
                yield told + f"id: {news.after}\n: here\n\n".encode()
    except RoadsteadError:
        return  # the database is gone: who comes again is told why


def _messages(serving: Serving, query: Wanted, where: Where, news: News) -> bytes:
    parts: list[bytes] = []
    if What.EVENTS in query.what or not query.what:
        parts += (_message("event", events.shown(one), one.id) for one in news.events)
    if What.STATUSES in query.what or not query.what:
        if news.changed is None:
            parts.append(_message("reload", {}))
        else:
            parts += (
                _changed(serving, key, one) for key, one in news.changed.items() if _is_wanted(key, where)
            )
    return b"".join(parts)


def _is_wanted(key: Key, where: Where) -> bool:
    return (
        (where.clusters is None or key.cluster in where.clusters)
        and (where.bundles is None or key.bundle in where.bundles)
        and where.scope.holds(*key)
    )


def _changed(serving: Serving, key: Key, one: Status | None) -> bytes:
    """`since` is left to the reader: it stays as long as the standing does, and else is `seen`."""
    if one is None:
        return _message("removed", Removed(key.cluster, key.bundle))
    told = shown.status(one, serving)
    told.since = None
    return _message("status", told)


def _message(kind: str, data: Any, id: int | None = None) -> bytes:
    number = f"id: {id}\n" if id is not None else ""
    return f"event: {kind}\n{number}data: ".encode() + _encode(data) + b"\n\n"


MESSAGES = {"event": events.EventShown, "status": StatusShown, "removed": Removed, "gone": Gone}
RESOURCES = (
    Resource(
        "/stream", "Events and changes of statuses as they come.", Wanted, None, stream, "text/event-stream"
    ),
)
