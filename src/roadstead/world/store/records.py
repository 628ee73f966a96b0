"""The record as it is read: by search for people, in the order of its chain for who verifies or exports it."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, Select, or_, select, tuple_

from roadstead.model import person
from roadstead.model.person import Scope
from roadstead.model.record import Kept, Linked, RecordKind, Segment
from roadstead.world.store import moments, reading, rows, schema
from roadstead.world.store.engines import Engines
from roadstead.world.store.reading import Page

_TABLE = schema.records
_COLUMNS = _TABLE.c
_CHUNK = 500


class Where(Struct, frozen=True):
    """Which records; empty chooses all. `object` is `Kind/namespace/name`, `Kind/name` in any namespace, or a name of any kind."""

    object: str = ""
    clusters: frozenset[str] | None = None
    bundles: frozenset[str] | None = None
    kinds: frozenset[RecordKind] = frozenset()
    actor: str = ""
    since: datetime | None = None
    until: datetime | None = None
    scope: Scope = person.EVERYTHING


EVERYTHING = Where()


class Records(Struct, frozen=True):
    engines: Engines

    async def page(
        self, where: Where = EVERYTHING, *, after: str | None = None, limit: int = 100
    ) -> Page[Linked]:
        """The newest first. Raises StalledError for a record that cannot be read: verify then."""
        order = (_COLUMNS.time, _COLUMNS.writer, _COLUMNS.sequence)
        wanted = _chosen(select(_TABLE), where).order_by(*(column.desc() for column in order))
        if after is not None:
            wanted = wanted.where(tuple_(*order) < tuple_(*reading.place(after, int, str, int)))
        found = await reading.fetch(self.engines, wanted.limit(limit + 1))
        page = reading.page(found, limit, lambda row: reading.cursor(row.time, row.writer, row.sequence))
        return Page(tuple(rows.record(row) for row in page.items), page.after)

    async def writers(self) -> dict[str, tuple[int, str]]:
        """Every chain's last sequence number and hash, as the database has it beside the records."""
        heads = schema.heads
        found = await reading.fetch(self.engines, select(heads).order_by(heads.c.writer))
        return {row.writer: (row.sequence, row.hash) for row in found}

    async def segments(self, writer: str) -> tuple[Segment, ...]:
        table = schema.segments
        wanted = select(table).where(table.c.writer == writer).order_by(table.c.number)
        return tuple(rows.segment(row) for row in await reading.fetch(self.engines, wanted))

    async def unanchored(self, writer: str) -> tuple[Segment, ...]:
        return tuple(one for one in await self.segments(writer) if not one.anchored)

    async def unknown_writers(self) -> frozenset[str]:
        """Whose records stand here without a head of their chain."""
        wanted = select(_COLUMNS.writer).distinct()
        found = {row.writer for row in await reading.fetch(self.engines, wanted)}
        return frozenset(found - set(await self.writers()))

    async def chain(self, writer: str) -> AsyncIterator[Kept]:
        """All records of one writer that retention has left, in their order, as they stand."""
        last = -(2**62)
        while True:
            wanted = select(_TABLE).where(_COLUMNS.writer == writer, _COLUMNS.sequence > last)
            found = await reading.fetch(self.engines, wanted.order_by(_COLUMNS.sequence).limit(_CHUNK))
            if not found:
                return
            touched = await self._touched(writer, last, found[-1].sequence)
            for row in found:
                yield _kept(row, touched.get(row.sequence, frozenset()))
            last = found[-1].sequence

    async def _touched(self, writer: str, after: int, to: int) -> dict[int, frozenset[str]]:
        table = schema.touched
        wanted = select(table.c.sequence, table.c.object).where(
            table.c.writer == writer, table.c.sequence > after, table.c.sequence <= to
        )
        objects: dict[int, set[str]] = {}
        for sequence, name in await reading.fetch(self.engines, wanted):
            objects.setdefault(sequence, set()).add(name)
        return {sequence: frozenset(names) for sequence, names in objects.items()}


def _kept(row: Row[Any], objects: frozenset[str]) -> Kept:
    return Kept(**dict(row._mapping) | {"time": moments.read(row.time)}, objects=objects)


def _chosen(wanted: Select[Any], where: Where) -> Select[Any]:
    wanted = reading.within(wanted, where.scope, cluster=_COLUMNS.cluster, bundle=_COLUMNS.bundle)
    for column, names in ((_COLUMNS.cluster, where.clusters), (_COLUMNS.bundle, where.bundles)):
        if names is not None:
            wanted = wanted.where(column.in_(sorted(names)))
    if where.kinds:
        wanted = wanted.where(_COLUMNS.kind.in_(sorted(where.kinds)))
    if where.actor:
        wanted = wanted.where(_COLUMNS.actor == where.actor)
    if where.since is not None:
        wanted = wanted.where(_COLUMNS.time >= moments.write(where.since))
    if where.until is not None:
        wanted = wanted.where(_COLUMNS.time < moments.write(where.until))
    if where.object:
        touched = schema.touched
        ending = touched.c.object.endswith(f"/{where.object}", autoescape=True)
        kind, _, name = where.object.partition("/")
        anywhere = touched.c.object.like(f"{_plain(kind)}/%/{_plain(name)}", escape="\\")
        wide = anywhere if name else ending
        named = select(touched.c.writer, touched.c.sequence).where(
            or_(touched.c.object == where.object, wide)
        )
        wanted = wanted.where(tuple_(_COLUMNS.writer, _COLUMNS.sequence).in_(named))
    return wanted


def _plain(text: str) -> str:
    """Without a meaning in LIKE."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
