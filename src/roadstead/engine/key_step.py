"""One step of a bundle on a cluster: plan, tell drift, write, know what came of it.

A step raises nothing: what it meets becomes a status, an event, and what the key waits for (`Then`). Every step
reads what is known anew and may be repeated at any time. What it waits for is waiting.py's, what is told of drift
drifts.py's, what must be on the record journaling.py's.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.engine import acting, bundle_plan, holding, journaling, telling, waiting
from roadstead.engine.bulletin import Bulletin
from roadstead.engine.bundle_plan import Wishes
from roadstead.engine.drifts import Drifts
from roadstead.engine.holding import Held
from roadstead.engine.journaling import Durable, Journaling
from roadstead.engine.known import Known
from roadstead.engine.marking import Marking
from roadstead.engine.queue import REST, Then
from roadstead.engine.shared import Shared
from roadstead.engine.surveying import Survey
from roadstead.model import reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.ids import ObjectId
from roadstead.model.outcome import Outcome
from roadstead.model.plan import Plan
from roadstead.objects.break_glass import BreakGlass
from roadstead.stages import apply
from roadstead.world import crash, meter, tracing
from roadstead.world.store.journal import With

DEADLINE = 120.0  # seconds that one step may take
_WAITING = 20.0  # seconds after which what a step waits for is looked at, whatever watches tell
_MOVING = 5.0  # likewise for objects on their way to another bundle
_WISHES = Wishes()
_CHANGED_HANDS = (reasons.FENCED, reasons.CONFLICT, reasons.INVENTORY_BROKEN)
_NO_FAULT = (reasons.DEPENDENCY_NOT_READY, reasons.INTERRUPTED)


class Steps(Struct):
    """All steps of one cluster. `settled` hears of bundles that others may have waited for; `awaited` are
    objects that a step waits for, with their bundle."""

    shared: Shared
    known: Known
    bulletin: Bulletin
    settled: Callable[[str], None]
    glass: Callable[[], BreakGlass | None]
    drifts: Drifts
    journaling: Journaling
    marking: Marking
    slots: asyncio.Semaphore
    drift_slots: asyncio.Semaphore
    awaited: dict[ObjectId, str] = field(default_factory=dict)
    _retried: set[str] = field(default_factory=set)
    _claimed: set[str] = field(default_factory=set)  # bundles that this process wrote

    async def step(self, bundle: str) -> Then:
        with (
            meter.steps.timed(),
            tracing.span("step", bundle=bundle, cluster=self.known.cluster.name) as span,
        ):
            then = await self._told(bundle)
            span.set_attribute("again", then.again)
            span.set_attribute("stalled", then.stalled)
            return then

    async def _told(self, bundle: str) -> Then:
        """What happened is told: nothing is raised."""
        try:
            async with asyncio.timeout(DEADLINE + 4 * journaling.PATIENCE):
                then = await self._step(bundle)
        except RoadsteadError as error:
            then = self._failed(bundle, error.problems)
        except TimeoutError:
            cause = f"the step took more than {DEADLINE:g} s"
            then = self._failed(bundle, (Problem(reasons.UNREACHABLE, cause, action="step"),))
        except Exception as fault:  # noqa: BLE001  a fault of ours must cost one key, not the process
            cause = f"{type(fault).__name__}: {fault}"
            then = self._failed(bundle, (Problem(reasons.INTERNAL_FAULT, cause, action="step"),))
        if then.again or then.stalled:
            self._retried.add(bundle)
        return then

    def reread(self) -> None:
        """Somebody else wrote an inventory: read them before the next step."""
        self.marking.stale = True

    def inputs_changed(self, bundle: str) -> None:
        """Git or a person says something else: old fights and failures count no more."""
        self.drifts.inputs_changed(bundle)
        self.bulletin.of(bundle).failed = frozenset()

    async def _step(self, bundle: str) -> Then:
        known, told = self.known, self.bulletin.of(bundle)
        if self.marking.stale:
            self.marking.stale = False
            await known.read_again(known.desired.fleet)
        if bundle in self._retried:
            self._retried.discard(bundle)
            await known.look_again(bundle)
        known.forget_asked()
        hurried = bundle in self.drifts.suspected
        held = self._held(bundle)
        await self.marking.carry(bundle, held)
        if not held:
            await self.marking.remember(bundle)
        found = replace(self._survey(bundle, held), slots=self.drift_slots if hurried else self.slots)
        world = self.shared.world.within(DEADLINE)
        plan = await bundle_plan.plan(world, found, bundle, _WISHES, shown=False, at_hand=known.watch.whole)
        plan = self.drifts.leaving_contests(plan)
        told.staged, told.problems, told.pending = known.digest(bundle), plan.problems, len(plan.pending())
        told.held = held.why if held else ""
        told.waits = "what Git means for it is still being rendered" if bundle in known.rendering else ""
        drift = self.drifts.see(plan, held)
        needs = frozenset() if held else waiting.needs(self.bulletin, plan)
        if drift and (held or needs or not plan.pending()):
            await self.journaling.durably(drift())
            drift = None
        if held:
            return self._rest(bundle, until=held.until)
        if needs:
            told.waits = f"waits for {', '.join(sorted(needs))}"
            self.bulletin.show(bundle)
            return Then(needs=needs)
        plan, heirs = waiting.keeping_what_moves(plan, found)
        rules = self._rules(bundle)
        if apply.is_idle(plan, found.inventory(bundle), rules):
            then = self._nothing_written(bundle, plan)
        else:
            then = await self._conclude(plan, await self._write(found, plan, rules, drift))
        return replace(then, needs=heirs, at=min(then.at, _now() + _MOVING)) if heirs else then

    def _held(self, bundle: str) -> Held | None:
        return holding.held(
            self.bulletin.key(bundle),
            self.known.survey.assignment(bundle),
            self.known.inventory(bundle).parent,
            decisions=self.shared.decisions,
            glass=self.glass(),
            now=self.shared.world.now,
        )

    def _survey(self, bundle: str, held: Held | None) -> Survey:
        """The survey; of what is held, one by which a plan sees drift and corrects none."""
        survey, key = self.known.survey, self.bulletin.key(bundle)
        assignment = survey.assignment(bundle)
        left = held or holding.leaves_drift(key, self.shared.decisions, self.shared.world.now)
        if assignment is None or not left:
            return survey
        loose = replace(assignment, freeze=None, leave_drift=True)
        return replace(survey, assignments={**survey.assignments, bundle: loose})

    def _rules(self, bundle: str) -> apply.Rules:
        base = apply.Rules(self.shared.world.writer, anew=bundle not in self._claimed)
        return acting.rules(base, self.known.survey.assignment(bundle))

    async def _write(self, found: Survey, plan: Plan, rules: apply.Rules, drift: Durable | None) -> Outcome:
        """Between a durable intent and its outcome: the one place from which clusters are written."""
        bundle = plan.key.bundle
        begun = await self.journaling.begin(plan, drift=drift)
        outcome = await apply.step(
            found.target(found.assignment(bundle)),
            plan,
            found.inventory(bundle),
            rules,
            deadline=DEADLINE,
            stop=self.shared.stop,
        )
        crash.here("outcome-unrecorded")
        self._claimed.add(bundle)
        await self.known.took(outcome, {one.id: one.resource_version for one in plan.changes})
        await self.journaling.close(begun, outcome, self._came_of(plan, outcome))
        return outcome

    def _came_of(self, plan: Plan, outcome: Outcome) -> With:
        """What becomes known together with the outcome."""
        bundle, told = plan.key.bundle, self.bulletin.of(plan.key.bundle)
        problems = _problems(plan, outcome)
        fine = {one.id for one in outcome.objects if one.problem is None}
        done = fine & {change.id for change in plan.pending()}
        told.problems, told.pending = problems, len(plan.pending()) - len(done)
        contests = self.drifts.corrected(plan, done)
        left = {one: change for one, change in told.drifted.items() if one not in done}
        _, resolved = self.bulletin.drifted(bundle, left, what="", seen=None)
        applied = telling.applied(outcome, commit=plan.revision, now=self.shared.world.now)
        failure = self.bulletin.failure(bundle, problems)
        events = [*([applied] if applied else []), *resolved, *contests, *failure]
        self.bulletin.hear(events)
        status, deviations = self.bulletin.state(bundle)
        return With((status,), {plan.key: deviations}, events)

    def _nothing_written(self, bundle: str, plan: Plan) -> Then:
        """It is as it should be, or something stands in the way."""
        self.shared.emit(*self.bulletin.failure(bundle, plan.problems))
        then = waiting.after(plan.problems)
        if then.stalled or then.again:
            self.bulletin.show(bundle)
            return then
        return self._rest(bundle)

    async def _conclude(self, plan: Plan, outcome: Outcome) -> Then:
        bundle, problems = plan.key.bundle, _problems(plan, outcome)
        self.awaited = {one: whose for one, whose in self.awaited.items() if whose != bundle}
        if any(one.reason in _CHANGED_HANDS for one in problems):
            await self.known.read_again(self.known.desired.fleet)
        self.settled(bundle)
        if not (self.known.survey.assignment(bundle) or bundle in self.known.inventories):
            await self.bulletin.forget(bundle)
            return REST
        then = waiting.after(one for one in problems if one.reason not in _NO_FAULT)
        if outcome.waits_for:
            self.awaited |= dict.fromkeys(outcome.waits_for, bundle)
            return replace(then, at=_now() + _WAITING)
        return then

    def _rest(self, bundle: str, until: datetime | None = None) -> Then:
        self.bulletin.health_changed(bundle)  # maybe while nobody looked
        if self.bulletin.is_settled(bundle):
            self.settled(bundle)
        if until is None:
            return REST
        return Then(at=_now() + max(1.0, (until - self.shared.world.now).total_seconds()))

    def _failed(self, bundle: str, problems: tuple[Problem, ...]) -> Then:
        key, told = self.bulletin.key(bundle), self.bulletin.of(bundle)
        told.problems = tuple(one.at(bundle=bundle, cluster=key.cluster) for one in problems)
        self.shared.emit(*self.bulletin.failure(bundle, told.problems))
        self.bulletin.show(bundle)
        return waiting.after(problems)


async def begin(
    shared: Shared,
    known: Known,
    settled: Callable[[str], None],
    glass: Callable[[], BreakGlass | None],
    *,
    requests: int,
) -> Steps:
    """For a cluster that is known and watched from now on, with so many `requests` at once."""
    bulletin = Bulletin(shared, known, await shared.memory.of(shared.store, known.cluster.name))
    return Steps(
        shared,
        known,
        bulletin,
        settled,
        glass,
        Drifts(shared, bulletin),
        Journaling(shared, known),
        Marking(shared, known),
        asyncio.Semaphore(requests),
        asyncio.Semaphore(requests),
    )


def _now() -> float:
    return asyncio.get_running_loop().time()


def _problems(plan: Plan, outcome: Outcome) -> tuple[Problem, ...]:
    of_objects = (one.problem for one in outcome.objects if one.problem)
    return tuple(dict.fromkeys((*plan.problems, *outcome.problems, *of_objects)))
