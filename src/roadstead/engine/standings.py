"""How a bundle on a cluster stands: what the last look at it found, as its status and its deviations.

Pure. Values of Secrets are redacted in plans already.
"""

from collections.abc import Iterable
from datetime import datetime

import orjson
from msgspec import Struct, field

from roadstead.model.errors import Problem, Severity
from roadstead.model.health import WORST_FIRST, Health, State
from roadstead.model.ids import Key, ObjectId
from roadstead.model.inventory import Inventory
from roadstead.model.plan import Change, FieldChange
from roadstead.model.status import Deviation, Standing, Status, Trouble

_WELL = (State.READY, State.SUSPENDED)


class Told(Struct):
    """What the last look at a bundle on a cluster found; health comes on top of it."""

    problems: tuple[Problem, ...] = ()
    drifted: dict[ObjectId, Change] = field(default_factory=dict)
    contested: dict[ObjectId, str] = field(default_factory=dict)
    added: dict[ObjectId, tuple[str, tuple[FieldChange, ...]]] = field(default_factory=dict)  # by what mark
    pending: int = 0
    held: str = ""  # by what, and why
    waits: str = ""  # for what
    staged: str = ""
    ready: str = ""  # the digest that was last seen ready
    broken: bool = False  # that it failed to become ready was told
    failed: frozenset[tuple[str, str]] = frozenset()  # problems that were told, by reason and object
    hindered: bool = False  # that it cannot be applied was told, and not that it can again


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
        added=len(told.added),
    )


def deviations(key: Key, told: Told, unwell: dict[ObjectId, Health], now: datetime) -> tuple[Deviation, ...]:
    """All that is wrong with a bundle on a cluster, field by field."""
    found = [
        Deviation(
            key, str(one), Trouble.UNREADY, now, message=f"{health.state}: {health.message}".rstrip(": ")
        )
        for one, health in unwell.items()
    ]
    for change in told.drifted.values():
        found += drifted(key, change, now)
    for one, (_, fields) in told.added.items():
        found += added(key, one, fields, now)
    found += [
        Deviation(key, str(one), Trouble.CONTESTED, now, message=cause)
        for one, cause in told.contested.items()
    ]
    return tuple(found)


def drifted(key: Key, change: Change, now: datetime) -> list[Deviation]:
    """Field by field, or one for an object that is gone."""
    return [_differing(key, change.id, each, now, Trouble.DRIFTED) for each in change.fields] or [
        Deviation(key, str(change.id), Trouble.DRIFTED, now, message=change.cause)
    ]


def added(key: Key, one: ObjectId, fields: Iterable[FieldChange], now: datetime) -> list[Deviation]:
    return [_differing(key, one, each, now, Trouble.ADDED) for each in fields]


def _differing(key: Key, one: ObjectId, change: FieldChange, now: datetime, trouble: Trouble) -> Deviation:
    return Deviation(
        key,
        str(one),
        trouble,
        now,
        field=change.path,
        manager=change.manager,
        time=_moment(change.time),
        before=_json(change.after),
        after=_json(change.before),
    )


def _json(value: object) -> str:
    return "" if value is None else orjson.dumps(value, default=str).decode()


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
