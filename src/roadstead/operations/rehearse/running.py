"""The rehearsal itself: copies are made, the engine applies the change to them, and what came of it is told."""

import asyncio
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from roadstead.engine import fleet_loop
from roadstead.engine.bundle_plan import Wishes
from roadstead.engine.bundle_step import Watchers
from roadstead.engine.revision_loop import Desired
from roadstead.engine.world import World
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.operations import apply as applying
from roadstead.operations.rehearse import copies as copying
from roadstead.operations.rehearse import snapshot as snapshots
from roadstead.operations.rehearse import taking
from roadstead.operations.rehearse.copies import Copies
from roadstead.operations.rehearse.snapshot import Snapshot, Taken
from roadstead.report.rehearsals import Rehearsal, Rehearsed
from roadstead.world import tasks


class Read(Struct, frozen=True):
    """`problems` are those of clusters that could not be read: they are not rehearsed."""

    snapshot: Snapshot
    problems: tuple[Problem, ...] = ()


async def read(world: World, desired: Desired) -> Read:
    """Of all chosen clusters what their copies need."""
    answers = await fleet_loop.each(world, desired, taking.take)
    taken = [answer for answer in answers.values() if isinstance(answer, Taken)]
    lost = [problem for answer in answers.values() if not isinstance(answer, Taken) for problem in answer]
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Read(Snapshot(snapshots.FORMAT, desired.fleet, now, taken), tuple(lost))


def kept(world: World, desired: Desired, snapshot: Snapshot) -> Read:
    """Of a saved snapshot the chosen clusters. Raises UsageError when it is another fleet's."""
    if snapshot.fleet != desired.fleet:
        cause = f"the snapshot is of fleet {snapshot.fleet}, this is fleet {desired.fleet}"
        raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, "take one of this fleet"))
    known = {one.cluster: one for one in snapshot.clusters}
    wanted = [cluster.name for cluster in fleet_loop.chosen(world, desired)]
    missing = tuple(
        Problem(reasons.FACTS_MISSING, "it is not in the snapshot", "take the snapshot anew", cluster=name)
        for name in wanted
        if name not in known
    )
    chosen = [known[name] for name in wanted if name in known]
    return Read(Snapshot(snapshot.format, snapshot.fleet, snapshot.taken, chosen), missing)


async def fleet(
    world: World, desired: Desired, found: Read, wishes: Wishes, *, seconds: float, watchers: Watchers
) -> Rehearsal:
    """Apply what Git says to copies, wait for `seconds` of their time, and tell."""
    async with copying.opened(world, found.snapshot) as copies:
        over = asyncio.Event()
        meant = copying.meant(desired, copies.by_name)
        theirs = replace(wishes, take_over=True)  # who writes the real ones, a hub perhaps, writes no copy
        request = applying.Request(theirs, wait=True, approve=None, watchers=watchers)
        async with tasks.group() as start:
            turning = start(copying.Turning(copies, seconds, over).run())
            done = await applying.fleet(copies.world, meant, request, stop=over)
            turning.cancel()
        return Rehearsal(done, tuple(_rehearsed(copies)), found.problems, seconds)


def _rehearsed(copies: Copies) -> list[Rehearsed]:
    return [
        Rehearsed(
            name,
            copy.taken.version,
            copy.cluster.minor,
            copying.WORKED_ON,
            (*copy.taken.notes, *copy.left_out),
            {judge: tuple(sorted(objects)) for judge, objects in (copy.cluster.unasked or {}).items()},
        )
        for name, copy in copies.by_name.items()
    ]
