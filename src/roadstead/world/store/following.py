"""Follow what becomes durable: events in their order, and the statuses that change, for many readers at once.

A reader has no more than a place: what is new comes from memory, what was missed from the database, page by page,
as fast as the reader takes it. So a slow reader costs nothing, and a hundred cost no more questions than one.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

from msgspec import Struct

from roadstead.model.events import Event
from roadstead.model.ids import Key
from roadstead.model.status import Status
from roadstead.world.store.events import EVERYTHING, Events, Where
from roadstead.world.store.writing import Writer

_LOOK_AGAIN = 1.0  # seconds: other processes may write into the same database
_PAGE = 500


class News(Struct, frozen=True):
    """`changed` statuses, None for those that are gone; None instead of all: too many, read them anew. `after` is
    the id up to which events were looked at, chosen or not."""

    events: tuple[Event, ...]
    changed: Mapping[Key, Status | None] | None
    after: int


async def follow(events: Events, after: int, where: Where = EVERYTHING) -> AsyncIterator[News]:
    """What comes after the event of this id, without end; once a second also when that is nothing."""
    recent = events.writer.recent
    seen = recent.changes
    while True:
        found, after = await _next(events, after, where)
        changed, seen = recent.changes_after(seen), recent.changes
        yield News(found, changed, after)
        if recent.last_event <= after and recent.changes == seen:
            await _written(events, after, seen)


async def _next(events: Events, after: int, where: Where) -> tuple[tuple[Event, ...], int]:
    recent = events.writer.recent.events_after(after)
    if recent is not None:
        last = recent[-1].id if recent else after
        return tuple(one for one in recent if where.holds(one)), last
    newest = await events.last()  # before the page: what comes meanwhile is looked at next
    found = await events.since(after, where, limit=_PAGE)
    if len(found) == _PAGE:
        return found, found[-1].id
    return found, max(newest, found[-1].id if found else after)


async def _written(events: Events, after: int, seen: int) -> None:
    """Until there is something new, or a second has gone by; then it is looked for what others wrote, once for all
    who wait."""
    writer = events.writer
    recent = writer.recent
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LOOK_AGAIN), writer.written:
            await writer.written.wait_for(lambda: recent.last_event > after or recent.changes > seen)
            return
    await _look(events, writer)


async def _look(events: Events, writer: Writer) -> None:
    now = asyncio.get_running_loop().time()
    if now - writer.looked < _LOOK_AGAIN:
        return
    writer.looked = now
    newest = await events.last()
    if newest > writer.recent.last_event:
        async with writer.written:
            writer.recent.last_event = newest
            writer.written.notify_all()
