"""What a person asks by `plan --from A --to B`: what changes between two revisions, without any cluster."""

from collections.abc import Mapping

from roadstead.engine import clusters, fleet_loop, revision_loop
from roadstead.engine.revision_loop import Desired
from roadstead.engine.world import World
from roadstead.model import reasons
from roadstead.model.errors import Problem, Severity
from roadstead.model.facts import Facts
from roadstead.model.ids import Key
from roadstead.model.manifests import Manifests
from roadstead.operations.plan import Planned
from roadstead.report.plans import FleetPlan
from roadstead.stages.plan import offline
from roadstead.stages.render import render as rendering


async def revisions(world: World, *, before: str | None, after: str | None) -> Planned:
    """`before` defaults to HEAD, `after` to what the settings say (a folder as it stands)."""
    old = await revision_loop.read(world, revision=before or "HEAD")
    new = await revision_loop.read(world, revision=after)
    names = {cluster.name for each in (old, new) for cluster in fleet_loop.chosen(world, each, lenient=True)}
    facts, assumed = facts_for(world, new, old)
    rendered_old = await render(world, old, facts, names)
    rendered_new = await render(world, new, facts, names)
    wanted = fleet_loop.bundles(world.settings, old, new)
    keys = sorted(key for key in {*rendered_old, *rendered_new} if not wanted or key.bundle in wanted)
    revision = f"{new.revision} (from {old.revision}, offline)"
    plans = tuple(
        offline.compare(key, new.fleet, rendered_old.get(key), rendered_new.get(key), revision=revision)
        for key in keys
    )
    problems = [*new.problems, *(assumed[key.cluster] for key in keys if key.cluster in assumed)]
    return Planned(new, FleetPlan(new.fleet, revision, plans, tuple(dict.fromkeys(problems))))


def facts_for(world: World, *states: Desired) -> tuple[dict[str, Facts], dict[str, Problem]]:
    """Recorded facts, else what documents assume; and a warning for each cluster of which nothing is known."""
    known = dict(clusters.recorded(world, states[0].fleet))
    unknown: dict[str, Problem] = {}
    for state in states:
        for name, cluster in state.resolution.clusters.items():
            assumption = clusters.assumed(cluster)
            if name not in known and assumption:
                known[name] = assumption
            elif name not in known:
                cause = "no facts are recorded and no version is assumed"
                hint = reasons.FACTS_MISSING.remedy
                unknown[name] = Problem(reasons.FACTS_MISSING, cause, hint, Severity.WARNING, cluster=name)
    return known, {name: one for name, one in unknown.items() if name not in known}


async def render(
    world: World, desired: Desired, facts: Mapping[str, Facts], names: set[str]
) -> dict[Key, Manifests]:
    assignments = [one for key, one in desired.resolution.assignments.items() if key.cluster in names]
    return await rendering.render(assignments, desired.snapshot, facts, pool=world.pool, cache=world.renders)
