"""A person's holds for the night: made, lifted and listed where decisions are kept (deciding.py).

They stand at once for whoever reads the fleet repository's ref, also where no commit to a branch can be made. What
they do to a bundle is the engine's. A hold always has an end, an actor and a reason.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.engine.world import World
from roadstead.language import nearest
from roadstead.model import errors, reasons
from roadstead.model.decision import Decision, DecisionKind
from roadstead.model.errors import Problem
from roadstead.operations import deciding
from roadstead.operations.deciding import InGit, Kept
from roadstead.operations.selecting import Selected
from roadstead.world.git.decisions import Book

FREEZE, LEAVE_DRIFT = "freeze", "leaveDrift"


class Asked(Struct, frozen=True):
    """What a person wants held. Without `actor` it is who runs this command; `data` is kept with the decision."""

    selected: Selected
    action: str
    reason: str
    until: datetime
    actor: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


async def add(world: World, asked: Asked, *, kept: Kept | None = None) -> Decision:
    """The hold as it stands now. Raises UsageError for an end that has passed, and for what is not there."""
    now = world.now
    if asked.until <= now:
        cause = f"--until: the end must be in the future, found {asked.until.isoformat()}"
        raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, "write a length of time such as 4h"))
    kept = kept or InGit(world)
    named = asked.selected.among(await kept.there())
    made = Decision(
        id=f"hold-{now:%Y%m%dt%H%M%Sz}-{secrets.token_hex(3)}",
        kind=DecisionKind.HOLD,
        actor=asked.actor or deciding.actor(),
        reason=asked.reason,
        made=now,
        until=asked.until,
        clusters=named.clusters,
        bundles=named.bundles,
        action=asked.action,
        data=asked.data,
    )
    await kept.write(made, f"Hold {_what(made)}: {made.reason}")
    return made


async def remove(
    world: World, id: str, *, reason: str, kept: Kept | None = None, actor: str = ""
) -> Decision:
    """The hold as it was lifted."""
    kept = kept or InGit(world)
    book = await kept.read()
    found = book.decisions.get(id)
    if found is None or found.kind is not DecisionKind.HOLD:
        hint = nearest.hint(id, list(book.decisions)) or "see `roadstead hold list`"
        raise errors.error(Problem(reasons.UNKNOWN_REFERENCE, f"there is no hold {id}", hint))
    if found.lifted:
        cause = f"{id} was lifted by {found.lifted_by} on {found.lifted.isoformat()}"
        raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, "see `roadstead hold list`"))
    lifted = replace(found, lifted=world.now, lifted_by=actor or deciding.actor(), lifted_because=reason)
    await kept.write(lifted, f"Lift {id}: {reason}")
    return lifted


def _what(made: Decision) -> str:
    return f"{', '.join(made.bundles) or 'all bundles'} on {', '.join(made.clusters) or 'all clusters'}"


def of(book: Book, now: datetime, *, every: bool) -> list[Decision]:
    """The holds in a book, those that stand or `every` one, by when they were made."""
    found = [one for one in book.decisions.values() if one.kind is DecisionKind.HOLD]
    return sorted((one for one in found if every or one.stands(now)), key=lambda one: (one.made, one.id))
