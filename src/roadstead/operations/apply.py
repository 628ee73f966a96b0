"""What a person asks by `apply`: plan, let it be approved, carry it out, wait when asked to.

Bundles of a cluster go in the order of `dependsOn`: one that depends on others starts when they are
applied and ready. All clusters go on at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from roadstead.engine import bundle_step, cluster_loop, fleet_loop
from roadstead.engine.bundle_step import Applied, Applier, Watchers
from roadstead.engine.cluster_loop import Survey, Wishes
from roadstead.engine.revision_loop import Desired
from roadstead.engine.world import World
from roadstead.model import reasons
from roadstead.model.errors import Problem
from roadstead.model.health import State
from roadstead.model.outcome import Outcome
from roadstead.model.plan import Plan
from roadstead.operations import plan as planning
from roadstead.report.outcomes import FleetOutcome, KeyOutcome
from roadstead.stages.observe import healths
from roadstead.world import tasks

_AT_ONCE = 16  # bundles of one cluster under way at the same time

Approve = Callable[[str, Sequence[Plan]], Awaitable[bool]]
_FINE = (State.READY, State.SUSPENDED)


@dataclass(frozen=True, slots=True)
class Request:
    """`approve` is asked once per cluster, with its plans, before anything is written there."""

    wishes: Wishes
    wait: bool
    approve: Approve
    watchers: Watchers


async def anything(cluster: str, plans: Sequence[Plan]) -> bool:
    """Approves every plan, for those who asked not to be asked."""
    return True


async def fleet(world: World, desired: Desired, request: Request, *, stop: asyncio.Event) -> FleetOutcome:
    """Make the chosen clusters as `desired` says."""
    answers = await fleet_loop.each(world, desired, lambda found: _cluster(world, found, request, stop=stop))
    applied = [one for answer in answers.values() if isinstance(answer, list) for one in answer]
    lost = [problem for answer in answers.values() if isinstance(answer, tuple) for problem in answer]
    keys = tuple(KeyOutcome(one.outcome, tuple(one.health.items())) for one in applied)
    return FleetOutcome(desired.fleet, desired.revision, keys, (*desired.problems, *lost))


async def _cluster(world: World, found: Survey, request: Request, *, stop: asyncio.Event) -> list[Applied]:
    plans = await planning.of_cluster(world, found, request.wishes)
    if not await request.approve(found.cluster.name, plans):
        return []
    async with healths.watching(found.client) as seen:
        applier = Applier(world, request.wishes, stop, seen, request.watchers)
        run = _Run(applier, found, {plan.key.bundle: plan for plan in plans}, wait=request.wait)
        return await tasks.each(plans, run.bundle, limit=len(plans))


class _Run:
    """The bundles of one cluster, each waiting for those that it depends on. Waiting takes no slot."""

    def __init__(self, applier: Applier, found: Survey, plans: dict[str, Plan], *, wait: bool) -> None:
        self._applier = applier
        self._found = found
        self._wait = wait
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._ended = {bundle: asyncio.Event() for bundle in plans}
        self._givers = {
            bundle for bundle, plan in plans.items() if any(change.gives_away for change in plan.changes)
        }
        self._failed: set[str] = set()
        self._needed = {
            dependency
            for bundle in plans
            if (assignment := found.assignment(bundle))
            for dependency in assignment.depends_on
        }

    async def bundle(self, plan: Plan) -> Applied:
        name = plan.key.bundle
        try:
            waited = await self._dependencies(plan)
            if isinstance(waited, Problem):
                self._failed.add(name)
                return Applied(plan, Outcome(plan.key, (), (*plan.problems, waited)))
            if name in self._givers:
                await self._receivers()
            async with self._slots:
                applied = await self._apply(plan, again=waited)
            if applied.outcome.failed or not all(one.state in _FINE for one in applied.health.values()):
                self._failed.add(name)
            return applied
        finally:
            self._ended[name].set()

    async def _dependencies(self, plan: Plan) -> bool | Problem:
        """Whether there were any that changed something, or which of them stands in the way."""
        assignment = self._found.assignment(plan.key.bundle)
        changed = False
        for dependency in assignment.depends_on if assignment else ():
            if dependency not in self._ended:
                continue  # not part of this run: it is as it is
            await self._ended[dependency].wait()
            changed = True
            if dependency in self._failed:
                return Problem(
                    reasons.DEPENDENCY_NOT_READY,
                    f"it depends on bundle {dependency}, which is not ready",
                    hint=reasons.DEPENDENCY_NOT_READY.remedy,
                    bundle=plan.key.bundle,
                    cluster=plan.key.cluster,
                    action="apply",
                )
        return changed

    async def _receivers(self) -> None:
        """An object moves to another bundle by that one's apply; whoever had it lets go afterwards."""
        for name, ended in self._ended.items():
            if name not in self._givers:
                await ended.wait()

    async def _apply(self, plan: Plan, *, again: bool) -> Applied:
        found = self._found
        if again and any(not change.verified for change in plan.pending()):
            found = await bundle_step.again(found, plan.key.bundle)
            plan = await cluster_loop.plan(self._applier.world, found, plan.key.bundle, self._applier.wishes)
        applied = await self._applier.run(found, plan)
        if not (self._wait or plan.key.bundle in self._needed) or self._applier.stop.is_set():
            return applied
        health = await self._applier.settled(found, applied.outcome)
        return replace(applied, health=health)
