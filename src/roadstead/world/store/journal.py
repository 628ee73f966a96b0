"""The record as it is written: intents before changes, outcomes that close them, decisions, drifts; segments.

`begin` is the one place where the database holds up the reconciling: no cluster is written before it returns.
An intent whose caller gave up or died stays open, until somebody settles it against the cluster's inventory
and closes it.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct, field
from msgspec.structs import replace
from sqlalchemy import Connection, bindparam, delete, func, or_, select, update

from roadstead.model.events import Event
from roadstead.model.ids import Key
from roadstead.model.record import Record, RecordId, RecordKind, Segment
from roadstead.model.status import Deviation, Status
from roadstead.world.store import deviations as deviating
from roadstead.world.store import reading, rows, schema, statements
from roadstead.world.store.writing import Batch, Writer

_INTENTS, _SEGMENTS = schema.intents, schema.segments
_CLOSE = delete(_INTENTS).where(
    _INTENTS.c.writer == bindparam("by_writer"), _INTENTS.c.sequence == bindparam("numbered")
)


class With(Struct, frozen=True):
    """What becomes known together with a record, in one transaction."""

    statuses: Iterable[Status] = ()
    deviations: Mapping[Key, tuple[Deviation, ...]] = field(default_factory=dict)
    events: Iterable[Event] = ()

    def keys(self) -> tuple[object, ...]:
        stated = ((schema.statuses, one.key) for one in self.statuses)
        return (*stated, *((schema.deviations, key) for key in self.deviations))

    def write(self, batch: Batch) -> None:
        batch.state(*self.statuses)
        for key, found in self.deviations.items():
            deviating.write(batch, key, found)
        for event in self.events:
            batch.event(event)


NOTHING = With()


class Journal(Struct, frozen=True):
    writer: Writer

    async def begin(self, intent: Record) -> RecordId:
        """The intent's id, once it is durable. Waits as long as the database is gone: limit it from outside."""

        def make(batch: Batch) -> RecordId:
            id = batch.record(intent)
            keep = statements.keep(batch.engine, _INTENTS)
            batch.run(_INTENTS, keep, {"writer": id.writer, "sequence": id.sequence})
            return id

        return await self.writer.write(make)

    async def close(self, intent: RecordId, outcome: Record, also: With = NOTHING) -> RecordId:
        """The outcome of an intent; `outcome.closes` is set here."""
        return await self.add(_closing(outcome, intent), also)

    async def add(self, record: Record, also: With = NOTHING) -> RecordId:
        """A record, and an intent's end if it `closes` one."""

        def make(batch: Batch) -> RecordId:
            id = batch.record(record)
            if record.closes is not None:
                values = {"by_writer": record.closes.writer, "numbered": record.closes.sequence}
                batch.run(_INTENTS, _CLOSE, values)
            also.write(batch)
            return id

        return await self.writer.write(make, keys=also.keys())

    async def open_intents(self, cluster: str = "", bundle: str = "") -> tuple[tuple[RecordId, Record], ...]:
        """Of this process, also in a chain that it has left, in their order; where that is asked, those on one cluster
        or of one bundle alone."""
        name = self.writer.name
        records = schema.records
        columns = ((records.c.cluster, cluster), (records.c.bundle, bundle))
        wanted = (
            select(records)
            .join(
                _INTENTS,
                (_INTENTS.c.writer == records.c.writer) & (_INTENTS.c.sequence == records.c.sequence),
            )
            .where(or_(records.c.writer == name, records.c.writer.startswith(f"{name}~", autoescape=True)))
            .where(*(column == asked for column, asked in columns if asked))
            .order_by(records.c.time, records.c.sequence)
        )
        found = [rows.record(row) for row in await reading.fetch(self.writer.engines, wanted)]
        return tuple((one.id, one.record) for one in found)

    async def seal(self, now: datetime, *, at_least: int = 1_000, older_than: timedelta) -> Segment | None:
        """Seal this writer's records since its last segment, when they are many or the oldest is old."""
        sealing = _Sealing(self.writer.chain, now, at_least, older_than)
        await self.writer.write(lambda batch: batch.ask(sealing.ask))
        return sealing.sealed

    async def anchored(self, commit: str, *segments: Segment) -> None:
        """Note that refs/roadstead/decisions holds the heads of these."""
        values = [{"by_writer": one.writer, "numbered": one.number, "in_commit": commit} for one in segments]
        await self.writer.write(lambda batch: batch.run(_SEGMENTS, _ANCHOR, *values))


_ANCHOR = (
    update(_SEGMENTS)
    .where(_SEGMENTS.c.writer == bindparam("by_writer"), _SEGMENTS.c.number == bindparam("numbered"))
    .values(anchored=bindparam("in_commit"))
)


class _Sealing(Struct):
    """Reads the head and the last segment in the transaction that adds the next one."""

    writer: str
    now: datetime
    at_least: int
    older_than: timedelta
    sealed: Segment | None = None

    def ask(self, connection: Connection) -> None:
        self.sealed = None
        heads, records = schema.heads, schema.records
        head = connection.execute(select(heads).where(heads.c.writer == self.writer)).first()
        last = select(func.max(_SEGMENTS.c.number), func.max(_SEGMENTS.c.last))
        number, end = connection.execute(last.where(_SEGMENTS.c.writer == self.writer)).one()
        first = (end or 0) + 1
        if head is None or head.sequence < first:
            return
        begun = select(records).where(records.c.writer == self.writer, records.c.sequence == first)
        oldest = connection.execute(begun).first()
        is_old = oldest is None or rows.record(oldest).record.time <= self.now - self.older_than
        if head.sequence - first + 1 < self.at_least and not is_old:
            return
        self.sealed = Segment(self.writer, (number or 0) + 1, first, head.sequence, head.hash, self.now)
        connection.execute(_SEGMENTS.insert(), [rows.of_segment(self.sealed)])


def _closing(outcome: Record, intent: RecordId) -> Record:
    if outcome.kind is not RecordKind.OUTCOME:
        raise ValueError(f"an intent is closed by an outcome, found {outcome.kind}")
    return replace(outcome, closes=intent)
