"""What a person asks by `drift`: what was changed behind Git's back, by whom, once or as it happens."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from roadstead.engine import bundle_plan, fleet_loop
from roadstead.engine.bundle_plan import Wishes
from roadstead.engine.bundle_step import Applier, Watchers
from roadstead.engine.surveying import Survey
from roadstead.engine.world import World
from roadstead.model import reasons
from roadstead.model.assignment import Additions
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.ids import Key, ObjectId
from roadstead.model.inventory import Inventory
from roadstead.model.plan import Action, Change, Plan
from roadstead.operations import plan as planning
from roadstead.operations.plan import Planned
from roadstead.report import lines
from roadstead.stages.observe import added, drift_watch, healths, sight
from roadstead.stages.observe.drift_watch import DriftWatch
from roadstead.world import tasks

_SETTLE = 0.02  # seconds in which further events of one edit are taken together
_AGAIN = 1.0  # seconds after which a cluster that did not answer is asked again
_ANEW = 10.0  # seconds after which one that could not be watched at all is tried again
_LOST = 60.0  # seconds after which what may not be read, or is not served, is tried again


async def fleet(world: World) -> Planned:
    """All plans, with what others set beside us where a bundle wants that told."""
    return await planning.fleet(world, Wishes(), also=_added)


async def _added(found: Survey, plan: Plan) -> Plan:
    assignment = found.assignment(plan.key.bundle)
    if assignment is None or assignment.drift.additions is not Additions.REPORT:
        return plan  # those that are to be removed are in the plan itself
    entries = found.inventory(plan.key.bundle).entries
    ours = [one for one in found.manifests.get(plan.key.bundle, ()) if one.id in entries]
    additions = await added.read(found.client, ours)
    changes = tuple(
        Change(one, Action.KEEP, "added beside us; reported, not removed", fields=fields, drifted=True)
        for one, fields in additions.items()
    )
    return replace(plan, changes=(*plan.changes, *changes))


def of(planned: Planned) -> Planned:
    """Of all plans only what drifted."""
    plans = tuple(replace(plan, changes=_drifted(plan)) for plan in planned.report.plans)
    return replace(planned, report=replace(planned.report, plans=plans))


def _drifted(plan: Plan) -> tuple[Change, ...]:
    return tuple(change for change in plan.changes if change.drifted)


async def correctable(cluster: str, plans: Sequence[Plan]) -> list[Plan]:
    """Those by which something that drifted is put back, and nothing else is written."""
    return [plan for plan in plans if plan.pending() and not _new(plan)]


def _new(plan: Plan) -> list[Change]:
    """What it would write beside what drifted."""
    return [change for change in plan.pending() if not change.drifted]


def in_the_way(planned: Planned) -> list[Problem]:
    """What keeps drift of a bundle from being put back: Git changed it meanwhile, so that would apply it."""
    return [
        Problem(
            reasons.PLAN_STALE,
            f"Git changed {lines.counted(len(new), 'other object')} of it since the last apply, "
            "so drift alone cannot be corrected",
            hint="run `roadstead apply`",
            bundle=plan.key.bundle,
            cluster=plan.key.cluster,
        )
        for plan in planned.report.plans
        if (new := _new(plan)) and len(new) < len(plan.pending())
    ]


class Seen(Struct, frozen=True):
    """One object's drift, or that it is as it should be again (`change` None)."""

    key: Key
    object: ObjectId
    change: Change | None


class Telling(Struct, frozen=True):
    """Who hears what a watch sees, and what it cannot see: `sight` has the cluster, what of it (a kind, or
    sight.ALL) and why; no problem says that it is seen again."""

    seen: Callable[[Seen], None]
    sight: Callable[[str, str, Problem | None], None]


async def watch(
    world: World, planned: Planned, *, correct: Watchers | None, tell: Telling, stop: asyncio.Event
) -> list[Problem]:
    """Tell each drift as it happens, until `stop`; correct it at once where asked and where its bundle says so.
    A cluster that cannot be watched is tried again. Gives the problems of those that were not in the end."""
    out_of_sight: set[str] = set()

    async def one(found: Survey) -> None:
        if found.cluster.name in out_of_sight:
            out_of_sight.remove(found.cluster.name)
            tell.sight(found.cluster.name, sight.ALL, None)
        async with healths.watching(found.client, stop=stop) as seen:
            applier = Applier(world, Wishes(), stop, seen, correct) if correct else None
            await _Watch(world, found, tell, applier).run(stop)

    async def again(cluster: str, problem: Problem) -> bool:
        if cluster not in out_of_sight:
            out_of_sight.add(cluster)
            tell.sight(cluster, sight.ALL, problem)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ANEW):
                await stop.wait()
        return not stop.is_set()

    answers = await fleet_loop.each(world, planned.desired, one, again=again)
    return [problem for answer in answers.values() if isinstance(answer, tuple) for problem in answer]


class _Watch:
    """One cluster under watch."""

    def __init__(self, world: World, found: Survey, tell: Telling, applier: Applier | None) -> None:
        self._world = world
        self._found = found
        self._tell = tell
        self._applier = applier
        self._suspects: asyncio.Queue[tuple[str, ObjectId]] = asyncio.Queue()
        self._told: dict[ObjectId, Change] = {}

    async def run(self, stop: asyncio.Event) -> None:
        chosen = fleet_loop.bundles(self._world.settings, self._found.desired)
        stored = self._found.view.stored.inventories
        cluster = self._found.cluster.name
        seeing = sight.Sight(
            self._found.client, lambda what, problem: self._tell.sight(cluster, what, problem)
        )
        async with drift_watch.running(
            self._found.client,
            lambda bundle, one: self._suspects.put_nowait((bundle, one)),
            seeing.blind,
        ) as watch:
            await watch.expect(
                {bundle: one.entries for bundle, one in stored.items() if not chosen or bundle in chosen}
            )
            async with tasks.group() as start:
                working = [
                    start(self._judge_all(watch)),
                    start(seeing.look()),
                    start(self._try_lost(watch)),
                ]
                await stop.wait()
                for one in working:
                    one.cancel()

    async def _try_lost(self, watch: DriftWatch) -> None:
        while True:
            await asyncio.sleep(_LOST)
            with contextlib.suppress(RoadsteadError):  # the cluster does not answer, which is told elsewhere
                await watch.expect({})

    async def _judge_all(self, watch: DriftWatch) -> None:
        while True:
            suspects = {await self._suspects.get()}
            await asyncio.sleep(_SETTLE)
            while not self._suspects.empty():
                suspects.add(self._suspects.get_nowait())
            for bundle in {bundle for bundle, _ in suspects}:
                await self._judge(watch, bundle, [one for whose, one in suspects if whose == bundle])

    async def _judge(self, watch: DriftWatch, bundle: str, suspects: list[ObjectId]) -> None:
        live = watch.suspicions.current(self._found.view.live)
        found = replace(self._found, view=replace(self._found.view, live=live))
        try:
            plan = await bundle_plan.plan(self._world, found, bundle, Wishes())
        except RoadsteadError:
            await asyncio.sleep(_AGAIN)
            for one in suspects:
                self._suspects.put_nowait((bundle, one))
            return
        drifted = {change.id: change for change in plan.changes if change.drifted}
        for one in suspects:
            self._say(plan.key, one, drifted.get(one))
        if self._applier and drifted and await correctable(plan.key.cluster, [plan]):
            applied = await self._applier.run(found, plan)
            if applied.outcome.inventory:
                self._keep(bundle, applied.outcome.inventory)
                await watch.expect({bundle: applied.outcome.inventory.entries})

    def _say(self, key: Key, one: ObjectId, change: Change | None) -> None:
        before = self._told.pop(one, None)
        if change is not None:
            self._told[one] = change
            if before is None or before.fields != change.fields or before.cause != change.cause:
                self._tell.seen(Seen(key, one, change))
        elif before is not None:
            self._tell.seen(Seen(key, one, None))

    def _keep(self, bundle: str, inventory: Inventory) -> None:
        stored = self._found.view.stored
        view = replace(
            self._found.view, stored=replace(stored, inventories={**stored.inventories, bundle: inventory})
        )
        self._found = replace(self._found, view=view)
