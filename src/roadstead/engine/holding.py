"""Whether a bundle on a cluster is held, by whom and until when: nothing is written then, drift is still told.

Pure. Four places can hold: the mark in the cluster (objects/break_glass), a person's decision, a Hold document or
the cluster's state (the assignment's freeze), and the inventory, which carries a hold where all else is lost.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from roadstead.model.assignment import Assignment
from roadstead.model.decision import Decision, DecisionKind
from roadstead.model.ids import Key
from roadstead.model.inventory import Parent
from roadstead.objects.break_glass import BreakGlass
from roadstead.world.git.decisions import Book

LEAVE_DRIFT = "leaveDrift"
_FOREVER = "lifted"
_MARK = re.compile(r"(\S+) until (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|lifted) by ")
_HOLDING = (DecisionKind.HOLD, DecisionKind.PAUSE)


class Held(Struct, frozen=True):
    why: str
    until: datetime | None = None


def held(
    key: Key,
    assignment: Assignment | None,
    parent: Parent,
    *,
    decisions: Iterable[Decision],
    glass: BreakGlass | None,
    now: datetime,
) -> Held | None:
    if glass and now < glass.until:
        by = f" by {glass.by}" if glass.by else ""
        return Held(f"break-glass{by} until {_said(glass.until)}: {glass.reason}", glass.until)
    if found := decided(key, decisions, now):
        return found
    if assignment and assignment.freeze:
        hold = assignment.freeze
        until = datetime.fromisoformat(hold.until) if hold.until else None
        by = f"hold {hold.hold} by {hold.owner} until {hold.until}: " if hold.hold else ""
        return Held(f"{by}{hold.reason}", until)
    return carried(parent.hold, decisions, now) if parent.hold else None


def mark(key: Key, decisions: Iterable[Decision], now: datetime) -> str:
    """What the inventory is to carry of a decision that holds, "" without one: its id first, then its end."""
    for one in decisions:
        if _holds(one, key, now) and one.action != LEAVE_DRIFT:
            return (
                f"{one.id} until {_said(one.until) if one.until else _FOREVER} by {one.actor}: {one.reason}"
            )
    return ""


def carried(hold: str, decisions: Iterable[Decision], now: datetime) -> Held | None:
    """By what the inventory carries: until its end, unless its decision is known, which then says."""
    found = _MARK.match(hold)
    id, until = found.groups() if found else (hold, _FOREVER)
    if any(one.id == id for one in decisions):
        return None
    end = datetime.fromisoformat(until) if until != _FOREVER else None
    return Held(f"held, as its inventory says: {hold}", end) if end is None or now < end else None


def decided(key: Key, decisions: Iterable[Decision], now: datetime) -> Held | None:
    """By a person's decision alone."""
    for one in decisions:
        if _holds(one, key, now) and one.action != LEAVE_DRIFT:
            end = f" until {_said(one.until)}" if one.until else ""
            return Held(f"{one.kind} by {one.actor}{end}: {one.reason}", one.until)
    return None


def stand_ins(book: Book, known: Mapping[str, Decision], now: datetime) -> dict[str, Decision]:
    """A pause of everything for each file that cannot be read, lifted once it can be or is gone."""
    found: dict[str, Decision] = {}
    for problem in book.problems:
        id = f"unreadable-{hashlib.sha256(problem.place.file.encode()).hexdigest()[:16]}"
        found[id] = Decision(id, DecisionKind.PAUSE, "roadstead", problem.cause, now)
    because = "the file was repaired or removed"
    for id, one in known.items():
        if stands_in(one) and one.lifted is None:
            over = replace(one, lifted=now, lifted_by="roadstead", lifted_because=because)
            found[id] = one if id in found else over
    return found


def stands_in(one: Decision) -> bool:
    """Whether it was made here for a file that cannot be read; it concerns this store alone."""
    return one.id.startswith("unreadable-")


def leaves_drift(key: Key, decisions: Iterable[Decision], now: datetime) -> bool:
    """Whether a person decided that drift is to be told here, and not corrected."""
    return any(_holds(one, key, now) and one.action == LEAVE_DRIFT for one in decisions)


def _holds(one: Decision, key: Key, now: datetime) -> bool:
    return one.kind in _HOLDING and one.stands(now) and one.concerns(key.bundle, key.cluster)


def _said(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
