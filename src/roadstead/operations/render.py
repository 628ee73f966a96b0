"""What a person asks by `render`: the manifests of the chosen bundles on the chosen clusters."""

from msgspec import Struct

from roadstead.engine import fleet_loop, revision_loop
from roadstead.engine.world import World
from roadstead.model.errors import Problem, Severity
from roadstead.model.manifests import Manifests
from roadstead.operations import compare


class Rendered(Struct, frozen=True):
    manifests: tuple[Manifests, ...]
    problems: tuple[Problem, ...]

    @property
    def failed(self) -> bool:
        return any(problem.severity is Severity.ERROR for problem in self.problems)


async def fleet(world: World) -> Rendered:
    desired = await revision_loop.read(world)
    names = {cluster.name for cluster in fleet_loop.chosen(world, desired)}
    facts, unknown = compare.facts_for(world, desired)
    made = await compare.render(world, desired, facts, names)
    wanted = fleet_loop.bundles(world.settings, desired)
    chosen = tuple(made[key] for key in sorted(made) if not wanted or key.bundle in wanted)
    findings = [finding for one in chosen for finding in one.findings]
    told = [problem for name, problem in unknown.items() if name in names]
    return Rendered(chosen, tuple(dict.fromkeys((*desired.problems, *told, *findings))))
