"""The outbox: filled with the event, emptied by who was told, and what stands is remembered."""

from roadstead.world import store
from roadstead.world.store import schema
from tests.world.store.samples import at, event


async def waiting(opened, route):
    return [(one.event, one.tries, one.error) for one, _ in await opened.outbox.waiting(route, limit=10)]


async def test_an_event_goes_onto_its_routes_with_itself_and_waits_there_until_settled(opened):
    opened.writer.routes = lambda told: ("pager", "slack") if told.kind == "drift" else ()
    await opened.events.add(event(0, message="a"), event(1, kind="commit"))
    ((slack, told),) = await opened.outbox.waiting("slack", limit=10)
    assert (slack.receiver, slack.told, told.message) == ("slack", None, "a")
    await opened.outbox.failed(slack, due=at(60), error="503")
    ((again, _),) = await opened.outbox.waiting("slack", limit=10)
    assert (again.tries, again.error, again.due) == (1, "503", at(60))
    assert await opened.outbox.depth() == {"pager": 1, "slack": 1}
    await opened.outbox.settle([again], [], at(61))
    assert await opened.outbox.depth() == {"pager": 1}


async def test_what_was_told_and_stands_outlives_the_process(prepared):
    async with store.open(prepared, writer="hub") as first:
        first.writer.routes = lambda told: ("slack",)
        await first.events.add(event(0), event(1))
        (one, _), (two, _) = await first.outbox.waiting("slack", limit=10)
        await first.outbox.settle([one], [two], at(5))
    async with store.open(prepared, writer="hub") as again:
        ((kept, told),) = await again.outbox.standing("slack")
        assert (kept.told, told.message) == (at(5), "number 1")
        assert await waiting(again, "slack") == []


async def test_what_is_old_or_too_much_is_dropped_and_counted_and_what_stands_is_not(opened):
    opened.writer.routes = lambda told: ("slack",)
    await opened.events.add(*(event(number) for number in range(10)))
    (first, _), *_ = await opened.outbox.waiting("slack", limit=10)
    await opened.outbox.settle([], [first], at(20))
    assert await opened.outbox.give_up("slack", before=at(4), most=100) == 3
    assert await opened.outbox.give_up("slack", before=at(0), most=2) == 4
    assert [id for id, *_ in await waiting(opened, "slack")] == [9, 10]
    assert len(await opened.outbox.standing("slack")) == 1
    assert await opened.outbox.give_up("slack", before=at(4), most=100) == 0


async def test_what_was_meant_for_a_receiver_that_is_gone_is_forgotten(opened):
    opened.writer.routes = lambda told: ("hub slack", "hub pager", "another slack")
    await opened.events.add(event(0))
    await opened.outbox.keep({"hub pager"}, among="hub ")
    assert await opened.outbox.depth() == {"hub pager": 1, "another slack": 1}


async def test_what_is_older_than_all_events_is_forgotten(opened):
    opened.writer.routes = lambda told: ("slack",)
    await opened.events.add(event(0), event(1))
    first = schema.events.delete().where(schema.events.c.id == 1)
    await opened.writer.write(lambda batch: batch.run(schema.events, first, {}))
    await opened.outbox.keep({"slack"}, among="slack")
    assert await opened.outbox.depth() == {"slack": 1}
