"""Bounded concurrency: order kept, limits held, failures raised as themselves."""

import asyncio
import time

import pytest

from roadstead.world import tasks


async def test_answers_come_in_the_order_of_the_items():
    async def work(delay):
        await asyncio.sleep(delay / 1000)
        return delay

    assert await tasks.each([5, 1, 3], work, limit=3) == [5, 1, 3]


async def test_never_more_than_the_limit_run_at_once():
    running, most = 0, 0

    async def work(_):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    await tasks.each(range(50), work, limit=7)
    assert most == 7


async def test_the_first_failure_is_raised_as_itself_and_stops_the_rest():
    done = []

    async def work(item):
        if item == 0:
            raise KeyError("zero")
        await asyncio.sleep(1)
        done.append(item)

    with pytest.raises(KeyError, match="zero"):
        await tasks.each([1, 0, 2], work, limit=3)
    assert done == []


async def test_what_is_cancelled_half_way_ends_first_and_is_undone():
    undone = []

    async def work():
        await asyncio.sleep(0.01)
        return "made"

    async def undo(answer):
        undone.append(answer)

    task = asyncio.create_task(tasks.whole(work(), undo=undo))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert undone == ["made"]


async def test_what_fails_as_a_whole_is_raised_as_itself():
    async def work():
        raise KeyError("zero")

    with pytest.raises(KeyError, match="zero"):
        await tasks.whole(work(), undo=asyncio.sleep)


async def test_others_go_on_while_long_work_is_done_in_turns():
    told = []

    def work():
        for _ in range(5):
            time.sleep(0.005)  # busy, as reading a large fleet is
            yield
        told.append("done")
        return 5

    async def other():
        told.append("another had its turn")

    async with tasks.group() as start:
        start(other())
        assert await tasks.in_turns(work()) == 5
    assert told == ["another had its turn", "done"]
