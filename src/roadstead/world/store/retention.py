"""What is let go of: by age, and by size when the database has grown too large. Oldest first, a little at a time.

One pass takes away no more than a twentieth of a table by age: when a clock jumps a year ahead, there is a day
to notice before everything is a year old. Records go by whole sealed segments from the beginning of their chain,
and the segment's head stays, so what is left can still be verified. Statuses and decisions stay: they are not
history.
"""

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Executable, Table, delete, func, select, text, tuple_, update

from roadstead.world.store import moments, reading, schema
from roadstead.world.store.writing import Writer

_SHARE = 20  # a pass takes one in so many rows by age
_LEAST = 1_000  # rows that a pass may take, however few there are
_AT_ONCE = 2_000  # rows in one transaction, so that others are not kept waiting
_BY_SIZE = 10  # a pass takes one in so many events while the database is too large


class Keep(Struct, frozen=True):
    """How long, and how much: `records` None keeps them for ever, `most` 0 is no limit (bytes)."""

    events: timedelta = timedelta(days=90)
    records: timedelta | None = None
    revisions: timedelta = timedelta(days=365)
    hooks: timedelta = timedelta(days=14)
    most: int = 0


class Tidied(Struct, frozen=True):
    """How many rows went; `size` is what the rest takes, in bytes."""

    events: int
    records: int
    others: int
    size: int


async def tidy(writer: Writer, keep: Keep, *, now: datetime) -> Tidied:
    """One pass; to be repeated every hour or so."""
    events = await _age(writer, schema.events, schema.events.c.time, now - keep.events)
    others = await _age(writer, schema.hooks, schema.hooks.c.received, now - keep.hooks)
    seen = schema.revisions.alias()
    later = select(seen.c.seen).where(
        seen.c.source == schema.revisions.c.source, seen.c.seen > schema.revisions.c.seen
    )  # the last one stays: what comes next is compared with it
    others += await _age(
        writer, schema.revisions, schema.revisions.c.seen, now - keep.revisions, later.exists()
    )
    records = await _segment(writer, now - keep.records) if keep.records is not None else 0
    used = await size(writer)
    if keep.most and used > keep.most:
        events += await _oldest(writer, schema.events, schema.events.c.id, await _some(writer, schema.events))
        records += await _segment(writer, now)
        used = await size(writer)
    return Tidied(events, records, others, used)


async def size(writer: Writer) -> int:
    """What the database takes on its disk, without what is free inside of it."""
    if writer.engines.name == "postgresql":
        found = await reading.fetch(writer.engines, select(func.pg_database_size(func.current_database())))
        return int(found[0][0])
    pages = {}
    for name in ("page_count", "freelist_count", "page_size"):
        pages[name] = (await reading.fetch(writer.engines, text(f"PRAGMA {name}")))[0][0]
    return int((pages["page_count"] - pages["freelist_count"]) * pages["page_size"])


async def _age(writer: Writer, table: Table, column: Any, before: datetime, *where: Any) -> int:
    """Rows older than that, but a share of all at most."""
    rows = (await reading.fetch(writer.engines, select(func.count()).select_from(table)))[0][0]
    allowed = max(_LEAST, rows // _SHARE)
    return await _oldest(writer, table, column, allowed, column < moments.write(before), *where)


async def _some(writer: Writer, table: Table) -> int:
    rows = (await reading.fetch(writer.engines, select(func.count()).select_from(table)))[0][0]
    return int(rows) // _BY_SIZE + 1


async def _oldest(writer: Writer, table: Table, column: Any, most: int, *where: Any) -> int:
    keys = tuple(table.primary_key.columns)
    gone = 0
    while gone < most:
        chosen = select(*keys).where(*where).order_by(column).limit(min(_AT_ONCE, most - gone))
        inside = _in(keys, chosen)
        count = await _run(writer, delete(table).where(inside))
        gone += count
        if not count:
            break
    return gone


def _in(keys: tuple[Any, ...], chosen: Any) -> Any:
    return keys[0].in_(chosen) if len(keys) == 1 else tuple_(*keys).in_(chosen)


async def _segment(writer: Writer, before: datetime) -> int:
    """The records of every writer's oldest segment, if it was sealed before that and no intent in it is open."""
    table, intents = schema.segments, schema.intents
    open_in_it = select(intents.c.sequence).where(
        intents.c.writer == table.c.writer, intents.c.sequence <= table.c.last
    )
    oldest = select(table.c.writer, func.min(table.c.number)).where(table.c.kept.is_(True))
    found = await reading.fetch(
        writer.engines,
        select(table)
        .where(
            _in((table.c.writer, table.c.number), oldest.group_by(table.c.writer)),
            table.c.sealed < moments.write(before),
            ~open_in_it.exists(),
        )
        .order_by(table.c.writer),
    )
    gone = 0
    for row in found:
        gone += await _forget(writer, row.writer, row.number, row.last)
    return gone


async def _forget(writer: Writer, name: str, number: int, last: int) -> int:
    """In one transaction: the chain must never look cut."""
    counted = [0]

    def ask(connection: Connection) -> None:
        for table in (schema.touched, schema.records):
            old = delete(table).where(table.c.writer == name, table.c.sequence <= last)
            counted[0] = connection.execute(old).rowcount
        table = schema.segments
        sealed = update(table).where(table.c.writer == name, table.c.number == number).values(kept=False)
        connection.execute(sealed)

    await writer.write(lambda batch: batch.ask(ask))
    return counted[0]


async def _run(writer: Writer, statement: Executable) -> int:
    counted = [0]

    def ask(connection: Connection) -> None:
        counted[0] = connection.execute(statement).rowcount

    await writer.write(lambda batch: batch.ask(ask))
    return counted[0]
