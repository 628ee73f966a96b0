"""What happens, as events: each told once, to whoever listens.

Pure. Values of Secrets are redacted in plans already.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from roadstead.model.errors import Problem
from roadstead.model.events import Event, Level
from roadstead.model.health import Health, State
from roadstead.model.ids import Key, ObjectId
from roadstead.model.outcome import Outcome, Result
from roadstead.model.plan import Action, Change
from roadstead.model.reasons import Category
from roadstead.objects.break_glass import BreakGlass

_TOLD = 20  # objects that an event names


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


def as_it_should_be(key: Key, object: str, now: datetime) -> Event:
    return _event(now, "drift-resolved", f"{object}: as it should be again", key, object=object)


def contested(
    key: Key, one: ObjectId, fields: Sequence[str], managers: Sequence[str], now: datetime
) -> Event:
    others = ", ".join(managers) or "an unknown manager"
    message = f"{one}: {', '.join(fields)} is fought over by roadstead and {others}; left alone"
    data = {"fields": list(fields), "managers": ["roadstead", *managers]}
    return _event(now, "contest", message, key, level=Level.ERROR, object=str(one), data=data)


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


def applies_again(key: Key, why: str, *, commit: str, now: datetime) -> Event:
    return _event(now, "apply-resolved", why, key, commit=commit)


def held(key: Key, why: str, now: datetime) -> Event:
    return _event(now, "frozen", why, key, level=Level.WARNING)


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


def unhindered(cluster: str, now: datetime) -> Event:
    message = "what Git says is held against the cluster again"
    return Event(now, "apply-resolved", message, cluster=cluster)


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
