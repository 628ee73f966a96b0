"""How a transaction reaches a database: as one function that is given a connection, and awaited as a whole.

SQLite runs it in a thread. A driver that hands over statement by statement needs a turn of the event loop for each,
thirty of them for a commit: with a thousand steps ready to go on, records took minutes to become durable, and every
step gave up before. PostgreSQL answers over a socket, and its driver waits there statement by statement.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncEngine

Answer = TypeVar("Answer")
_CLOSING = 2.0  # seconds that a statement under way is waited for at the end


class Connections(Protocol):
    async def run(self, work: Callable[[Connection], Answer]) -> Answer:
        """What `work` answers, in a transaction of its own: committed when it returns, undone when it raises.

        It may run in another thread, so it changes nothing that others see. Cancelling the wait takes it back unless
        it has begun.
        """
        ...

    async def close(self) -> None: ...


class Threads:
    """As many threads as the engine's pool has connections: none waits for one."""

    def __init__(self, engine: Engine, *, at_once: int) -> None:
        self.engine = engine
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="database")

    async def run(self, work: Callable[[Connection], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, work)

    def _run(self, work: Callable[[Connection], Answer]) -> Answer:
        with self.engine.begin() as connection:
            return work(connection)

    async def close(self) -> None:
        disposed = asyncio.get_running_loop().run_in_executor(self._threads, self.engine.dispose)
        self._threads.shutdown(wait=False)
        await asyncio.wait([disposed], timeout=_CLOSING)


class Sockets:
    def __init__(self, engine: AsyncEngine) -> None:
        self._connections = engine
        self.engine = engine.sync_engine

    async def run(self, work: Callable[[Connection], Answer]) -> Answer:
        async with self._connections.begin() as connection:
            return await connection.run_sync(work)

    async def close(self) -> None:
        await self._connections.dispose()
