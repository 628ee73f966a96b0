"""Plans and outcomes as what is put on the record: who changed what, and what others did behind our back.

Pure. The record holds no values at all.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec.structs import replace

from roadstead.model.ids import Key
from roadstead.model.inventory import Entry, Inventory, short
from roadstead.model.outcome import Outcome, Result
from roadstead.model.plan import Action, Change, Plan
from roadstead.model.record import Record, RecordId, RecordKind, Touched

_DONE: Mapping[str, str] = {
    Action.CREATE: Result.CREATED,
    Action.UPDATE: Result.UPDATED,
    Action.RECREATE: Result.RECREATED,
    Action.DELETE: Result.DELETED,
    Action.ORPHAN: Result.ORPHANED,
    Action.ADOPT: Result.ADOPTED,
    Action.HAND_OVER: Result.HANDED_OVER,
}


def drift(key: Key, changes: Iterable[Change], now: datetime) -> Record:
    """Who edited behind our back, as far as managedFields tell."""
    touched = tuple(
        Touched(
            str(one.id),
            "edited" if one.fields else "drifted",
            fields=tuple(each.path for each in one.fields),
            message=one.cause,
        )
        for one in changes
    )
    managers = dict.fromkeys(each.manager for one in changes for each in one.fields if each.manager)
    actor = ", ".join(managers) or "unknown"
    return Record(RecordKind.DRIFT, now, actor, key.cluster, key.bundle, objects=touched)


def intent(plan: Plan, inventory: Inventory, *, actor: str, commit: str, now: datetime) -> Record:
    entries = inventory.entries
    return Record(
        RecordKind.INTENT,
        now,
        actor,
        plan.key.cluster,
        plan.key.bundle,
        commit,
        inventory.parent.applied,
        plan.digest,
        objects=tuple(
            Touched(
                str(one.id),
                str(one.action),
                before=entries[one.id].applied if one.id in entries else "",
                after=short(one.manifest.digest) if one.manifest else "",
                fields=tuple(each.path for each in one.fields),
                message=one.cause,
            )
            for one in plan.pending()
        ),
    )


def outcome(done: Outcome, begun: Record, intended: RecordId | None, *, now: datetime) -> Record:
    meant = {one.object: one for one in begun.objects}
    problem = next(iter(done.problems), None)
    objects = tuple(
        Touched(
            str(one.id),
            str(one.result),
            before=meant[str(one.id)].before if str(one.id) in meant else "",
            after=meant[str(one.id)].after if str(one.id) in meant and one.problem is None else "",
            reason=str(one.problem.reason) if one.problem else "",
            message=one.problem.cause if one.problem else "; ".join(one.notes),
        )
        for one in done.objects
        if str(one.id) in meant or one.problem or one.result is not Result.UNCHANGED
    )
    return replace(
        begun,
        kind=RecordKind.OUTCOME,
        time=now,
        after=done.inventory.parent.applied if done.inventory else begun.before,
        objects=objects,
        result="failed" if done.failed else "waiting" if done.waits_for else "done",
        reason=str(problem.reason) if problem else "",
        message=problem.cause if problem else "",
        closes=intended,
    )


def settled(begun: Record, intended: RecordId, inventory: Inventory, *, now: datetime) -> Record:
    """How an intent ended that nobody closed, as far as the cluster's inventory tells."""
    applied_now = inventory.parent.applied
    reached = applied_now == begun.after
    message = "found at its goal" if reached else f"found at {applied_now or 'nothing'}, short of its goal"
    entries = {str(one): entry for one, entry in inventory.entries.items()}
    return replace(
        begun,
        kind=RecordKind.OUTCOME,
        time=now,
        after=applied_now,
        objects=tuple(_found(one, entries.get(one.object)) for one in begun.objects),
        result="done" if reached else "abandoned",
        message=f"the process ended before it said so; {message}",
        closes=intended,
    )


def _found(meant: Touched, entry: Entry | None) -> Touched:
    """An inventory names an object before it is written, and what was applied only after."""
    done = entry is None if not meant.after else entry is not None and entry.applied == meant.after
    if done:
        return replace(meant, action=_DONE.get(meant.action, meant.action), fields=(), message="")
    return replace(meant, action="unknown", after="", fields=(), message="cut off; a later step looked at it")


def abandoned(begun: Record, intended: RecordId, *, now: datetime) -> Record:
    """How an intent ended whose cluster left Git before anybody could look."""
    return replace(
        begun,
        kind=RecordKind.OUTCOME,
        time=now,
        after="",
        objects=(),
        result="abandoned",
        message="the process ended before it said so; since then, its cluster has left Git",
        closes=intended,
    )
