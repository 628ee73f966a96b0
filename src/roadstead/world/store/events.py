"""Events in the order in which they became durable, and the outbox of those that somebody is to be told of."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, select, update

from roadstead.model.events import Delivery, Event, Level
from roadstead.world.store import moments, reading, rows, schema
from roadstead.world.store.reading import Page
from roadstead.world.store.writing import Batch, Writer

_TABLE = schema.events
_COLUMNS = _TABLE.c
_LOOK_AGAIN = 1.0  # seconds: other processes may write into the same database
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Where:
    """Which events; empty chooses all. `text` is looked for in objects and messages."""

    clusters: frozenset[str] | None = None
    bundles: frozenset[str] | None = None
    kinds: frozenset[str] = frozenset()
    levels: frozenset[Level] = frozenset()
    object: str = ""
    actor: str = ""
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""


EVERYTHING = Where()


@dataclass(frozen=True, slots=True)
class Events:
    writer: Writer

    async def add(self, *found: Event, deliver_to: tuple[str, ...] = ()) -> tuple[int, ...]:
        """Their ids. Each of them goes into the outbox for each of the receivers, in the same transaction."""
        return await self.writer.write(lambda batch: _add(batch, found, deliver_to))

    def note(self, *found: Event, deliver_to: tuple[str, ...] = ()) -> None:
        """`add`, without waiting."""
        self.writer.note(lambda batch: _add(batch, found, deliver_to))

    async def page(
        self, where: Where = EVERYTHING, *, before: int | None = None, limit: int = 100
    ) -> Page[Event]:
        """The newest first; `Page.after` is a number, the `before` of the next page."""
        wanted = _chosen(select(_TABLE), where).order_by(_COLUMNS.id.desc()).limit(limit + 1)
        if before is not None:
            wanted = wanted.where(_COLUMNS.id < before)
        return reading.page(await self._read(wanted), limit, lambda one: str(one.id))

    async def since(self, after: int, where: Where = EVERYTHING, *, limit: int = _CHUNK) -> tuple[Event, ...]:
        """The oldest first, none left out: what a reader who has seen `after` has missed."""
        wanted = _chosen(select(_TABLE), where).where(_COLUMNS.id > after)
        return tuple(await self._read(wanted.order_by(_COLUMNS.id).limit(limit)))

    async def last(self) -> int:
        """The id of the newest event; 0 without any."""
        found = await reading.fetch(self.writer.engines, select(func.max(_COLUMNS.id)))
        return int(found[0][0] or 0)

    async def oldest(self) -> int:
        """The id of the oldest event that retention has left; 0 without any."""
        found = await reading.fetch(self.writer.engines, select(func.min(_COLUMNS.id)))
        return int(found[0][0] or 0)

    async def follow(self, after: int) -> AsyncIterator[Event]:
        """Every event after this one, as they become durable, without end."""
        while True:
            found = await self.since(after)
            for event in found:
                after = event.id
                yield event
            if not found:
                await self._written(after)

    async def _written(self, after: int) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN), self.writer.written:
                await self.writer.written.wait_for(lambda: self.writer.last_event > after)

    async def _read(self, wanted: Select[Any]) -> list[Event]:
        found = await reading.fetch(self.writer.engines, wanted)
        return [rows.event(dict(row._mapping)) for row in found]


def _add(batch: Batch, found: tuple[Event, ...], deliver_to: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(batch.event(one, deliver_to) for one in found)


def _chosen(wanted: Select[Any], where: Where) -> Select[Any]:
    for column, names in ((_COLUMNS.cluster, where.clusters), (_COLUMNS.bundle, where.bundles)):
        if names is not None:
            wanted = wanted.where(column.in_(sorted(names)))
    if where.kinds:
        wanted = wanted.where(_COLUMNS.kind.in_(sorted(where.kinds)))
    if where.levels:
        wanted = wanted.where(_COLUMNS.level.in_(sorted(where.levels)))
    for column, name in ((_COLUMNS.object, where.object), (_COLUMNS.actor, where.actor)):
        if name:
            wanted = wanted.where(column == name)
    if where.since is not None:
        wanted = wanted.where(_COLUMNS.time >= moments.write(where.since))
    if where.until is not None:
        wanted = wanted.where(_COLUMNS.time < moments.write(where.until))
    if where.text:
        wanted = wanted.where(reading.holds(where.text, _COLUMNS.object, _COLUMNS.message))
    return wanted


_OUTBOX = schema.outbox
_THIS = (_OUTBOX.c.event == bindparam("of_event"), _OUTBOX.c.receiver == bindparam("to_receiver"))
_DONE = delete(_OUTBOX).where(*_THIS)
_FAILED = (
    update(_OUTBOX)
    .where(*_THIS)
    .values(due=bindparam("next_due"), tries=_OUTBOX.c.tries + 1, error=bindparam("last_error"))
)


@dataclass(frozen=True, slots=True)
class Outbox:
    """At least once: what was sent, but not yet marked `done`, is sent again after a crash."""

    writer: Writer

    async def due(self, now: datetime, *, limit: int = 100) -> tuple[tuple[Delivery, Event], ...]:
        wanted = (
            select(_OUTBOX, _TABLE)
            .join(_TABLE, _TABLE.c.id == _OUTBOX.c.event)
            .where(_OUTBOX.c.due <= moments.write(now))
            .order_by(_OUTBOX.c.due, _OUTBOX.c.event)
            .limit(limit)
        )
        found = await reading.fetch(self.writer.engines, wanted)
        return tuple((rows.delivery(row), rows.event(dict(row._mapping))) for row in found)

    async def done(self, *sent: Delivery) -> None:
        await self.writer.write(lambda batch: batch.run(_OUTBOX, _DONE, *(_this(one) for one in sent)))

    async def failed(self, one: Delivery, *, due: datetime, error: str) -> None:
        values = _this(one) | {"next_due": moments.write(due), "last_error": error}
        await self.writer.write(lambda batch: batch.run(_OUTBOX, _FAILED, values))

    async def depth(self) -> dict[str, int]:
        """How many wait, by receiver."""
        counted = select(_OUTBOX.c.receiver, func.count()).group_by(_OUTBOX.c.receiver)
        return {row[0]: row[1] for row in await reading.fetch(self.writer.engines, counted)}


def _this(one: Delivery) -> dict[str, Any]:
    return {"of_event": one.event, "to_receiver": one.receiver}
