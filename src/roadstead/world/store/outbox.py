"""The outbox: events on their way to those who are told, by route, and what these were told that still stands.

At least once: what was sent, but not yet settled, is sent again after a crash. Rows come with their events, in one
transaction (writing.py); who may be told is the caller's to know.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, Select, bindparam, delete, func, select, update

from roadstead.model.events import Delivery, Event
from roadstead.world.store import moments, reading, rows, schema
from roadstead.world.store.writing import Batch, Writer

_OUTBOX, _EVENTS = schema.outbox, schema.events
_THIS = (_OUTBOX.c.event == bindparam("of_event"), _OUTBOX.c.receiver == bindparam("on_route"))
_DONE = delete(_OUTBOX).where(*_THIS)
_TOLD = update(_OUTBOX).where(*_THIS).values(told=bindparam("told_at"), tries=0, error="")
_FAILED = (
    update(_OUTBOX)
    .where(*_THIS)
    .values(due=bindparam("next_due"), tries=_OUTBOX.c.tries + 1, error=bindparam("last_error"))
)
_FIRST = (
    delete(_OUTBOX)
    .where(_OUTBOX.c.receiver == bindparam("on_route"), _OUTBOX.c.told.is_(None))
    .where(_OUTBOX.c.event < bindparam("before_event"))
)
_OF_NO_EVENT = delete(_OUTBOX).where(_OUTBOX.c.event < select(func.min(_EVENTS.c.id)).scalar_subquery())
_ROUTE = delete(_OUTBOX).where(_OUTBOX.c.receiver == bindparam("on_route"))


class Outbox(Struct, frozen=True):
    writer: Writer

    async def waiting(self, route: str, *, limit: int) -> tuple[tuple[Delivery, Event], ...]:
        """What was not told yet, the oldest first."""
        return await self._read(_rows(route).where(_OUTBOX.c.told.is_(None)).limit(limit))

    async def standing(self, route: str) -> tuple[tuple[Delivery, Event], ...]:
        """What was told and still stands."""
        return await self._read(_rows(route).where(_OUTBOX.c.told.is_not(None)))

    async def settle(self, done: Iterable[Delivery], told: Iterable[Delivery], now: datetime) -> None:
        """In one transaction: those that are over and done with, and those that stand from now on."""
        gone = [_this(one) for one in done]
        kept = [{**_this(one), "told_at": moments.write(now)} for one in told]

        def make(batch: Batch) -> None:
            batch.run(_OUTBOX, _DONE, *gone)
            batch.run(_OUTBOX, _TOLD, *kept)

        await self.writer.write(make)

    async def failed(self, *deliveries: Delivery, due: datetime, error: str) -> None:
        values = [{**_this(one), "next_due": moments.write(due), "last_error": error} for one in deliveries]
        await self.writer.write(lambda batch: batch.run(_OUTBOX, _FAILED, *values))

    async def depth(self) -> dict[str, int]:
        """How many wait, by route."""
        counted = select(_OUTBOX.c.receiver, func.count()).where(_OUTBOX.c.told.is_(None))
        found = await reading.fetch(self.writer.engines, counted.group_by(_OUTBOX.c.receiver))
        return {row[0]: row[1] for row in found}

    async def keep(self, routes: Collection[str], *, among: str) -> None:
        """Of the routes that begin so, forget all others; and everywhere what is so old that its events are gone."""
        found = await reading.fetch(self.writer.engines, select(_OUTBOX.c.receiver).distinct())
        gone = [{"on_route": row[0]} for row in found if row[0].startswith(among) and row[0] not in routes]

        def make(batch: Batch) -> None:
            batch.run(_OUTBOX, _ROUTE, *gone)
            batch.run(_OUTBOX, _OF_NO_EVENT, {})

        await self.writer.write(make)

    async def give_up(self, route: str, *, before: datetime, most: int) -> int:
        """How many were dropped: what has waited since before that, and of the rest all but the newest."""
        mine = (_OUTBOX.c.receiver == route, _OUTBOX.c.told.is_(None))
        aged = select(func.max(_OUTBOX.c.event)).join(_EVENTS, _EVENTS.c.id == _OUTBOX.c.event)
        old = await reading.fetch(
            self.writer.engines, aged.where(*mine, _EVENTS.c.time < moments.write(before))
        )
        many = await reading.fetch(
            self.writer.engines,
            select(_OUTBOX.c.event).where(*mine).order_by(_OUTBOX.c.event.desc()).offset(most).limit(1),
        )
        last = max(old[0][0] or 0, many[0][0] if many else 0)
        counted = await reading.fetch(
            self.writer.engines,
            select(func.count()).select_from(_OUTBOX).where(*mine, _OUTBOX.c.event <= last),
        )
        if counted[0][0]:
            values = {"on_route": route, "before_event": last + 1}
            await self.writer.write(lambda batch: batch.run(_OUTBOX, _FIRST, values))
        return int(counted[0][0])

    async def _read(self, wanted: Select[Any]) -> tuple[tuple[Delivery, Event], ...]:
        return tuple(_both(row) for row in await reading.fetch(self.writer.engines, wanted))


def _rows(route: str) -> Select[Any]:
    """Outbox and events have no column of one name."""
    found = select(_OUTBOX, _EVENTS).join(_EVENTS, _EVENTS.c.id == _OUTBOX.c.event)
    return found.where(_OUTBOX.c.receiver == route).order_by(_OUTBOX.c.event)


def _both(row: Row[Any]) -> tuple[Delivery, Event]:
    return rows.delivery(row), rows.event(dict(row._mapping))


def _this(one: Delivery) -> dict[str, Any]:
    return {"of_event": one.event, "on_route": one.receiver}
