"""The writer: groups, failures that stay with their caller, and a database that is locked, full or gone."""

import asyncio
import sqlite3

import pytest
from sqlalchemy import event as listening
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import create_async_engine

from roadstead.model import reasons
from roadstead.model.errors import StalledError, TransientError
from roadstead.model.ids import Key
from roadstead.model.status import Standing
from roadstead.world import store
from roadstead.world.store import engines, schema, writing
from tests.world.store.samples import event, intent, status
from tests.world.store.test_journal import links


async def until(condition, seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_writes_that_wait_together_share_a_commit(opened):
    commits = []
    listening.listen(opened.writer.engines.writing.engine, "commit", lambda _: commits.append(1))
    async with asyncio.TaskGroup() as tasks:
        for number in range(500):
            tasks.create_task(opened.events.add(event(number)))
    assert len(commits) <= 3


@pytest.mark.parametrize(
    "wrong", ["it raises", "the database refuses its rows", "it cannot be written as JSON"]
)
async def test_a_write_that_fails_fails_its_caller_only(opened, wrong):
    segment = {"writer": "x", "number": 1, "first": 1, "last": 1, "head": "", "sealed": 0, "kept": None}

    def fail(batch):
        batch.record(intent(data={"x": float("nan")} if "JSON" in wrong else {}))
        if "raises" in wrong:
            raise ValueError("no such thing")
        if "refuses" in wrong:
            batch.run(schema.segments, insert(schema.segments), segment)

    async with asyncio.TaskGroup() as tasks:
        good = [tasks.create_task(opened.journal.begin(intent(number))) for number in range(5)]
        bad = tasks.create_task(refused(opened.writer.write(fail)))
        good += [tasks.create_task(opened.journal.begin(intent(number))) for number in range(5)]
    assert isinstance(bad.result(), StalledError)
    assert [task.result().sequence for task in good] == list(range(1, 11))
    assert len(await links(opened)) == 10
    assert opened.problem is None


async def refused(work):
    with pytest.raises(StalledError) as refusal:
        await work
    return refusal.value


async def test_of_notes_for_one_key_that_wait_the_last_is_written(opened):
    for number in range(100):
        opened.statuses.note(status("web", "c1", Standing.PENDING, message=str(number)))
    await opened.events.add(event())
    assert (await opened.statuses.get(Key("web", "c1"))).message == "99"


async def test_notes_that_find_no_room_are_counted_and_writes_still_wait(opened, monkeypatch):
    monkeypatch.setattr(writing, "_MOST_NOTES", 3)
    for number in range(5):
        opened.events.note(event(number))
    await opened.events.add(event(9))
    assert opened.writer.dropped == 2
    assert len((await opened.events.page()).items) == 4


async def test_a_note_never_overtakes_what_was_put_after_it(opened):
    opened.statuses.note(status("web", "c1", message="first"))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(opened.statuses.put(status("web", "c1", message="second")))
        await asyncio.sleep(0)
        opened.statuses.note(status("web", "c1", message="third"))
    await opened.events.add(event())
    assert (await opened.statuses.get(Key("web", "c1"))).message == "third"


async def test_a_write_whose_caller_gave_up_while_it_waited_is_not_made(opened):
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(opened.events.add(event(message="under way")))
        while not opened.writer._taken:
            await asyncio.sleep(0)
        never = tasks.create_task(opened.events.add(event(message="never")))
        await asyncio.sleep(0)
        never.cancel()
    await opened.events.add(event(message="later"))
    assert [one.message for one in (await opened.events.page()).items] == ["later", "under way"]


async def test_a_commit_does_not_wait_for_a_turn_of_the_loop_at_each_of_its_statements(tmp_path, monkeypatch):
    turns, loop = [], asyncio.get_running_loop()
    threadsafe = loop.call_soon_threadsafe

    def asked_for(*work, **how):
        turns.append(work)
        return threadsafe(*work, **how)

    async with store.open(str(tmp_path / "hub.db"), writer="hub") as opened:
        monkeypatch.setattr(loop, "call_soon_threadsafe", asked_for)
        await opened.journal.begin(intent())
        monkeypatch.undo()
    assert 0 < len(turns) < 5, "it has more statements than that"


async def test_a_commit_whose_answer_was_lost_is_not_made_twice(opened):
    dialect = opened.writer.engines.writing.engine.dialect
    commit, lost = dialect.do_commit, []

    def lose(connection):
        commit(connection)
        if len(lost) < 2:
            lost.append(1)
            raise OSError("connection reset by peer")

    dialect.do_commit = lose
    ids = await opened.events.add(event(message="once"))
    intents = [await opened.journal.begin(intent(number)) for number in range(3)]
    dialect.do_commit = commit
    assert len(lost) == 2
    assert [one.id for one in (await opened.events.page()).items] == list(ids)
    assert [one.id for one in await links(opened)] == intents


async def test_what_waits_is_written_before_the_database_is_closed(prepared):
    async with store.open(prepared, writer="hub") as opened:
        for number in range(1_500):
            opened.events.note(event(number))
    async with store.open(prepared, writer="hub") as opened:
        assert await opened.events.last() == 1_500


@pytest.fixture
def impatient(monkeypatch):
    """Locks are waited for 50 ms at a time."""
    quick = [one.replace("busy_timeout = 1000", "busy_timeout = 50") for one in engines._PRAGMAS]
    monkeypatch.setattr(engines, "_PRAGMAS", quick)


async def test_a_locked_database_delays_writes_and_no_reads(impatient, tmp_path):
    file = tmp_path / "hub.db"
    async with store.open(str(file), writer="hub") as opened:
        await opened.events.add(event(message="before"))
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.TaskGroup() as tasks:
            begun = tasks.create_task(opened.journal.begin(intent()))
            await until(lambda: opened.problem)
            assert opened.problem.reason is reasons.DATABASE_BUSY
            assert not begun.done(), "no cluster may be written before its intent is durable"
            assert [one.message for one in (await opened.events.page()).items] == ["before"]
            other.execute("COMMIT")
        other.close()
        assert begun.result() == ("hub", 1)
        assert opened.problem is None


async def test_a_full_database_delays_writes_until_there_is_room(tmp_path):
    async with store.open(str(tmp_path / "hub.db"), writer="hub") as opened:
        await opened.events.add(event(message="before"))
        await pages(opened, 1)
        async with asyncio.TaskGroup() as tasks:
            added = tasks.create_task(opened.events.add(event(message="x" * 200_000)))
            await until(lambda: opened.problem)
            assert opened.problem.reason is reasons.DISK_FULL
            assert (await opened.events.page()).items[0].message == "before"
            assert not added.done()
            await pages(opened, 1_000_000)
        assert (await opened.events.page()).items[0].id == added.result()[0]
        assert opened.problem is None


async def pages(opened, most: int) -> None:
    """As if the disk had room for so many pages (at least those that there are)."""
    limit = text(f"PRAGMA max_page_count = {most}")
    await opened.writer.engines.writing.run(lambda connection: connection.execute(limit))


@pytest.mark.postgresql
async def test_a_server_on_which_another_process_holds_the_lock_delays_writes(
    server, templates, tmp_path, monkeypatch
):
    monkeypatch.setattr(engines, "_LOCKED", 0.1)
    url = templates("postgresql", tmp_path)
    other = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"))
    async with store.open(url, writer="hub") as opened, other.connect() as holding:
        await holding.execute(text(f"SELECT pg_advisory_lock({engines._WRITE_LOCK})"))
        async with asyncio.TaskGroup() as tasks:
            begun = tasks.create_task(opened.journal.begin(intent()))
            await until(lambda: opened.problem)
            assert opened.problem.reason is reasons.DATABASE_BUSY
            assert not begun.done()
            assert (await opened.events.page()).items == (), "reads go on"
            await holding.execute(text(f"SELECT pg_advisory_unlock({engines._WRITE_LOCK})"))
        assert begun.result() == ("hub", 1)
        assert opened.problem is None
    await other.dispose()


@pytest.mark.postgresql
async def test_a_server_that_is_gone_delays_writes_and_reads_tell_so(server, templates, tmp_path):
    async with store.open(templates("postgresql", tmp_path), writer="hub") as opened:
        first = await opened.journal.begin(intent(1))
        server.stop()
        try:
            async with asyncio.TaskGroup() as tasks:
                second = tasks.create_task(opened.journal.begin(intent(2)))
                opened.events.note(event(message="noted meanwhile"))
                await until(lambda: opened.problem)
                assert opened.problem.reason is reasons.DATABASE_UNREACHABLE
                with pytest.raises(TransientError) as told:
                    await opened.events.page()
                assert told.value.problem.reason is reasons.DATABASE_UNREACHABLE
                server.start()
        finally:
            server.start()
        assert [id for id, _ in await opened.journal.open_intents()] == [first, second.result()]
        assert [one.message for one in (await opened.events.page()).items] == ["noted meanwhile"]
        assert len(await links(opened)) == 2


async def test_leaving_a_database_that_is_gone_takes_no_longer_than_told(tmp_path, impatient):
    file = tmp_path / "hub.db"
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as tasks:
        async with store.open(str(file), writer="hub", closing=0.2) as opened:
            other = sqlite3.connect(file, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            lost = tasks.create_task(lose(opened.events.add(event())))
            await until(lambda: opened.problem)
            began = loop.time()
        assert loop.time() - began < 30, "the lock is held for good"
        other.close()
    assert lost.result().problem.reason is reasons.DATABASE_BUSY


async def lose(work):
    with pytest.raises(TransientError) as told:
        await work
    return told.value


async def test_a_file_that_is_not_where_it_was_delays_writes_until_it_is_back(tmp_path):
    file, away = tmp_path / "hub.db", tmp_path / "away.db"
    async with store.open(str(file), writer="hub") as opened:
        file.rename(away)
        async with asyncio.TaskGroup() as tasks:
            begun = tasks.create_task(opened.journal.begin(intent()))
            await until(lambda: opened.problem)
            assert opened.problem.reason is reasons.DATABASE_UNREACHABLE
            assert not begun.done()
            file.touch()
            await until(lambda: "is another file" in opened.problem.cause)
            away.rename(file)
        assert begun.result() == ("hub", 1)
        assert opened.problem is None
