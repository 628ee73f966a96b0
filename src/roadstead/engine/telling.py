"""Plans and outcomes as statuses, deviations, events and records: what is kept and told of a step.

Pure. Values of Secrets are redacted in plans already; the record holds no values at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from roadstead.model.errors import Problem, Severity
from roadstead.model.events import Event, Level
from roadstead.model.health import WORST_FIRST, Health, State
from roadstead.model.ids import Key, ObjectId
from roadstead.model.inventory import Inventory, short
from roadstead.model.outcome import Outcome, Result
from roadstead.model.plan import Action, Change, FieldChange, Plan
from roadstead.model.reasons import Category
from roadstead.model.record import Record, RecordId, RecordKind, Touched
from roadstead.model.status import Deviation, Standing, Status, Trouble
from roadstead.objects.break_glass import BreakGlass

_TOLD = 20  # objects that an event names
_WELL = (State.READY, State.SUSPENDED)


@dataclass(slots=True)
class Told:
    """What the last look at a bundle on a cluster found; health comes on top of it."""

    problems: tuple[Problem, ...] = ()
    drifted: dict[ObjectId, Change] = field(default_factory=dict)
    contested: dict[ObjectId, str] = field(default_factory=dict)
    added: int = 0
    pending: int = 0
    held: str = ""  # by what, and why
    waits: str = ""  # for what
    staged: str = ""
    ready: str = ""  # the digest that was last seen ready
    broken: bool = False  # that it failed to become ready was told
    failed: frozenset[tuple[str, str]] = frozenset()  # problems that were told, by reason and object


def standing(told: Told, health: Health) -> Standing:
    """The worst that is true."""
    if any(one.severity is Severity.ERROR for one in told.problems) and not told.waits:
        return Standing.BLOCKED
    if health.state is State.FAILED:
        return Standing.FAILED
    if told.drifted:
        return Standing.DRIFTED
    if told.held or any(one.severity is Severity.WARNING for one in told.problems):
        return Standing.FROZEN
    if told.waits:
        return Standing.WAITING
    if told.pending:
        return Standing.PENDING
    if health.state is State.UNKNOWN:
        return Standing.UNKNOWN
    return Standing.READY if health.state in _WELL else Standing.PROGRESSING


def status(
    key: Key, told: Told, inventory: Inventory, unwell: dict[ObjectId, Health], now: datetime
) -> Status:
    """`since` is the store's to keep when the standing stays. `unwell` is all that is not ready."""
    worst = min(unwell.values(), key=lambda one: WORST_FIRST.index(one.state), default=Health(State.READY))
    parent, problem = inventory.parent, next(iter(told.problems), None)
    stands = standing(told, worst)
    message = told.held or told.waits or (problem.cause if problem else "") or worst.message
    return Status(
        key=key,
        standing=stands,
        since=now,
        seen=now,
        staged=told.staged,
        released=parent.released,
        applied=parent.applied,
        ready=told.ready,
        commit=parent.commit,
        reason=str(problem.reason) if problem else "",
        message="" if stands is Standing.READY else message,
        objects=len(inventory.entries),
        unready=len(unwell),
        drifted=len(told.drifted),
        added=told.added,
    )


def deviations(key: Key, told: Told, unwell: dict[ObjectId, Health], now: datetime) -> tuple[Deviation, ...]:
    """All that is wrong with a bundle on a cluster, field by field."""
    found = [
        Deviation(
            key, str(one), Trouble.UNREADY, now, message=f"{health.state}: {health.message}".rstrip(": ")
        )
        for one, health in unwell.items()
    ]
    for one, change in told.drifted.items():
        found += [_drifted(key, one, each, now) for each in change.fields] or [
            Deviation(key, str(one), Trouble.DRIFTED, now, message=change.cause)
        ]
    found += [
        Deviation(key, str(one), Trouble.CONTESTED, now, message=cause)
        for one, cause in told.contested.items()
    ]
    return tuple(found)


def _drifted(key: Key, one: ObjectId, change: FieldChange, now: datetime) -> Deviation:
    return Deviation(
        key,
        str(one),
        Trouble.DRIFTED,
        now,
        field=change.path,
        manager=change.manager,
        time=moment(change.time),
        before=_json(change.after),
        after=_json(change.before),
    )


def moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _json(value: object) -> str:
    return "" if value is None else orjson.dumps(value, default=str).decode()


def drift(key: Key, change: Change, *, what: str, now: datetime, seen: float | None = None) -> Event:
    """`what` says what is done about it. A plan's `before` is what is there, which is the event's `live`;
    `seen` are the milliseconds that it took from the first sign to this event."""
    fields = [
        {
            "path": one.path,
            "applied": one.after,
            "live": one.before,
            "manager": one.manager or "unknown",
            "time": one.time,
        }
        for one in change.fields
    ]
    paths = ", ".join(one.path for one in change.fields[:3]) + (", …" if len(change.fields) > 3 else "")
    data: dict[str, object] = {"fields": fields, "cause": change.cause, "done": what}
    if seen is not None:
        data["noticed_ms"] = round(seen * 1000, 1)
    return _event(
        now,
        "drift",
        f"{change.id}: {change.cause}" + (f": {paths}" if paths else ""),
        key,
        level=Level.WARNING,
        object=str(change.id),
        actor=", ".join(dict.fromkeys(one.manager for one in change.fields if one.manager)),
        data=data,
    )


def as_it_should_be(key: Key, one: ObjectId, now: datetime) -> Event:
    return _event(now, "drift-resolved", f"{one}: as it should be again", key, object=str(one))


def contested(
    key: Key, one: ObjectId, fields: Sequence[str], managers: Sequence[str], now: datetime
) -> Event:
    others = ", ".join(managers) or "an unknown manager"
    message = f"{one}: {', '.join(fields)} is fought over by roadstead and {others}; left alone"
    data = {"fields": list(fields), "managers": ["roadstead", *managers]}
    return _event(now, "contest", message, key, level=Level.ERROR, object=str(one), data=data)


def drift_record(key: Key, changes: Iterable[Change], now: datetime) -> Record:
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
    return Record(
        RecordKind.OUTCOME,
        now,
        begun.actor,
        begun.cluster,
        begun.bundle,
        begun.commit,
        begun.before,
        done.inventory.parent.applied if done.inventory else begun.before,
        objects=objects,
        result="failed" if done.failed else "waiting" if done.waits_for else "done",
        reason=str(problem.reason) if problem else "",
        message=problem.cause if problem else "",
        closes=intended,
    )


def applied(done: Outcome, *, commit: str, now: datetime) -> Event | None:
    """What a step did to the cluster; nothing where it wrote no object."""
    counts: dict[str, int] = {}
    for one in done.objects:
        if one.problem is None and one.result not in (Result.UNCHANGED, Result.SKIPPED, Result.KEPT):
            counts[str(one.result)] = counts.get(str(one.result), 0) + 1
    if not counts:
        return None
    words = ", ".join(f"{count} {result}" for result, count in sorted(counts.items()))
    return _event(now, "applied", words, done.key, commit=commit, data=counts)


def failed(key: Key, problems: Sequence[Problem], *, commit: str, now: datetime) -> Event:
    first = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    data = {"problems": [str(one) for one in problems[:_TOLD]]}
    return _event(
        now,
        "apply-failed",
        f"{first.object or key.bundle}: {first.cause}{more}",
        key,
        level=Level.WARNING if first.category is Category.TRANSIENT else Level.ERROR,
        object=str(first.object or ""),
        commit=commit,
        reason=str(first.reason),
        data=data,
    )


def held(key: Key, why: str, now: datetime) -> Event:
    return _event(now, "frozen", why, key, level=Level.WARNING)


def settled(begun: Record, intended: RecordId, inventory: Inventory, *, now: datetime) -> Record:
    """How an intent ended that nobody closed, as far as the cluster's inventory tells."""
    applied_now = inventory.parent.applied
    reached = applied_now == begun.after
    message = "found at its goal" if reached else f"found at {applied_now or 'nothing'}, short of its goal"
    return Record(
        RecordKind.OUTCOME,
        now,
        begun.actor,
        begun.cluster,
        begun.bundle,
        begun.commit,
        begun.before,
        applied_now,
        result="done" if reached else "abandoned",
        message=f"the process ended before it said so; {message}",
        closes=intended,
    )


def doing(change: Change, held: str) -> str:
    """What is done about a drift."""
    if held:
        return f"left: {held}"
    return "reported" if change.action is Action.KEEP else "corrected"


def health(key: Key, unwell: dict[ObjectId, Health], now: datetime) -> Event:
    """A bundle failed to become ready, or is well again when nothing is unwell."""
    broken = {one: each for one, each in unwell.items() if each.state is State.FAILED}
    if not broken:
        return _event(now, "healthy", f"{key.bundle} is ready again", key)
    one, first = next(iter(broken.items()))
    more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
    data = {"objects": {str(each): what.message for each, what in list(broken.items())[:_TOLD]}}
    return _event(
        now,
        "unhealthy",
        f"{one}: {first.message}{more}",
        key,
        level=Level.ERROR,
        object=str(one),
        data=data,
    )


def unreachable(cluster: str, problem: Problem, now: datetime) -> Event:
    return Event(now, "cluster-unreachable", problem.cause, Level.ERROR, cluster, reason=str(problem.reason))


def reachable(cluster: str, now: datetime) -> Event:
    return Event(now, "cluster-reachable", "the cluster answers again", cluster=cluster)


def hindered(cluster: str, problem: Problem, now: datetime) -> Event:
    return Event(now, "apply-failed", problem.cause, Level.WARNING, cluster, reason=str(problem.reason))


def unseen(cluster: str, what: str, problem: Problem | None, now: datetime) -> Event:
    if problem is None:
        return Event(now, "seen-again", f"{what}: seen again", cluster=cluster)
    message = f"{what}: not seen, drift there is not told: {problem.cause}"
    return Event(now, "not-seen", message, Level.WARNING, cluster, reason=str(problem.reason))


def glass(cluster: str, found: BreakGlass, now: datetime) -> Event:
    message = f"break-glass until {found.until:%Y-%m-%dT%H:%M:%SZ}: {found.reason}; nothing is written there"
    return Event(now, "frozen", message, Level.WARNING, cluster, actor=found.by)


def _event(
    now: datetime,
    kind: str,
    message: str,
    key: Key,
    *,
    level: Level = Level.INFO,
    object: str = "",
    actor: str = "",
    commit: str = "",
    reason: str = "",
    data: Mapping[str, object] | None = None,
) -> Event:
    return Event(
        now, kind, message, level, key.cluster, key.bundle, object, actor, commit, reason, dict(data or {})
    )
