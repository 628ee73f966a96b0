"""The database is locked, full or gone under a hub that serves: drift is told all the same, no cluster is written
before its change can be on the record, and afterwards everything goes on by itself. And clocks that jump."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from roadstead.engine.world import World
from roadstead.model import reasons
from roadstead.operations import audit
from roadstead.world.store import engines
from tests.end_to_end.story import config_map, namespace
from tests.engine import fleets
from tests.world.store import locking

pytestmark = pytest.mark.whole


@pytest.fixture
async def fleet(tmp_path, monkeypatch):
    quick = [one.replace("busy_timeout = 1000", "busy_timeout = 50") for one in engines._PRAGMAS]
    monkeypatch.setattr(engines, "_PRAGMAS", quick)
    async with fleets.simulated(tmp_path) as made:
        made.story.bundle("web", files={"all.yaml": [namespace("web"), config_map("a", "web", x="1")]})
        made.commit()
        yield made


@asynccontextmanager
async def locked(fleet):
    other = await locking.held(fleet.database)
    yield reasons.DATABASE_BUSY
    other.close()


@asynccontextmanager
async def full(fleet):
    await _pages(fleet, 1)
    yield reasons.DISK_FULL
    await _pages(fleet, 1_000_000)


async def _pages(fleet, most):
    """As if the disk had room for so many (at least for those that there are)."""
    limit = text(f"PRAGMA max_page_count = {most}")
    await fleet.serving.store.writer.engines.writing.run(lambda connection: connection.execute(limit))


@asynccontextmanager
async def gone(fleet):
    """As a volume that is not mounted for a while."""
    away = fleet.database.with_name("away")
    fleet.database.rename(away)
    yield reasons.DATABASE_UNREACHABLE
    away.rename(fleet.database)


@asynccontextmanager
async def replaced(fleet):
    """Somebody put a copy in its place; writing on into the old one would lose it all."""
    away = fleet.database.with_name("away")
    fleet.database.rename(away)
    fleet.database.touch()
    yield reasons.DATABASE_UNREACHABLE
    away.rename(fleet.database)


@pytest.mark.parametrize("fault", [locked, full, gone, replaced])
async def test_without_a_database_drift_is_told_and_nothing_is_written_until_it_is_back(fleet, fault):
    async with fleet.served() as serving:
        await fleet.settled(1)
        asked = len(fleet.requests)
        async with fault(fleet) as reason:
            if fault is full:
                serving.store.events.note(_large(fleet))
            fleet.edit("c1", "a", "web", x="mine")
            await fleet.event("drift")
            await until(lambda: serving.store.problem)
            assert serving.store.problem.reason is reason
            assert serving.not_ready() == [f"database: {serving.store.problem.cause}"]
            assert fleet.writes(asked) == []
            assert fleet.data("c1", "a", "web") == {"x": "mine"}
        await fleet.event("drift-resolved")
        assert fleet.data("c1", "a", "web") == {"x": "1"}
        async with asyncio.timeout(240):
            while await serving.store.journal.open_intents():
                await asyncio.sleep(0.02)
        assert serving.not_ready() == []
        (verdict,) = await audit.verify(serving.store.records, None)
        assert verdict.problems == ()


async def until(question):
    async with asyncio.timeout(240):
        while not question():
            await asyncio.sleep(0.02)


def _large(fleet):
    """An event for which a full database has no page."""
    found = fleet.events[0][1]
    return found.__class__(found.time, found.kind, "x" * 200_000)


async def test_clocks_that_jump_ahead_and_back_stop_nothing_and_leave_the_record_whole(fleet, monkeypatch):
    now, ahead = World.now.fget, [timedelta()]
    monkeypatch.setattr(World, "now", property(lambda world: now(world) + ahead[0]))
    async with fleet.served() as serving:
        await fleet.settled(1)
        for number, jump in enumerate([timedelta(days=365), timedelta(days=-30), timedelta()]):
            ahead[0], mark = jump, fleet.mark
            fleet.edit("c1", "a", "web", x=f"mine {number}")
            await fleet.event("drift-resolved", mark)
            content = [namespace("web"), config_map("a", "web", x=f"changed {number}")]
            fleet.story.bundle("web", files={"all.yaml": content})
            await fleet.settled(1, commit=fleet.commit())
            assert serving.not_ready() == []
            assert serving.reconciling.following.silence < 60, "no restart is asked for"
        (verdict,) = await audit.verify(serving.store.records, None)
        assert verdict.problems == ()
        page = await serving.store.events.page(limit=1000)
    ids = [one.id for one in page.items]
    assert ids == sorted(ids, reverse=True)
