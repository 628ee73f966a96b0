"""What all clusters of one process that reconciles share: the world, the store, who is told, when it ends."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from roadstead.engine.world import World
from roadstead.model.decision import Decision
from roadstead.model.events import Event
from roadstead.world.store.opening import Store

Hear = Callable[[Event], None]


@dataclass(slots=True)
class Shared:
    """`hear` is told every event at once, durable or not: logs and metrics. `decisions` are all that are known,
    renewed by whoever changes them."""

    world: World
    store: Store
    hear: Hear
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    decisions: tuple[Decision, ...] = ()
    connecting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(64))
    dice: Callable[[], float] = random.random

    def emit(self, *events: Event) -> None:
        """Tell now, write when the database can: nobody waits for it."""
        for event in events:
            self.hear(event)
        if events:
            self.store.events.note(*events)
