"""Commits that were seen, and deliveries of webhooks, so that a replayed one is known."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, select

from roadstead.model.status import Commit
from roadstead.world.store import moments, reading, rows, schema, statements
from roadstead.world.store.reading import Page
from roadstead.world.store.writing import Writer

_TABLE = schema.revisions


class Revisions(Struct, frozen=True):
    writer: Writer

    async def put(self, *seen: Commit) -> None:
        values = [rows.of_commit(one) for one in seen]
        await self.writer.write(lambda batch: batch.put(_TABLE, *values))

    def note(self, seen: Commit) -> None:
        """`put`, without waiting."""
        self.writer.note(lambda batch: batch.put(_TABLE, rows.of_commit(seen)))

    async def last(self, source: str = "") -> Commit | None:
        """The commit seen last; "" is the fleet repository."""
        page = await self.page(source, limit=1)
        return page.items[0] if page.items else None

    async def page(self, source: str = "", *, after: str | None = None, limit: int = 100) -> Page[Commit]:
        """The newest first."""
        wanted = select(_TABLE).where(_TABLE.c.source == source)
        if after is not None:
            wanted = wanted.where(_TABLE.c.seen < reading.place(after, int)[0])
        wanted = wanted.order_by(_TABLE.c.seen.desc()).limit(limit + 1)
        found = [rows.commit(row) for row in await reading.fetch(self.writer.engines, wanted)]
        return reading.page(found, limit, lambda one: reading.cursor(moments.write(one.seen)))


class _First(Struct):
    values: dict[str, object]
    engine: str
    is_first: bool = False

    def ask(self, connection: Connection) -> None:
        added = connection.execute(statements.keep(self.engine, schema.hooks), self.values)
        self.is_first = added.rowcount == 1


class Hooks(Struct, frozen=True):
    writer: Writer

    async def first_seen(self, provider: str, delivery: str, now: datetime) -> bool:
        """Note a delivery; false when it was noted before: a replay."""
        values = {"provider": provider, "delivery": delivery, "received": moments.write(now)}
        first = _First(values, self.writer.engines.name)
        await self.writer.write(lambda batch: batch.ask(first.ask))
        return first.is_first
