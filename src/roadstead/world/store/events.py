"""Events in the order in which they became durable."""

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Select, func, select

from roadstead.model import person
from roadstead.model.events import Event, Level
from roadstead.model.person import Scope
from roadstead.world.store import moments, reading, rows, schema
from roadstead.world.store.reading import Page
from roadstead.world.store.writing import Batch, Writer

_TABLE = schema.events
_COLUMNS = _TABLE.c
_CHUNK = 500


class Where(Struct, frozen=True):
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
    scope: Scope = person.EVERYTHING

    def holds(self, event: Event) -> bool:
        """Of an event in memory what `page` finds among those that are not."""
        return (
            (self.clusters is None or event.cluster in self.clusters)
            and (self.bundles is None or event.bundle in self.bundles)
            and (not self.kinds or event.kind in self.kinds)
            and (not self.levels or event.level in self.levels)
            and self.object in ("", event.object)
            and self.actor in ("", event.actor)
            and (self.since is None or event.time >= self.since)
            and (self.until is None or event.time < self.until)
            and self.text.lower() in f"{event.object}\n{event.message}".lower()
            and self.scope.holds(event.bundle, event.cluster)
        )


EVERYTHING = Where()


class Events(Struct, frozen=True):
    writer: Writer

    async def add(self, *found: Event) -> tuple[int, ...]:
        """Their ids. Each goes into the outbox on the routes that `Writer.routes` has for it, in the same
        transaction."""
        return await self.writer.write(lambda batch: _add(batch, found))

    def note(self, *found: Event) -> None:
        """`add`, without waiting."""
        self.writer.note(lambda batch: _add(batch, found))

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

    async def _read(self, wanted: Select[Any]) -> list[Event]:
        found = await reading.fetch(self.writer.engines, wanted)
        return [rows.event(dict(row._mapping)) for row in found]


def _add(batch: Batch, found: tuple[Event, ...]) -> tuple[int, ...]:
    return tuple(batch.event(one) for one in found)


def _chosen(wanted: Select[Any], where: Where) -> Select[Any]:
    wanted = reading.within(wanted, where.scope, cluster=_COLUMNS.cluster, bundle=_COLUMNS.bundle)
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
