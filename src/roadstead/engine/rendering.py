"""What Git means for the clusters of a process that serves: those that ask at the same moment are rendered together.

A commit comes to all clusters at once. What they share is then rendered and looked up once, and kept once, and the
loop has its turns meanwhile. Who asks later, for his cluster was not there, waits for nobody else.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from roadstead.engine import surveying
from roadstead.engine.revision_loop import Desired
from roadstead.engine.world import World
from roadstead.model import errors
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.facts import Facts
from roadstead.model.manifests import Manifests

_Made = Mapping[str, Mapping[str, Manifests]]  # by cluster and bundle


@dataclass(slots=True)
class _Batch:
    """`made` once one of those who wait for it has done the work, or `problems`."""

    desired: Desired
    facts: dict[str, Facts] = field(default_factory=dict)
    made: _Made | None = None
    problems: tuple[Problem, ...] = ()
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class Rendering:
    _gathered: _Batch | None = None  # that of which the work did not begin

    async def of(self, world: World, desired: Desired, cluster: str, facts: Facts) -> Mapping[str, Manifests]:
        """By bundle. Raises what keeps anything from being rendered; what is wrong with a bundle its manifests tell."""
        if self._gathered is None or self._gathered.desired is not desired:
            self._gathered = _Batch(desired)
        batch = self._gathered
        batch.facts[cluster] = facts
        async with batch.turn:
            if batch.made is None and not batch.problems:  # nobody has done it, or was cancelled
                await asyncio.sleep(0)  # whoever was woken by the same commit has asked by then
                await self._work(world, batch)
        if batch.made is None:
            raise errors.error(batch.problems)
        return batch.made[cluster]

    async def _work(self, world: World, batch: _Batch) -> None:
        if self._gathered is batch:
            self._gathered = None
        try:
            batch.made = await surveying.manifests_of(world, batch.desired, batch.facts)
        except RoadsteadError as error:
            batch.problems = error.problems
