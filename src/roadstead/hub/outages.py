"""Log that the database takes no writes, and that it does again: no event can say so, for they are kept in there."""

import asyncio
import contextlib
from collections.abc import Callable

from roadstead.hub import logs
from roadstead.model.errors import Problem

_EVERY = 1.0  # seconds


async def told(problem: Callable[[], Problem | None], stop: asyncio.Event) -> None:
    """Each once, until `stop`; `problem` gives why writes do not succeed at the moment."""
    lost = False
    while not stop.is_set():
        found = problem()
        if found and not lost:
            logs.complain("the database cannot be written: no cluster is either", cause=found.cause)
        elif lost and not found:
            logs.say("the database can be written again")
        lost = found is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_EVERY):
                await stop.wait()
