"""What a person asks by `status`: is every bundle on every cluster as Git says, and is it well?"""

from typing import Any

from roadstead.engine import fleet_loop, labelling
from roadstead.engine.bundle_plan import Wishes
from roadstead.engine.surveying import Survey
from roadstead.engine.world import World
from roadstead.model.errors import Problem, Severity
from roadstead.model.health import Health, State
from roadstead.model.plan import Plan
from roadstead.operations import plan as planning
from roadstead.report import outcomes
from roadstead.report.statuses import FleetStatus, KeyStatus
from roadstead.stages.observe import healths

_MISSING = Health(State.MISSING, "an object does not exist")


async def fleet(world: World) -> FleetStatus:
    desired = await labelling.decided(world)
    warned: list[Problem] = []
    answers = await fleet_loop.each(world, desired, lambda found: _cluster(world, found), warned=warned)
    keys = [status for answer in answers.values() if isinstance(answer, list) for status in answer]
    lost = [problem for answer in answers.values() if isinstance(answer, tuple) for problem in answer]
    return FleetStatus(desired.fleet, desired.revision, tuple(keys), (*desired.problems, *lost, *warned))


async def _cluster(world: World, found: Survey) -> list[KeyStatus]:
    plans = await planning.of_cluster(world, found, Wishes())
    rules = {
        object_id: assignment.health if (assignment := found.assignment(plan.key.bundle)) else ()
        for plan in plans
        for object_id in found.inventory(plan.key.bundle).entries
        if object_id in found.view.live
    }
    health = await healths.snapshot(found.client, rules)
    return [_status(found, plan, health) for plan in plans]


def _status(found: Survey, plan: Plan, health: Any) -> KeyStatus:
    inventory = found.inventory(plan.key.bundle)
    return KeyStatus(
        key=plan.key,
        applied=inventory.parent.commit,
        objects=len(inventory.entries),
        pending=len(plan.pending()),
        drifted=sum(change.drifted for change in plan.changes),
        blocked=any(problem.severity is Severity.ERROR for problem in plan.problems),
        frozen=any(problem.severity is Severity.WARNING for problem in plan.problems),
        health=outcomes.worst([health.get(one, _MISSING) for one in inventory.entries]),
        problems=plan.problems,
    )
