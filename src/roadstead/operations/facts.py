"""What a person asks by `facts`: what the chosen clusters are, on record."""

from pathlib import Path

from msgspec import Struct

from roadstead.engine import clusters, fleet_loop, revision_loop
from roadstead.engine.world import World
from roadstead.model.errors import Problem, RoadsteadError, Severity
from roadstead.model.facts import Facts
from roadstead.model.fleet import Cluster
from roadstead.world import tasks
from roadstead.world.kube import facts as kube_facts

_AT_ONCE = 64


class Asked(Struct, frozen=True):
    facts: tuple[Facts, ...]
    problems: tuple[Problem, ...]

    @property
    def failed(self) -> bool:
        return any(problem.severity is Severity.ERROR for problem in self.problems)


async def fleet(world: World, *, into: Path | None) -> Asked:
    """Ask all chosen clusters at once; `into` is a folder for a second record."""
    desired = await revision_loop.read(world)
    recorded = clusters.recorded(world, desired.fleet)

    async def ask(cluster: Cluster) -> Facts | tuple[Problem, ...]:
        try:
            async with clusters.connected(world, cluster) as client:
                return await clusters.facts(world, desired.fleet, client, recorded.get(cluster.name))
        except RoadsteadError as error:
            return tuple(problem.at(cluster=cluster.name) for problem in error.problems)

    answers = await tasks.each(fleet_loop.chosen(world, desired), ask, limit=_AT_ONCE)
    known = tuple(answer for answer in answers if isinstance(answer, Facts))
    if into is not None:
        for one in known:
            kube_facts.write(into, one, world.blobs)
    return Asked(
        known, tuple(problem for answer in answers if isinstance(answer, tuple) for problem in answer)
    )
