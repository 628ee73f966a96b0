"""Go through a plan's levels: upwards to write, downwards to drop.

Objects of a level are worked on at the same time. One that needs what failed or is not ready is passed
over, with its reason; the rest goes on. Nothing is dropped while anything is not as Git wants it: what
replaces an object may be what failed.
"""

from collections.abc import Callable, Iterable
from itertools import groupby

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.outcome import ObjectOutcome, Result
from roadstead.objects import difference, kinds, order
from roadstead.stages.apply import keeping, ledger
from roadstead.stages.apply.cluster import Object
from roadstead.stages.apply.dropping import Dropper
from roadstead.stages.apply.putting import Putter
from roadstead.stages.apply.run import Run
from roadstead.stages.apply.work import Work
from roadstead.world import crash, tasks

_AT_ONCE = 32  # per bundle; the cluster's slots bound all of them together
_GOING = (reasons.TERMINATING, reasons.STUCK_DELETING)


async def write(run: Run) -> None:
    """Raises for objects that need each other."""
    putter = Putter(run.session, run.stored.parent.id, run.rules.patience)
    turns = order.turns({one.id: one.manifest for one in run.works.values() if one.manifest is not None})

    async def put(one: Work) -> None:
        await keeping.check(run)
        try:
            hindered = await run.standing.hindrance(turns[one.id])
            if hindered:
                raise errors.error(hindered)
            await _put(run, putter, one)
        except RoadsteadError as error:
            if error.problem.reason in _GOING:
                run.standing.awaited.add(one.id)
            run.fail(one, error.problems)

    writing = (one for one in run.works.values() if one.writes)
    for level in _grouped(writing, lambda one: turns[one.id].level):
        await tasks.each(level, put, limit=_AT_ONCE)
        crash.here("level-written")


async def _put(run: Run, putter: Putter, one: Work) -> None:
    done = await putter.put(one, run.stored.entries.get(one.id))
    run.standing.answers[one.id] = done.answer
    if done.result is not Result.UNCHANGED and (told := kinds.defined(done.sent)):
        run.session.define(told[0])
    if one.change.manifest is not None:
        run.written[one.id] = ledger.entry(one.change.manifest, done.answer)
    run.say(
        ObjectOutcome(
            one.id,
            done.result,
            notes=(*done.notes, *_changed_by_admission(done.sent, done.answer)),
            version=done.answer["metadata"].get("resourceVersion", ""),
        )
    )


def _changed_by_admission(sent: Object, answer: Object) -> tuple[str, ...]:
    return tuple(
        f"changed by admission: {field.path} {field.after} -> {field.before}"
        for field in difference.drift(sent, answer)
    )


async def drop(run: Run) -> None:
    wanted = [one for one in run.works.values() if one.manifest is not None]
    uids = {run.written[one.id].uid if one.id in run.written else one.change.uid for one in wanted}
    dropper = Dropper(
        run.session,
        run.stored.parent.id,
        run.rules.patience,
        run.rules.precious,
        kept_uids=frozenset(uids - {""}),
        kept_namespaces=frozenset(one.id.namespace for one in wanted),
    )

    async def let_go(one: Work) -> None:
        await keeping.check(run)
        try:
            dropped = await dropper.drop(one)
        except RoadsteadError as error:
            if error.problem.reason in (*_GOING, reasons.DEPENDENCY_NOT_READY):
                run.standing.awaited.add(one.id)
            run.fail(one, error.problems)
            return
        if not dropped.ours:
            run.gone.add(one.id)
        run.say(dropped.outcome)

    unwanted = [one for one in run.works.values() if one.drops]
    held = run.unfinished
    for level in _downwards(unwanted):
        if held or any(one.id in run.standing.failed for one in unwanted):
            for one in level:
                run.fail(one, [_HELD])
            continue
        await tasks.each(level, let_go, limit=_AT_ONCE)


_HELD = Problem(
    reasons.DEPENDENCY_NOT_READY,
    "nothing is deleted before everything else is as Git says",
    hint="see the other problems of this bundle",
)


def _downwards(works: Iterable[Work]) -> list[list[Work]]:
    """By kind alone: the manifests are gone."""
    return _grouped(works, lambda one: -order.tier(one.id.group_kind))


def _grouped(works: Iterable[Work], rank: Callable[[Work], int]) -> list[list[Work]]:
    return [list(level) for _, level in groupby(sorted(works, key=rank), key=rank)]
