"""A person's holds for the night: made, lifted and listed in the fleet repository's ref for decisions.

They stand at once for whoever reads that ref, also where no commit to a branch can be made. What they do to a
bundle is the engine's. A hold always has an end, an actor and a reason.
"""

import getpass
import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from roadstead.engine import revision_loop
from roadstead.engine.world import World
from roadstead.language import nearest
from roadstead.model import errors, reasons
from roadstead.model.decision import Decision, DecisionKind
from roadstead.model.errors import Problem
from roadstead.world.git import command, decisions
from roadstead.world.git.decisions import Book
from roadstead.world.git.locations import Location

FREEZE, LEAVE_DRIFT = "freeze", "leaveDrift"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wants held; empty names mean all."""

    clusters: tuple[str, ...]
    bundles: tuple[str, ...]
    action: str
    reason: str
    until: datetime


async def add(world: World, asked: Asked) -> Decision:
    """The hold as it stands now. Raises UsageError for an end that has passed and for names that are not there."""
    now = world.now
    if asked.until <= now:
        cause = f"--until: the end must be in the future, found {asked.until.isoformat()}"
        raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, "write a length of time such as 4h"))
    desired = await revision_loop.read(world)
    assigned = {key.bundle for key in desired.resolution.assignments}
    _known("cluster", asked.clusters, desired.resolution.clusters)
    _known("bundle", asked.bundles, {*assigned, *(key.bundle for key in desired.resolution.blocked)})
    made = Decision(
        id=f"hold-{now:%Y%m%dt%H%M%Sz}-{secrets.token_hex(3)}",
        kind=DecisionKind.HOLD,
        actor=actor(),
        reason=asked.reason,
        made=now,
        until=asked.until,
        clusters=asked.clusters,
        bundles=asked.bundles,
        action=asked.action,
    )
    await _write(world, made, f"Hold {_what(made)}: {made.reason}")
    return made


async def remove(world: World, id: str, *, reason: str) -> Decision:
    """The hold as it was lifted."""
    book = await read(world)
    found = book.decisions.get(id)
    if found is None or found.kind is not DecisionKind.HOLD:
        hint = nearest.hint(id, list(book.decisions)) or "see `roadstead hold list`"
        raise errors.error(Problem(reasons.UNKNOWN_REFERENCE, f"there is no hold {id}", hint))
    if found.lifted:
        cause = f"{id} was lifted by {found.lifted_by} on {found.lifted.isoformat()}"
        raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, "see `roadstead hold list`"))
    lifted = replace(found, lifted=world.now, lifted_by=actor(), lifted_because=reason)
    await _write(world, lifted, f"Lift {id}: {reason}")
    return lifted


async def read(world: World) -> Book:
    return await decisions.read(
        await _home(world), cache=world.settings.cache, until=command.until(world.remaining)
    )


def actor() -> str:
    """Who decides, as the record names him."""
    return getpass.getuser()


async def _write(world: World, made: Decision, subject: str) -> None:
    await decisions.add(
        await _home(world),
        decisions=[made],
        actor=made.lifted_by or made.actor,
        subject=subject.splitlines()[0][:100],
        cache=world.settings.cache,
        until=command.until(world.remaining),
    )


async def _home(world: World) -> Location:
    found = await decisions.home(world.settings.fleet, until=command.until(world.remaining))
    if found is None:
        cause = f"decisions are kept in the fleet's Git repository, found none at {world.settings.fleet}"
        raise errors.error(Problem(reasons.NO_FLEET, cause, "name the repository with --fleet"))
    return found


def _known(what: str, names: Collection[str], known: Collection[str]) -> None:
    """A hold on a name that is not there would hold nothing, and nobody would notice."""
    unknown = [name for name in names if name not in known]
    if unknown:
        raise errors.error(
            Problem(reasons.UNKNOWN_REFERENCE, f"there is no {what} {name}", nearest.hint(name, list(known)))
            for name in unknown
        )


def _what(made: Decision) -> str:
    return f"{', '.join(made.bundles) or 'all bundles'} on {', '.join(made.clusters) or 'all clusters'}"


def of(book: Book, now: datetime, *, every: bool) -> list[Decision]:
    """The holds in a book, those that stand or `every` one, by when they were made."""
    found = [one for one in book.decisions.values() if one.kind is DecisionKind.HOLD]
    return sorted((one for one in found if every or one.stands(now)), key=lambda one: (one.made, one.id))
