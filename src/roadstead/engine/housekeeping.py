"""What a process that reconciles does beside it: decisions and anchors to and from Git, old history let go of.

Nothing of the fleet waits for it: a repository that does not answer costs a round, and what was decided stands.
"""

import asyncio
from collections.abc import Awaitable, Callable

from roadstead.engine import mirroring
from roadstead.engine.shared import Shared
from roadstead.model.errors import Problem, RoadsteadError, Severity
from roadstead.model.events import Event, Level
from roadstead.world.git import command, decisions
from roadstead.world.store import Keep

_MIRROR_EVERY = 30.0  # seconds
_MIRROR_WITHIN = 25.0
_TIDY_EVERY = 3600.0


class Housekeeping:
    """`decided` is called when other decisions stand than before."""

    def __init__(self, shared: Shared, keep: Keep, decided: Callable[[], Awaitable[None]]) -> None:
        self._shared = shared
        self._keep = keep
        self._decided = decided
        self._told: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Until cancelled."""
        clock = asyncio.get_running_loop().time
        tidy_at = clock() + _TIDY_EVERY
        while True:
            await asyncio.sleep(_MIRROR_EVERY)
            await self.mirror()
            self._tell_lost()
            if clock() >= tidy_at:
                tidy_at = clock() + _TIDY_EVERY
                await self._guarded(self._tidy())
                self._shared.world.blobs.tidy()  # once a day, and a second for 100,000 files

    async def mirror(self) -> None:
        """One round, told once if it fails; to be waited for before anything moves for the first time."""
        await self._guarded(self._mirror())

    async def _mirror(self) -> None:
        shared = self._shared
        location = await decisions.home(shared.world.settings.fleet, until=command.until(_MIRROR_WITHIN))
        if location is None:  # a plain folder: the store alone has what was decided
            return
        found = await mirroring.mirror(
            shared.store,
            location,
            actor=shared.store.writer.name,
            cache=shared.world.settings.cache,
            deadline=_MIRROR_WITHIN,
            now=shared.world.now,
        )
        self._tell(found.problems)
        if found.changed:
            await self._decided()

    async def _tidy(self) -> None:
        await self._shared.store.tidy(self._keep, now=self._shared.world.now)

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except RoadsteadError as error:
            self._tell(error.problems)

    def _tell_lost(self) -> None:
        """Nothing is lost in silence: what found no room while the database was gone."""
        writer, shared = self._shared.store.writer, self._shared
        if writer.dropped and writer.problem is None:
            message = f"{writer.dropped} events and statuses found no room while the database was gone"
            writer.dropped = 0
            shared.emit(Event(shared.world.now, "events-lost", message, Level.ERROR))

    def _tell(self, problems: tuple[Problem, ...]) -> None:
        """What is new of it; the same again is not told again before it was over."""
        for one in problems:
            if str(one) not in self._told:
                level = Level.ERROR if one.severity is Severity.ERROR else Level.WARNING
                message = f"decisions in Git: {one.cause}"
                self._shared.emit(
                    Event(
                        self._shared.world.now,
                        "decisions-not-mirrored",
                        message,
                        level,
                        reason=str(one.reason),
                    )
                )
        self._told = frozenset(map(str, problems))
