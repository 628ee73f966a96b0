"""Each new state of Git as it comes to one cluster: understood, held against what is there, its changes made due.

Until a state is understood here, the one before counts, bundle by bundle where some take long to render. What Git
assigns no more goes only when all is rendered, and that was judged over the whole fleet (losses.py).
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import NoReturn

from msgspec import Struct, field

from roadstead.engine import rendering
from roadstead.engine.key_step import Steps
from roadstead.engine.losses import Losses
from roadstead.engine.pauses import Backoff
from roadstead.engine.queue import Queue
from roadstead.engine.reach import Reaching
from roadstead.engine.revision_loop import Desired
from roadstead.engine.shared import Shared
from roadstead.model.errors import RoadsteadError
from roadstead.model.manifests import Manifests
from roadstead.world import tasks

PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds between attempts
_SOURCES = 30.0, 600.0  # likewise, where a source of manifests did not answer


class Adopting(Struct):
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
    _finishing: asyncio.Task[None] | None = None

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
        sources = Backoff(first=_SOURCES[0], longest=_SOURCES[1], dice=self.shared.dice)
        self.adopted = None
        self._news.set()
        while True:
            await self._news.wait()
            self._news.clear()
            desired, losses = self.desired, self._losses
            assert desired is not None and losses is not None
            self._stop_finishing()
            is_known = self.adopted is desired  # but for sources that did not answer
            try:
                rendered = await self._rendered(steps, desired)
                slow = rendering.unfinished(rendered)
                if not (is_known and slow):
                    await self._adopt(steps, desired, rendered, slow)
            except RoadsteadError as error:
                self.reach.hindered(error.problem)
                self._news.set()
                await self.shared.sleep(pauses.failed())
                continue
            pauses.succeeded()
            self.reach.unhindered()
            losses.saw(self.reach.cluster.name, steps.known.inventories)
            if not slow:
                sources.succeeded()
                await self._forget_others(steps)
                self.adopted = desired
                self._finishing = start(self._lose(steps, desired, losses))
            else:
                first = len(rendering.PATIENCE) - 1 if is_known else 1
                self._finishing = start(
                    self._finish(steps, desired, losses, rendered, first=first, sources=sources)
                )

    def end(self) -> None:
        """The connection is over."""
        self.adopted = None
        self._stop_finishing()

    def _stop_finishing(self) -> None:
        """What is left of the state of Git before, such as what was lost by it, does not matter any more."""
        if self._finishing:
            self._finishing.cancel()

    async def _finish(
        self,
        steps: Steps,
        desired: Desired,
        losses: Losses,
        rendered: Mapping[str, Manifests],
        *,
        first: int,
        sources: Backoff,
    ) -> None:
        """What takes long to render, as it becomes ready, from the `first` further attempt on; then what was lost."""
        slow = rendering.unfinished(rendered)
        try:
            for attempt in range(first, len(rendering.PATIENCE)):
                rendered = {**rendered, **await self._rendered(steps, desired, slow, attempt)}
                slow = rendering.unfinished(rendered)
                is_last = not slow or attempt + 1 == len(rendering.PATIENCE)
                await self._adopt(steps, desired, rendered, frozenset() if is_last else slow)
                if is_last:
                    break
        except RoadsteadError as error:
            self.reach.hindered(error.problem)
            await self.shared.sleep(PAUSE)
            self._news.set()
            return
        if rendering.passing(rendered):
            asyncio.get_running_loop().call_later(sources.failed(), self._news.set)
        await self._forget_others(steps)
        self.adopted = desired
        await self._lose(steps, desired, losses)

    async def _rendered(
        self, steps: Steps, desired: Desired, bundles: frozenset[str] = frozenset(), attempt: int = 0
    ) -> Mapping[str, Manifests]:
        shared, facts = self.shared, steps.known.facts
        world, cluster = shared.world.within(math.inf), self.reach.cluster.name
        if not attempt:
            return await shared.rendering.of(world, desired, cluster, facts)
        return await shared.rendering.again(world, desired, cluster, facts, bundles=bundles, attempt=attempt)

    async def _adopt(
        self, steps: Steps, desired: Desired, rendered: Mapping[str, Manifests], slow: frozenset[str]
    ) -> None:
        shared, known, cluster = self.shared, steps.known, self.reach.cluster
        async with shared.turn:  # one cluster after another: an edit would wait for all of them
            await asyncio.sleep(0)
        changed = await known.adopt(desired, cluster, rendered, slow)
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
