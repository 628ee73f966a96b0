"""What is installed and assigned no more, judged over the whole fleet before anything is deleted.

A cluster that lost nothing goes on at once. One that did waits until all chosen clusters told what they
hold, or could not be reached, since the Fleet's limits count over all of them. Judging is
stages/fleet/limits.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping

from roadstead.engine import revision_loop
from roadstead.engine.revision_loop import Desired
from roadstead.engine.world import World
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.fleet import Cluster
from roadstead.model.ids import Key
from roadstead.model.inventory import Inventory
from roadstead.stages.fleet import limits
from roadstead.stages.fleet.limits import Lost


class Losses:
    """One for a run over several clusters; each of `clusters` must be `saw` or `missed` once."""

    def __init__(self, world: World, desired: Desired, clusters: Iterable[str]) -> None:
        self._world = world
        self._desired = desired
        self._awaited = set(clusters)
        self._everybody = asyncio.Event()
        self._installed: set[Key] = set()
        self._commits: Counter[str] = Counter()  # by which what is lost was applied
        self._losing: set[str] = set()  # clusters that hold what Git assigns to them no more
        self._judging = asyncio.Lock()
        self._judged: limits.Losses | None = None

    def saw(self, cluster: str, inventories: Mapping[str, Inventory]) -> None:
        installed = {Key(bundle, cluster): one.parent.commit for bundle, one in inventories.items()}
        lost = [commit for key, commit in installed.items() if self._is_lost(key)]
        self._installed.update(installed)
        if lost:
            self._commits.update(commit.partition(" ")[0] for commit in lost)
            self._losing.add(cluster)
            self._judged = None  # one that is heard late counts, too
        self.missed(cluster)

    def missed(self, cluster: str) -> None:
        self._awaited.discard(cluster)
        if not self._awaited:
            self._everybody.set()

    async def of(self, cluster: str) -> dict[str, Lost]:
        """By bundle, what this cluster holds and Git assigns to it no more."""
        if cluster not in self._losing:
            return {}
        await self._everybody.wait()
        judged = await self._judge()
        return {one.key.bundle: one for one in judged.pairs if one.key.cluster == cluster}

    @property
    def exceeded(self) -> tuple[Problem, ...]:
        """The limits that the losses go beyond, once they were judged."""
        return self._judged.problems if self._judged else ()

    def _is_lost(self, key: Key) -> bool:
        resolution = self._desired.resolution
        return key not in resolution.assignments and key not in resolution.blocked

    async def _judge(self) -> limits.Losses:
        async with self._judging:
            if self._judged is None:
                self._judged = limits.compare(
                    self._installed,
                    self._desired.documents,
                    self._desired.resolution,
                    before=await self._before(),
                )
            return self._judged

    async def _before(self) -> Mapping[str, Cluster]:
        """The clusters as the commit applied last had them; empty when that commit is not to be had."""
        commit = max(self._commits, key=lambda one: self._commits[one], default="")
        if not commit:
            return {}
        try:
            return (await revision_loop.read(self._world, revision=commit)).resolution.clusters
        except RoadsteadError:
            return {}
