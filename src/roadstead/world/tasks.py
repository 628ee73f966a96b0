"""The one place where tasks are created: bounded, structured, every result accounted for.

A task group ends with all of its tasks done or cancelled, so nothing runs on behind its caller's back.
Deadlines are the business of what runs inside.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from roadstead.language.steps import Steps

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Start = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]  # what `group` gives

_TURN = 0.004  # seconds that long work goes on before others have their turn


async def each(
    items: Iterable[Item], work: Callable[[Item], Awaitable[Answer]], *, limit: int
) -> list[Answer]:
    """`work` on every item, at most `limit` at once; answers in the order of the items.

    The first exception cancels the rest and is raised as itself. Work that must not take its
    siblings along returns its problem instead.
    """
    todo = list(items)
    if len(todo) == 1:  # as most levels of most bundles are: a task would only cost
        return [await work(todo[0])]
    answers: list[Answer | None] = [None] * len(todo)
    queue = iter(enumerate(todo))

    async def worker() -> None:
        for index, item in queue:
            answers[index] = await work(item)

    async with group() as start:
        for _ in range(min(limit, len(todo))):
            start(worker())
    return answers  # type: ignore[return-value]  # every index was filled, or an exception left here


@asynccontextmanager
async def group() -> AsyncIterator[Callable[[Coroutine[Any, Any, Answer]], asyncio.Task[Answer]]]:
    """`async with tasks.group() as start: start(coroutine)`; a lone exception is raised as itself."""
    try:
        async with asyncio.TaskGroup() as tasks:
            yield tasks.create_task
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from failures.exceptions[0].__cause__


async def in_turns(work: Steps[Answer]) -> Answer:
    """The answer of long work that yields between its steps, every few milliseconds of which others go on."""
    until = time.monotonic() + _TURN  # the loop's own clock stands still while this runs
    while True:
        try:
            next(work)
        except StopIteration as end:
            answer: Answer = end.value
            return answer
        if time.monotonic() >= until:
            await asyncio.sleep(0)
            until = time.monotonic() + _TURN


async def whole(work: Coroutine[Any, Any, Answer], *, undo: Callable[[Answer], Awaitable[object]]) -> Answer:
    """The answer of what must not be stopped half-way: cancelled meanwhile, it ends first, and is undone."""
    async with group() as start:
        task = start(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await undo(await task)
            raise
