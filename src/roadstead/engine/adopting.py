"""Each new state of Git as it comes to one cluster: understood, held against what is there, its changes made due.

Until a state is understood here, the one before counts. What Git assigns no more goes only when that was judged over
the whole fleet (losses.py).
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from roadstead.engine.key_step import Steps
from roadstead.engine.losses import Losses
from roadstead.engine.pauses import Backoff
from roadstead.engine.queue import Queue
from roadstead.engine.reach import Reaching
from roadstead.engine.revision_loop import Desired
from roadstead.engine.shared import Shared
from roadstead.model.errors import RoadsteadError
from roadstead.world import tasks

PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds between attempts


@dataclass(slots=True)
class Adopting:
    """`desired` is what was brought last, `adopted` what was understood in this connection. `wake` is called when
    something became due."""

    shared: Shared
    queue: Queue
    reach: Reaching
    wake: Callable[[], None]
    desired: Desired | None = None
    adopted: Desired | None = None
    _losses: Losses | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _judging: asyncio.Task[None] | None = None

    def go_by(self, desired: Desired, losses: Losses) -> None:
        self.desired, self._losses = desired, losses
        if self.reach.is_lost:
            self.missed()
        self._news.set()

    def missed(self) -> None:
        """The cluster cannot be asked what it holds."""
        if self._losses:
            self._losses.missed(self.reach.cluster.name)

    async def first(self) -> Desired | None:
        """None when the process stops before there is any."""
        while self.desired is None and not self.shared.stop.is_set():
            await self.shared.sleep(1.0)
        return self.desired

    async def run(self, steps: Steps, start: tasks.Start) -> NoReturn:
        """For one connection, until cancelled; what it begins is begun by `start`."""
        pauses = Backoff(first=PAUSE, longest=LONGEST_PAUSE, dice=self.shared.dice)
        self.adopted = None
        self._news.set()
        while True:
            await self._news.wait()
            self._news.clear()
            desired, losses = self.desired, self._losses
            assert desired is not None and losses is not None
            try:
                await self._adopt(steps, desired)
            except RoadsteadError as error:
                self.reach.hindered(error.problem)
                self._news.set()
                await self.shared.sleep(pauses.failed())
                continue
            pauses.succeeded()
            self.reach.unhindered()
            losses.saw(self.reach.cluster.name, steps.known.inventories)
            if self._judging:
                self._judging.cancel()  # what was lost by the state of Git before does not matter any more
            self._judging = start(self._lose(steps, desired, losses))
            await self._forget_others(steps)
            self.adopted = desired

    def end(self) -> None:
        """The connection is over."""
        self.adopted = None
        if self._judging:
            self._judging.cancel()

    async def _adopt(self, steps: Steps, desired: Desired) -> None:
        shared, known, cluster = self.shared, steps.known, self.reach.cluster
        world = shared.world.within(math.inf)
        rendered = await shared.rendering.of(world, desired, cluster.name, known.facts)
        async with shared.turn:  # one cluster after another: an edit would wait for all of them
            await asyncio.sleep(0)
        changed = await known.adopt(desired, cluster, rendered)
        bundles = known.bundles()
        for bundle in changed:
            steps.inputs_changed(bundle)
            if bundle in bundles:
                self.queue.changed(bundle)
        self.wake()

    async def _forget_others(self, steps: Steps) -> None:
        for bundle in set(self.queue.keys) - steps.known.bundles():
            self.queue.forget(bundle)
            await steps.bulletin.forget(bundle)

    async def _lose(self, steps: Steps, desired: Desired, losses: Losses) -> None:
        lost = await losses.of(self.reach.cluster.name)
        if lost and steps.known.desired is desired:
            steps.known.lose(lost, losses.exceeded)
            for bundle in lost:
                self.queue.changed(bundle)
            self.wake()
