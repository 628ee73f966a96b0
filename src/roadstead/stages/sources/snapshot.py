"""Take a snapshot: the fleet's revision and those of all its Sources, resolved at the same time.

A Source that cannot be read is a problem of its own and missing in the snapshot; what depends on it freezes,
the others go on. What is odd but readable (history rewritten, a submodule that cannot be had) is a warning.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from roadstead.model import reasons
from roadstead.model.errors import Problem, RoadsteadError, Severity
from roadstead.model.snapshot import Origin, Revision, Snapshot
from roadstead.stages.sources import resolve
from roadstead.world import tasks
from roadstead.world.git import stores

_AT_ONCE = 8


class Taken(Struct, frozen=True):
    """`unread` tells, by Source, why it is missing in the snapshot."""

    snapshot: Snapshot
    unread: Mapping[str, Problem]
    warnings: tuple[Problem, ...]


async def take(fleet: Revision, origins: Sequence[Origin], *, cache: Path, deadline: float) -> Taken:
    """Resolve all origins; never raises for one that cannot be read. Lets go of what nobody read for weeks."""

    async def one(origin: Origin) -> Revision | Problem:
        try:
            return await resolve.source(origin, fleet=fleet, cache=cache, deadline=deadline)
        except RoadsteadError as error:
            return _named(origin.name, error.problem)

    answers = await tasks.each(origins, one, limit=_AT_ONCE)
    revisions = {answer.name: answer for answer in answers if isinstance(answer, Revision)}
    unread = {
        origin.name: answer
        for origin, answer in zip(origins, answers, strict=True)
        if isinstance(answer, Problem)
    }
    stores.prune(cache)
    odd = [problem for revision in (fleet, *revisions.values()) for problem in _oddities(revision)]
    return Taken(Snapshot(fleet, revisions), unread, tuple(odd))


def _oddities(revision: Revision) -> list[Problem]:
    found = []
    if revision.replaced:
        cause = (
            f"{revision.ref} of {revision.url} was at {revision.replaced[:12]}, found {revision} without it"
        )
        found.append(Problem(reasons.HISTORY_REWRITTEN, cause, severity=Severity.WARNING))
    for mount in revision.mounts:
        if mount.error:
            cause = f"submodule {mount.path}: {mount.error}"
            found.append(Problem(reasons.REASONS[mount.reason], cause, severity=Severity.WARNING))
    return [_named(revision.name, problem) for problem in found]


def _named(name: str, problem: Problem) -> Problem:
    return replace(problem, cause=f"source {name}: {problem.cause}") if name else problem
