"""Apply one bundle on one cluster: step, wait for what the step waits for, plan and step again.

Ends when nothing is left to do, when the plan cannot go on, or when the run's time is over. Waiting
holds no slot of the cluster.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.engine import acting, bundle_plan, surveying
from roadstead.engine.bundle_plan import Wishes
from roadstead.engine.surveying import Survey
from roadstead.engine.world import World
from roadstead.model.errors import RoadsteadError
from roadstead.model.health import Health
from roadstead.model.ids import Key, ObjectId
from roadstead.model.inventory import Entry
from roadstead.model.outcome import ObjectOutcome, Outcome, Result
from roadstead.model.plan import Action, Plan
from roadstead.stages import apply
from roadstead.stages.observe import awaited
from roadstead.stages.observe import view as views
from roadstead.stages.observe.healths import Healths

_AT_ONCE = 32  # bundles of one cluster that are written at the same time
_REMEMBERING = 10.0  # seconds
_MOST_STEPS = 20  # more than the phases that hooks and deletes can have


class Applied(Struct, frozen=True):
    """What became of one bundle on one cluster. `health` is empty where nobody waited for it."""

    plan: Plan
    outcome: Outcome
    health: Mapping[ObjectId, Health] = field(default_factory=dict)


class Watchers(Struct, frozen=True):
    """Who hears of what happens while it happens."""

    outcome: Callable[[Key, ObjectOutcome], None]
    health: Callable[[Key, ObjectId, Health], None]
    waits: Callable[[Key, Collection[str]], None]
    """For which other bundles of its cluster one has been waiting for a while."""


class Applier(Struct, frozen=True):
    """What all bundles of one cluster share in one run. A step takes one of the `slots`, waiting takes none."""

    world: World
    wishes: Wishes
    stop: asyncio.Event
    seen: Healths
    watchers: Watchers
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def announce(self, found: Survey, plans: Iterable[Plan]) -> None:
        """Before many bundles are run: one write for all tells what they may write."""
        steps = [
            (plan, found.inventory(plan.key.bundle), self._rules(found, plan.key.bundle)) for plan in plans
        ]
        await apply.announce(found.target(None), steps, deadline=self.world.remaining, stop=self.stop)

    async def run(self, found: Survey, plan: Plan) -> Applied:
        """Carry out `plan`, which was made from `found`."""
        key, first = plan.key, plan
        told: dict[ObjectId, ObjectOutcome] = {}
        outcome = Outcome(key, (), plan.problems)
        for _ in range(_MOST_STEPS):
            async with self.slots:
                outcome = await self._step(found, plan)
            told |= {one.id: _since(one, told) for one in outcome.objects if _says_more(one, told)}
            if not outcome.waits_for or self.stop.is_set() or not self.world.remaining:
                break
            await self.settled(found, outcome, only=frozenset(outcome.waits_for), finished=True)
            found = await again(found, key.bundle)
            plan = await bundle_plan.plan(self.world, found, key.bundle, self.wishes)
        problems = tuple(dict.fromkeys((*first.problems, *plan.problems, *outcome.problems)))
        return Applied(first, replace(outcome, objects=tuple(told.values()), problems=problems))

    async def settled(
        self,
        found: Survey,
        outcome: Outcome,
        *,
        only: frozenset[ObjectId] | None = None,
        finished: bool = False,
    ) -> dict[ObjectId, Health]:
        """The health of a bundle's objects as the outcome left them, once settled or the time is over. Where
        others wait for it, a Job is well when it is `finished`."""
        key = outcome.key
        assignment = found.assignment(key.bundle)
        entries = (outcome.inventory or found.inventory(key.bundle)).entries
        rules = assignment.health if assignment else ()
        manifests = found.manifests[key.bundle].by_id if key.bundle in found.manifests else {}
        wanted = {
            one: awaited.of(entries.get(one, Entry(one)), manifests.get(one), rules, finished=finished)
            for one in (only if only is not None else entries)
        }
        if only is None:
            # such as a Job that ran, and that its TTL removed since
            left_absent = {
                one.id for one in outcome.objects if one.result is Result.SKIPPED
            } - found.view.live.keys()
            wanted = {one: what for one, what in wanted.items() if not what.gone and one not in left_absent}
        tell = self.watchers.health
        settled = await self.seen.until_settled(
            wanted, deadline=self.world.remaining, tell=lambda one, health: tell(key, one, health)
        )
        await self._remember(found, outcome, {one for one, health in settled.items() if health.ended})
        return settled

    async def _remember(self, found: Survey, outcome: Outcome, failed: Collection[ObjectId]) -> None:
        """Jobs that failed, before a TTL removes them. Should that not work, the next run that sees one does."""
        owned = outcome.inventory
        if not failed or owned is None or not owned.parent.resource_version:
            return
        target = found.target(found.assignment(outcome.key.bundle))
        with contextlib.suppress(RoadsteadError):
            await apply.remember(target, owned, failed, deadline=_REMEMBERING)

    async def _step(self, found: Survey, plan: Plan) -> Outcome:
        bundle = plan.key.bundle
        tell = self.watchers.outcome
        return await apply.step(
            found.target(found.assignment(bundle)),
            plan,
            found.inventory(bundle),
            self._rules(found, bundle),
            deadline=self.world.remaining,
            stop=self.stop,
            tell=lambda one: tell(plan.key, one),
        )

    def _rules(self, found: Survey, bundle: str) -> apply.Rules:
        base = apply.Rules(
            writer=self.world.writer,
            release=True,
            take_over=self.wishes.take_over,
            precious=self.wishes.delete_precious,
        )
        return acting.rules(base, found.assignment(bundle))


def _says_more(one: ObjectOutcome, told: Mapping[ObjectId, ObjectOutcome]) -> bool:
    """A later step calls unchanged what an earlier one created; the earlier word is the one to report."""
    return one.id not in told or one.result is not Result.UNCHANGED


def _since(one: ObjectOutcome, told: Mapping[ObjectId, ObjectOutcome]) -> ObjectOutcome:
    """What an earlier step sent its delete to is only found gone by a later one: it was deleted."""
    before = told.get(one.id)
    begun = before is not None and before.problem is not None and before.problem.action == Action.DELETE
    gone = one.result is Result.SKIPPED and one.problem is None
    return replace(one, result=Result.DELETED) if begun and gone else one


async def again(found: Survey, bundle: str) -> Survey:
    """The survey with a fresh look at the cluster, for one bundle."""
    await found.client.resources(fresh=True)
    manifests = found.manifests.get(bundle)
    view = await views.read(
        found.client,
        fleet=found.desired.fleet,
        wanted=[one.id for one in manifests or ()],
        former_clusters=frozenset(found.cluster.former_names),
    )
    return replace(found, view=view, unserved=await surveying.unserved(found.client, found.manifests))
