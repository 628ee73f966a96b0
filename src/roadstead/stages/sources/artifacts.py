"""Add to a snapshot what Bundles name in registries: each artifact is a revision like any other, its manifest's
digest in place of a commit. One that cannot be read is a problem of its own, and what needs it freezes.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.snapshot import Origin, Revision
from roadstead.world import tasks

if TYPE_CHECKING:
    from roadstead.world.charts.http import Workers

_AT_ONCE = 8
_LONGEST = 120.0  # seconds, also where a run may go on for ever


class Taken(Struct, frozen=True):
    revisions: Mapping[str, Revision]
    unread: Mapping[str, Problem]


async def take(origins: Collection[Origin], *, cache: Path, pool: "Workers", deadline: float) -> Taken:
    """Resolve all of them; never raises for one that cannot be read."""
    if not origins:
        return Taken({}, {})
    seconds = min(deadline, _LONGEST)
    from roadstead.world.charts import artifacts  # here, as it needs aiohttp, and most fleets need none

    async def one(origin: Origin) -> Revision | Problem:
        try:
            found = await artifacts.fetch(origin.url, origin.ref, cache=cache, pool=pool, deadline=seconds)
        except RoadsteadError as error:
            return replace(error.problem, cause=f"artifact {origin.name}: {error.problem.cause}")
        commit = found.digest.partition(":")[2]
        return Revision(origin.name, origin.url, origin.ref, commit, found.tree, str(found.store))

    wanted = sorted(origins, key=lambda origin: origin.name)
    answers = dict(zip(wanted, await tasks.each(wanted, one, limit=_AT_ONCE), strict=True))
    return Taken(
        {origin.name: answer for origin, answer in answers.items() if isinstance(answer, Revision)},
        {origin.name: answer for origin, answer in answers.items() if isinstance(answer, Problem)},
    )
