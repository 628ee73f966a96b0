"""The one place where tasks are created: bounded, structured, every result accounted for.

A task group ends with all of its tasks done or cancelled, so nothing runs on behind its caller's back.
Deadlines are the business of what runs inside.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


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


async def whole(work: Coroutine[Any, Any, Answer], *, undo: Callable[[Answer], Awaitable[object]]) -> Answer:
    """The answer of what must not be stopped half-way: cancelled meanwhile, it ends first, and is undone."""
    async with group() as start:
        task = start(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await undo(await task)
            raise
