"""Open a database: its tables brought up to date, its writer running, closed with everything written."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from msgspec import Struct

from roadstead.model.errors import Problem
from roadstead.world import tasks
from roadstead.world.store import engines, failures, following, migrating, retention
from roadstead.world.store.clusters import Clusters
from roadstead.world.store.decisions import Decisions
from roadstead.world.store.deviations import Deviations
from roadstead.world.store.events import EVERYTHING, Events, Where
from roadstead.world.store.following import News
from roadstead.world.store.journal import Journal
from roadstead.world.store.outbox import Outbox
from roadstead.world.store.records import Records
from roadstead.world.store.retention import Keep, Tidied
from roadstead.world.store.revisions import Hooks, Revisions
from roadstead.world.store.statuses import Statuses
from roadstead.world.store.writing import Writer

_SICK = 0.3  # seconds that a database which takes no writes is waited for at the end


class Store(Struct, frozen=True):
    clusters: Clusters
    statuses: Statuses
    deviations: Deviations
    events: Events
    outbox: Outbox
    journal: Journal
    records: Records
    decisions: Decisions
    revisions: Revisions
    hooks: Hooks
    writer: Writer

    def follow(self, after: int, where: Where = EVERYTHING) -> AsyncIterator[News]:
        """Events after this id, and the statuses that change, as they become durable."""
        return following.follow(self.events, after, where)

    async def tidy(self, keep: Keep, *, now: datetime) -> Tidied:
        """One pass of retention; to be repeated every hour or so."""
        return await retention.tidy(self.writer, keep, now=now)

    async def size(self) -> int:
        """Bytes that the database takes on its disk, without what is free inside of it."""
        return await retention.size(self.writer)

    @property
    def problem(self) -> Problem | None:
        """Why writes do not succeed at the moment; None while they do."""
        return self.writer.problem


@asynccontextmanager
async def open(url: str, *, writer: str, closing: float = 5.0) -> AsyncIterator[Store]:
    """`writer` names this process and the chain of records that it adds to: no other process may use the name at
    the same time. On leaving, what waits is written for up to `closing` seconds.

    Raises TransientError while the database is locked or gone, StalledError when it is damaged or newer.
    """
    opened = engines.engines(url)
    try:
        with failures.told(f"opening the database {opened.shown}"):
            await migrating.migrate(opened)
        async with _running(Writer(opened, writer, writer), closing) as running:
            yield Store(
                Clusters(running),
                Statuses(running),
                Deviations(running),
                Events(running),
                Outbox(running),
                Journal(running),
                Records(opened),
                Decisions(running),
                Revisions(running),
                Hooks(running),
                running,
            )
    finally:
        await opened.close()


@asynccontextmanager
async def look(url: str) -> AsyncIterator[Records]:
    """The record of a database that is left exactly as it is: for who verifies or looks back."""
    opened = engines.engines(url, create=False)
    try:
        with failures.told(f"opening the database {opened.shown}"):
            await migrating.check(opened)
        yield Records(opened)
    finally:
        await opened.close()


@asynccontextmanager
async def _running(writer: Writer, closing: float) -> AsyncIterator[Writer]:
    async with tasks.group() as start:
        task = start(writer.run())
        try:
            yield writer
        finally:
            writer.close()
            await asyncio.wait([task], timeout=min(closing, _SICK) if writer.problem else closing)
            if not task.done():
                writer.give_up()
                task.cancel()
