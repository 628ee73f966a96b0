"""What a person asks by `apply`: plan, let it be approved, carry it out, wait when asked to.

Bundles of a cluster go in the order of `dependsOn`: one that depends on others starts when they are
applied and ready. All clusters go on at once.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from roadstead.engine import bundle_plan, bundle_step, fleet_loop, hosting
from roadstead.engine.bundle_plan import Wishes
from roadstead.engine.bundle_step import Applied, Applier, Watchers
from roadstead.engine.revision_loop import Desired
from roadstead.engine.surveying import Survey
from roadstead.engine.world import World
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.model.health import State
from roadstead.model.ids import Key
from roadstead.model.outcome import ObjectOutcome, Outcome, Result
from roadstead.model.plan import Action, Plan
from roadstead.operations import plan as planning
from roadstead.report.outcomes import FleetOutcome, KeyOutcome
from roadstead.stages.observe import healths
from roadstead.world import tasks

_SHORT = 3.0  # seconds that a bundle may wait for another before that is told
_AT_ONCE = 16  # bundles that let go of something

Approve = Callable[[str, Sequence[Plan]], Awaitable[Sequence[Plan]]]
_FINE = (State.READY, State.SUSPENDED)


class Request(Struct, frozen=True):
    """`approve` is asked once per cluster, with its plans, before anything is written there, and gives those
    to carry out; None: nobody looks at the plans."""

    wishes: Wishes
    wait: bool
    approve: Approve | None
    watchers: Watchers


async def fleet(world: World, desired: Desired, request: Request, *, stop: asyncio.Event) -> FleetOutcome:
    """Make the chosen clusters as `desired` says."""
    warned: list[Problem] = []
    answers = await fleet_loop.each(
        world, desired, lambda found: _cluster(world, found, request, stop=stop), warned=warned
    )
    applied = [one for answer in answers.values() if isinstance(answer, list) for one in answer]
    lost = [problem for answer in answers.values() if isinstance(answer, tuple) for problem in answer]
    keys = tuple(KeyOutcome(one.outcome, tuple(one.health.items())) for one in applied)
    return FleetOutcome(desired.fleet, desired.revision, keys, (*desired.problems, *lost, *warned))


async def _cluster(world: World, found: Survey, request: Request, *, stop: asyncio.Event) -> list[Applied]:
    plans = await planning.of_cluster(world, found, request.wishes, shown=request.approve is not None)
    if request.approve:
        plans = list(await request.approve(found.cluster.name, plans))
    if stop.is_set():
        cause = "stopped before anything was written"
        raise errors.error(Problem(reasons.INTERRUPTED, cause, reasons.INTERRUPTED.remedy))
    async with healths.watching(found.client, stop=stop) as seen:
        applier = Applier(world, request.wishes, stop, seen, request.watchers)
        return await _Run(applier, found, plans, wait=request.wait).all()


class _Run:
    """The bundles of one cluster, each waiting for those that it depends on, if it has anything to do; one
    that goes waits for those that depended on it. Waiting takes no slot."""

    def __init__(self, applier: Applier, found: Survey, plans: Sequence[Plan], *, wait: bool) -> None:
        self._applier = applier
        self._found = found
        self._wait = wait
        self._plans = {plan.key.bundle: plan for plan in plans}
        self._ended = {bundle: asyncio.Event() for bundle in self._plans}
        self._failed: set[str] = set()
        self._depends = {
            bundle: self._in_run(found.depends_on(bundle) if plan.pending() or plan.problems else ())
            for bundle, plan in self._plans.items()
        }
        self._dependants = hosting.without_circles(
            {bundle: self._in_run(found.dependants(bundle)) for bundle in self._plans}, self._depends
        )
        self._makers = hosting.without_circles(
            {bundle: self._in_run(found.makers(bundle)) for bundle in self._plans},
            {bundle: self._depends[bundle] | self._dependants[bundle] for bundle in self._plans},
        )
        self._needed = {one for depends in self._depends.values() for one in depends}

    def _waits(self, bundle: str) -> frozenset[str]:
        """For which others."""
        return self._makers[bundle] | self._depends[bundle] | self._dependants[bundle]

    def _in_run(self, bundles: Iterable[str]) -> frozenset[str]:
        """What is not part of this run is as it is, and not waited for."""
        return frozenset(bundles) & self._plans.keys()

    async def all(self) -> list[Applied]:
        """An object moves to another bundle by that one's apply; whoever had it lets go when all are done."""
        for name in self._plans:
            if self._is_awaited(name) and name in self._found.manifests:
                self._applier.seen.expect(self._found.manifests[name].by_id)
        plans = list(self._plans.values())
        await self._applier.announce(self._found, (one for one in plans if not self._waits(one.key.bundle)))
        done = await tasks.each(plans, self._bundle, limit=len(plans))
        return await tasks.each(done, self._let_go, limit=_AT_ONCE)

    async def _bundle(self, plan: Plan) -> Applied:
        name = plan.key.bundle
        try:
            await self._others(plan.key)
            if stuck := self._stuck(plan.key):
                self._failed.add(name)
                return Applied(plan, Outcome(plan.key, (), (*plan.problems, stuck)))
            applied = await self._apply(plan)
            if applied.outcome.failed or not all(one.state in _FINE for one in applied.health.values()):
                self._failed.add(name)
            return applied
        finally:
            self._ended[name].set()

    async def _others(self, key: Key) -> None:
        """Wait for what must be done before; told if it takes long, which is what a person wonders about."""
        waited = sorted(self._waits(key.bundle))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SHORT):
                for one in waited:
                    await self._ended[one].wait()
                return
        if not self._applier.stop.is_set():
            self._applier.watchers.waits(key, [one for one in waited if not self._ended[one].is_set()])
        for one in waited:
            await self._ended[one].wait()

    def _stuck(self, key: Key) -> Problem | None:
        """Which other bundle stands in the way."""
        for one in sorted(self._depends[key.bundle] & self._failed):
            return _not_ready(key, f"it depends on bundle {one}, which is not ready")
        for one in sorted(self._dependants[key.bundle] & self._failed):
            return _not_ready(key, f"bundle {one}, which depends on it, is not gone")
        return None

    async def _apply(self, plan: Plan) -> Applied:
        found, name = self._found, plan.key.bundle
        waited = self._makers[name] | self._depends[name]
        if waited and (plan.problems or any(not change.verified for change in plan.pending())):
            found, plan = await self._again(name)
        applied = replace(await self._applier.run(found, keeping_what_moves(plan)), plan=plan)
        if not self._is_awaited(name) or self._applier.stop.is_set() or _is_away(applied.outcome):
            return applied
        health = await self._applier.settled(found, applied.outcome, finished=name in self._needed)
        return replace(applied, health=health)

    def _is_awaited(self, bundle: str) -> bool:
        return self._wait or bundle in self._needed

    async def _let_go(self, applied: Applied) -> Applied:
        if not any(change.gives_away for change in applied.plan.changes) or self._applier.stop.is_set():
            return applied
        found, plan = await self._again(applied.plan.key.bundle)
        later = await self._applier.run(found, plan)
        moved = {change.id for change in applied.plan.changes if change.gives_away}
        told = {one.id: one for one in applied.outcome.objects}
        told |= {one.id: _moved(one) for one in later.outcome.objects if one.id in moved}
        outcome = replace(later.outcome, objects=tuple(told.values()))
        return Applied(applied.plan, outcome, applied.health)

    async def _again(self, bundle: str) -> tuple[Survey, Plan]:
        found = await bundle_step.again(self._found, bundle)
        plan = await bundle_plan.plan(self._applier.world, found, bundle, self._applier.wishes)
        return found, plan


def keeping_what_moves(plan: Plan) -> Plan:
    """The plan with the giving sides of hand-overs left for later."""
    changes = tuple(
        replace(change, action=Action.KEEP) if change.gives_away else change for change in plan.changes
    )
    return replace(plan, changes=changes)


def _is_away(outcome: Outcome) -> bool:
    """Whether the cluster went away meanwhile: then nothing is waited for."""
    told = (*outcome.problems, *(one.problem for one in outcome.objects))
    return any(one is not None and one.reason is reasons.UNREACHABLE for one in told)


def _moved(one: ObjectOutcome) -> ObjectOutcome:
    """That an object is somebody else's by now is what was wanted."""
    return one if one.problem else replace(one, result=Result.HANDED_OVER)


def _not_ready(key: Key, cause: str) -> Problem:
    return Problem(
        reasons.DEPENDENCY_NOT_READY,
        cause,
        hint=reasons.DEPENDENCY_NOT_READY.remedy,
        bundle=key.bundle,
        cluster=key.cluster,
        action="apply",
    )
