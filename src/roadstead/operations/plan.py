"""What a person asks by `plan`: what would change on which clusters, and why."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from roadstead.engine import bundle_plan, fleet_loop, labelling
from roadstead.engine.bundle_plan import Wishes
from roadstead.engine.revision_loop import Desired
from roadstead.engine.surveying import Survey
from roadstead.engine.world import World
from roadstead.model.errors import Problem
from roadstead.model.plan import Plan
from roadstead.report.plans import FleetPlan
from roadstead.world import tasks

_AT_ONCE = 16  # bundles of one cluster planned at the same time


class Planned(Struct, frozen=True):
    """`desired` is what Git says, `report` what that means on the clusters."""

    desired: Desired
    report: FleetPlan


Also = Callable[[Survey, Plan], Awaitable[Plan]]


async def _as_it_is(found: Survey, plan: Plan) -> Plan:
    return plan


async def fleet(world: World, wishes: Wishes, *, also: Also = _as_it_is) -> Planned:
    """All plans on all chosen clusters, and what stands in the way of others. `also` may add to each plan
    while the cluster is at hand."""

    async def plans_of(found: Survey) -> list[Plan]:
        return [await also(found, plan) for plan in await of_cluster(world, found, wishes)]

    desired = await labelling.decided(world)
    warned: list[Problem] = []
    answers = await fleet_loop.each(world, desired, plans_of, warned=warned)
    plans = [plan for answer in answers.values() if isinstance(answer, list) for plan in answer]
    lost = [problem for answer in answers.values() if isinstance(answer, tuple) for problem in answer]
    told = (*desired.problems, *lost, *warned)
    return Planned(desired, FleetPlan(desired.fleet, desired.revision, tuple(plans), told))


async def of_cluster(world: World, found: Survey, wishes: Wishes, *, shown: bool = True) -> list[Plan]:
    names = bundle_plan.bundles(found, fleet_loop.bundles(world.settings, found.desired))
    return await tasks.each(
        names, lambda bundle: bundle_plan.plan(world, found, bundle, wishes, shown=shown), limit=_AT_ONCE
    )
