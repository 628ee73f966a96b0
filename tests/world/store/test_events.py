"""Events: ids grow as they become durable, readers miss none."""

import asyncio

import pytest

from roadstead.model.events import Level
from roadstead.world.store.events import Where
from tests.world.store.samples import at, event


async def test_an_event_is_read_as_it_was_added(opened):
    put = event(
        1, level=Level.ERROR, cluster="c1", bundle="web", object="Deployment/shop/web", actor="ann",
        commit="4be1", reason="NotReady", data={"fields": ["spec.replicas"], "n": 1},
    )  # fmt: skip
    (id,) = await opened.events.add(put)
    (found,) = (await opened.events.page()).items
    assert found == type(put)(**{name: getattr(put, name) for name in put.__slots__ if name != "id"}, id=id)


async def test_ids_grow_without_gaps_however_many_add_at_once(opened):
    async with asyncio.TaskGroup() as tasks:
        added = [tasks.create_task(opened.events.add(event(number))) for number in range(200)]
    assert sorted(id for task in added for id in task.result()) == list(range(1, 201))


async def test_pages_go_from_the_newest_to_the_oldest(opened):
    await opened.events.add(*(event(number) for number in range(7)))
    page = await opened.events.page(limit=4)
    rest = await opened.events.page(before=int(page.after), limit=4)
    assert [one.message for one in (*page.items, *rest.items)] == [f"number {n}" for n in range(6, -1, -1)]
    assert rest.after is None


@pytest.mark.parametrize(
    ("where", "messages"),
    [
        pytest.param(Where(clusters=frozenset(["c1"])), ["b", "a"], id="of a cluster"),
        pytest.param(Where(kinds=frozenset(["applied"])), ["c"], id="of a kind"),
        pytest.param(Where(levels=frozenset([Level.ERROR])), ["b"], id="of a level"),
        pytest.param(Where(object="Pod/x"), ["a"], id="of an object"),
        pytest.param(Where(actor="ann"), ["c"], id="of an actor"),
        pytest.param(Where(since=at(1), until=at(2)), ["b"], id="of a time"),
        pytest.param(Where(text="POD"), ["a"], id="by text"),
    ],
)
async def test_filters(opened, where, messages):
    await opened.events.add(
        event(0, cluster="c1", object="Pod/x", message="a"),
        event(1, cluster="c1", level=Level.ERROR, message="b"),
        event(2, cluster="c2", kind="applied", actor="ann", message="c"),
    )
    assert [one.message for one in (await opened.events.page(where)).items] == messages
