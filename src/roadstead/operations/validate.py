"""What a person asks by `validate`: is what is written right, as far as no cluster is needed to tell?"""

from roadstead.engine import revision_loop
from roadstead.engine.world import World
from roadstead.operations import compare
from roadstead.report.validations import Validated


async def fleet(world: World, *, render: bool) -> Validated:
    desired = await revision_loop.read(world)
    problems = list(desired.problems)
    if render:
        facts, unknown = compare.facts_for(world, desired)
        made = await compare.render(world, desired, facts, set(desired.resolution.clusters))
        problems += unknown.values()
        problems += [finding for manifests in made.values() for finding in manifests.findings]
    resolution = desired.resolution
    return Validated(
        fleet=desired.fleet,
        revision=desired.revision,
        clusters=len(resolution.clusters),
        bundles=len(desired.documents.bundles),
        assignments=len(resolution.assignments),
        problems=tuple(dict.fromkeys(problems)),
    )
