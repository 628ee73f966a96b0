"""What all clusters of one process that reconciles share: the world, the store, who is told, when it ends."""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from msgspec import Struct, field

from roadstead.engine.earlier import Memory
from roadstead.engine.rendering import Rendering
from roadstead.engine.world import World
from roadstead.model.decision import Decision
from roadstead.model.events import Event
from roadstead.world.store.opening import Store

_RECORDS = 200  # intents at once: a commit for a thousand clusters waits here, not in one endless transaction

_MEETINGS = 4  # clusters at once that nobody knows yet
_PATIENCE = 10.0  # seconds that one of them waits for others

Hear = Callable[[Event], None]


class Shared(Struct):
    """`hear` is told every event at once, durable or not: logs and metrics. `decisions` are all that are known,
    renewed by whoever changes them. Where many clusters go on at the same moment, each takes its `turn`."""

    world: World
    store: Store
    hear: Hear
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    decisions: tuple[Decision, ...] = ()
    connecting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(64))
    recording: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_RECORDS))
    dice: Callable[[], float] = random.random
    memory: Memory = field(default_factory=Memory)
    rendering: Rendering = field(default_factory=Rendering)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _meeting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_MEETINGS))

    @asynccontextmanager
    async def meeting(self) -> AsyncIterator[None]:
        """While a cluster that nobody knows yet is asked what it is: the first learn schemas, half a second of work,
        that equal ones share. Who would wait long, for those before it are sick, does not."""
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._meeting.acquire()
        except TimeoutError:
            yield
            return
        try:
            yield
        finally:
            self._meeting.release()

    async def sleep(self, seconds: float, until: asyncio.Event | None = None) -> None:
        """Or until the event, which is the end of the process unless another is given."""
        try:
            async with asyncio.timeout(None if math.isinf(seconds) else seconds):
                await (until or self.stop).wait()
        except TimeoutError:
            pass

    def emit(self, *events: Event) -> None:
        """Tell now, write when the database can: nobody waits for it."""
        for event in events:
            self.hear(event)
        if events:
            self.store.events.note(*events)
