"""What Git means for the clusters of a process that serves: those that ask at the same moment are rendered together.

A commit comes to all clusters at once. What they share is then rendered and looked up once, and kept once, and the
loop has its turns meanwhile. Who asks later, for his cluster was not there, waits for nobody else.

At the first attempt nothing is given long (`PATIENCE`), so that what is quick does not wait for what is slow. What was
not ready (`unfinished`) is asked for again, by `run`: one batch after another, with a worker left to others.
"""

import asyncio
from collections.abc import Callable, Mapping

from msgspec import Struct, field

from roadstead.engine import surveying
from roadstead.engine.revision_loop import Desired
from roadstead.engine.world import World
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError, Severity
from roadstead.model.facts import Facts
from roadstead.model.manifests import Manifests
from roadstead.model.reasons import Category
from roadstead.stages.render.render import DEADLINE
from roadstead.world import tasks

PATIENCE = (5.0, 30.0, DEADLINE)  # seconds that a job may take, by attempt
_GATHERED = 1.0  # seconds, for clusters that wait for the same

_Made = Mapping[str, Mapping[str, Manifests]]  # by cluster and bundle


class _Batch(Struct):
    """`made` once the work is done, or `problems`; `only` these bundles, where any are named."""

    world: World
    desired: Desired
    attempt: int = 0
    facts: dict[str, Facts] = field(default_factory=dict)
    only: set[str] = field(default_factory=set)
    made: _Made | None = None
    problems: tuple[Problem, ...] = ()
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_over(self) -> bool:
        return self.made is not None or bool(self.problems)

    def of(self, cluster: str) -> Mapping[str, Manifests]:
        if self.made is None:
            raise errors.error(self.problems)
        return self.made[cluster]


class Rendering(Struct):
    _gathered: _Batch | None = None  # that of which the work did not begin
    _slow: dict[tuple[int, int], _Batch] = field(
        default_factory=dict
    )  # likewise, by attempt and state of Git
    _asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def of(self, world: World, desired: Desired, cluster: str, facts: Facts) -> Mapping[str, Manifests]:
        """By bundle. Raises what keeps anything from being rendered; what is wrong with a bundle its manifests tell."""
        if self._gathered is None or self._gathered.desired is not desired:
            self._gathered = _Batch(world, desired)
        batch = self._gathered
        batch.facts[cluster] = facts
        async with batch.turn:
            if not batch.is_over:  # nobody has done it, or was cancelled
                await asyncio.sleep(0)  # whoever was woken by the same commit has asked by then
                if self._gathered is batch:
                    self._gathered = None
                await _work(batch)
        return batch.of(cluster)

    async def again(
        self,
        world: World,
        desired: Desired,
        cluster: str,
        facts: Facts,
        *,
        bundles: frozenset[str],
        attempt: int,
    ) -> Mapping[str, Manifests]:
        """What was not ready at the attempt before."""
        batch = self._slow.setdefault((attempt, id(desired)), _Batch(world, desired, attempt))
        batch.facts[cluster] = facts
        batch.only |= bundles
        self._asked.set()
        try:
            await batch.done.wait()
        except asyncio.CancelledError:
            batch.facts.pop(cluster, None)
            raise
        return batch.of(cluster)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._asked.wait()
            await asyncio.sleep(_GATHERED)
            self._asked.clear()
            while self._slow:
                batch = self._slow.pop(min(self._slow))
                await _patiently(batch)
                batch.done.set()


async def _patiently(batch: _Batch) -> None:
    """What began goes on for as long as a job may take when nobody waits for it any more, and is found by the next
    commit: else commits in short order would keep it from ever being ready."""
    async with tasks.group() as start:
        work = start(_work(batch))
        while not work.done() and batch.facts:
            await asyncio.wait([work], timeout=PATIENCE[batch.attempt])
        work.cancel()


async def _work(batch: _Batch) -> None:
    try:
        batch.made = await surveying.manifests_of(
            batch.world,
            batch.desired,
            dict(batch.facts),
            only=frozenset(batch.only),
            deadline=PATIENCE[batch.attempt],
            spare=1 if batch.attempt else 0,
        )
    except RoadsteadError as error:
        batch.problems = error.problems
    except Exception as fault:
        if not batch.attempt:  # it costs the cluster that did the work
            raise
        cause = f"{type(fault).__name__}: {fault}"
        batch.problems = (Problem(reasons.INTERNAL_FAULT, cause, action="render"),)


def unfinished(made: Mapping[str, Manifests]) -> frozenset[str]:
    """The bundles that another attempt may help: at once, for more time is given then."""
    return _with(made, lambda one: one.reason is reasons.RENDER_TIMEOUT) | passing(made)


def passing(made: Mapping[str, Manifests]) -> frozenset[str]:
    """Those that it may help at any time, such as where a chart's registry did not answer."""
    return _with(made, lambda one: one.category is Category.TRANSIENT)


def _with(made: Mapping[str, Manifests], wanted: Callable[[Problem], bool]) -> frozenset[str]:
    return frozenset(
        bundle
        for bundle, found in made.items()
        if any(one.severity is Severity.ERROR and wanted(one) for one in found.findings)
    )
