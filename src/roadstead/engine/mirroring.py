"""Decisions and anchors, between the store and Git: read, merged, and each side given what it lacks.

Git's ref decides and outlives the database; the store is what the process works by. Losing either loses nothing
of what was decided: an empty store is filled from the ref, an emptied ref from the store. A file in the ref that
cannot be read may be a hold, so everything is paused until somebody repairs or removes it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct

from roadstead.engine import holding
from roadstead.model import reasons
from roadstead.model.decision import Decision
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.record import Anchor, Segment
from roadstead.stages.audit import recording
from roadstead.world.git import command, decisions
from roadstead.world.git.decisions import Book
from roadstead.world.git.locations import Location
from roadstead.world.store.opening import Store

_SEAL_AFTER = timedelta(hours=1)
_SEAL_AT = 1_000  # records


class Mirrored(Struct, frozen=True):
    """`changed` tells that other decisions stand in the store than before. Without `problems` both sides are
    the same now."""

    changed: bool = False
    problems: tuple[Problem, ...] = ()


async def mirror(
    store: Store, location: Location, *, actor: str, cache: Path, deadline: float, now: datetime
) -> Mirrored:
    """One round. A repository that cannot be read or written is a problem told, and no error."""
    until = command.until(deadline)
    try:
        book = await decisions.read(location, cache=cache, until=until)
    except RoadsteadError as error:
        return Mirrored(False, error.problems)
    await _go_on_in_own_chain(store, book)
    changed = await _take_in(store, book, now)
    await store.journal.seal(now, at_least=_SEAL_AT, older_than=_SEAL_AFTER)
    segments = await store.records.unanchored(store.writer.chain)
    anchors = tuple(Anchor(one.writer, one.number, one.last, one.head) for one in segments)
    mine = {one.id: one for one in await store.decisions.all() if not holding.stands_in(one)}
    lacking = tuple(one for one in mine.values() if book.decisions.get(one.id) != one)
    problems = [*book.problems, *_rewritten(book, location)]
    if lacking or anchors:
        try:
            book = await decisions.add(
                location,
                decisions=lacking,
                anchors=anchors,
                actor=actor,
                subject=_subject(lacking, segments),
                cache=cache,
                until=until,
            )
        except RoadsteadError as error:
            return Mirrored(changed, (*problems, *error.problems))
    await _mark(store, book, segments)
    return Mirrored(changed, tuple(problems))


async def _go_on_in_own_chain(store: Store, book: Book) -> None:
    """Where Git vouches for another history than the one that is here (the database was lost, or an old copy
    restored), begin a new chain beside the old one, so that neither hides the other."""
    name, number = store.writer.name, 1
    while True:
        candidate = name if number == 1 else f"{name}~{number}"
        here = {(one.number, one.head) for one in await store.records.segments(candidate)}
        if all((one.number, one.head) in here for one in book.anchors if one.writer == candidate):
            store.writer.chain = candidate
            return
        number += 1


async def _take_in(store: Store, book: Book, now: datetime) -> bool:
    known = {one.id: one for one in await store.decisions.all()}
    wanted = {**book.decisions, **holding.stand_ins(book, known, now)}
    fresh = []
    for id, one in wanted.items():
        before = known.get(id)
        after = decisions.merged(before, one) if before else one
        if after != before:
            fresh.append(after)
    for one in fresh:
        await store.journal.add(recording.decision(one, now=now))
    await store.decisions.put(*fresh, pushed=True)
    return bool(fresh)


def _rewritten(book: Book, location: Location) -> Iterable[Problem]:
    if book.replaced:
        cause = f"{decisions.REF} of {location} was at {book.replaced[:12]}, which is no longer part of it"
        yield Problem(reasons.HISTORY_REWRITTEN, cause, reasons.HISTORY_REWRITTEN.remedy)


def _subject(made: tuple[Decision, ...], segments: tuple[Segment, ...]) -> str:
    parts = [f"{one.kind} by {one.actor}: {one.reason}" for one in made]
    parts += [f"Anchor segment {one.number} of {one.writer}" for one in segments]
    return parts[0].splitlines()[0][:72] if len(parts) == 1 else f"Add {len(parts)} decisions and anchors"


async def _mark(store: Store, book: Book, segments: tuple[Segment, ...]) -> None:
    pushed = [one.id for one in await store.decisions.unpushed() if book.decisions.get(one.id) == one]
    await store.decisions.pushed(*pushed)
    known = {(one.writer, one.number, one.head) for one in book.anchors}
    there = [one for one in segments if (one.writer, one.number, one.head) in known]
    if there:
        await store.journal.anchored(book.commit, *there)
