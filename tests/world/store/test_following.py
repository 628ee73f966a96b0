"""Who follows misses nothing and sees nothing twice: from memory, from the database, and what others write."""

import asyncio

import pytest

from roadstead.model.events import Level
from roadstead.model.ids import Key
from roadstead.model.person import Rectangle, Scope
from roadstead.model.status import Standing
from roadstead.world import store
from roadstead.world.store import following, recent
from roadstead.world.store.events import Where
from tests.world.store.samples import at, event, status


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """What other processes write is looked for often."""
    monkeypatch.setattr(following, "_LOOK_AGAIN", 0.05)


async def ids(opened, after: int, *, to: int, where: Where | None = None) -> list[int]:
    seen = []
    async with asyncio.timeout(60):
        async for news in opened.follow(after, where or Where()):
            seen += [one.id for one in news.events]
            if news.after >= to:
                return seen
    raise AssertionError("it goes on without end")


async def test_who_follows_sees_what_was_missed_and_then_what_comes(opened):
    await opened.events.add(*(event(number) for number in range(3)))
    async with asyncio.TaskGroup() as tasks:
        following = [tasks.create_task(ids(opened, 1, to=5)) for _ in range(20)]
        await opened.events.add(event(3))
        await opened.events.add(event(4))
    assert [one.result() for one in following] == [[2, 3, 4, 5]] * 20


async def test_what_is_in_memory_no_more_is_read_from_the_database(opened, monkeypatch):
    monkeypatch.setattr(recent, "_EVENTS", 3)
    opened.writer.recent = recent.Recent()
    for number in range(10):
        await opened.events.add(event(number))
    assert opened.writer.recent.events_after(5) is None
    assert await ids(opened, 0, to=10) == list(range(1, 11))


async def test_who_follows_sees_what_another_process_adds_between_ours(opened, prepared):
    async with store.open(prepared, writer="other") as other, asyncio.TaskGroup() as tasks:
        following = tasks.create_task(ids(opened, 0, to=3))
        await opened.events.add(event(0))
        await other.events.add(event(1, message="from elsewhere"))
        await opened.events.add(event(2))
    assert following.result() == [1, 2, 3]


async def test_who_follows_sees_what_only_another_process_adds(opened, prepared):
    async with store.open(prepared, writer="other") as other:
        await other.events.add(event(0))
        assert await ids(opened, 0, to=1) == [1]


@pytest.mark.parametrize(
    ("where", "chosen"),
    [
        pytest.param(Where(), [1, 2, 3], id="all"),
        pytest.param(Where(clusters=frozenset(["c1"])), [1, 2], id="of a cluster"),
        pytest.param(Where(bundles=frozenset(["web"])), [1], id="of a bundle"),
        pytest.param(Where(kinds=frozenset(["applied"])), [3], id="of a kind"),
        pytest.param(Where(levels=frozenset([Level.ERROR])), [2], id="of a level"),
        pytest.param(Where(object="Pod/x"), [1], id="of an object"),
        pytest.param(Where(actor="ann"), [3], id="of an actor"),
        pytest.param(Where(since=at(1), until=at(2)), [2], id="of a time"),
        pytest.param(Where(text="POD"), [1], id="by text"),
        pytest.param(Where(scope=Scope((Rectangle(None, frozenset(["c1"])),))), [1, 2], id="within a scope"),
        pytest.param(Where(scope=Scope(())), [], id="within an empty scope"),
    ],
)
async def test_memory_and_database_choose_alike(opened, where, chosen):
    await opened.events.add(
        event(0, cluster="c1", bundle="web", object="Pod/x", message="a"),
        event(1, cluster="c1", level=Level.ERROR, message="b"),
        event(2, cluster="c2", kind="applied", actor="ann", message="c"),
    )
    assert await ids(opened, 0, to=3, where=where) == chosen
    opened.writer.recent = recent.Recent()
    assert await ids(opened, 0, to=3, where=where) == chosen


async def test_statuses_that_change_are_told_the_newest_of_each_and_what_is_gone(opened):
    following = aiter(opened.follow(0))
    assert (await anext(following)).changed == {}
    await opened.statuses.put(status("web", "c1", Standing.PENDING), status("db", "c1"))
    await opened.statuses.put(status("web", "c1", Standing.FAILED))
    news = await anext(following)
    assert {key: one.standing for key, one in news.changed.items()} == {
        Key("web", "c1"): Standing.FAILED,
        Key("db", "c1"): Standing.READY,
    }
    await opened.statuses.remove(Key("web", "c1"))
    assert (await anext(following)).changed == {Key("web", "c1"): None}


async def test_more_changes_than_are_kept_are_told_as_such(opened, monkeypatch):
    monkeypatch.setattr(recent, "_CHANGES", 2)
    opened.writer.recent = recent.Recent()
    following = aiter(opened.follow(0))
    await anext(following)
    await opened.statuses.put(*(status("web", f"c{number}") for number in range(3)))
    assert (await anext(following)).changed is None
