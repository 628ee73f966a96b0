"""Follow Git: look for a new state by poll and when poked, and say what it means; stay at the last good one.

A state that cannot be read, is not signed as it must be, or does not follow the one before (history rewritten)
changes nothing: it is told once, and what was good goes on to count. Nothing is ever deleted for it.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.engine import revision_loop
from roadstead.engine.revision_loop import Desired
from roadstead.engine.shared import Shared
from roadstead.model import reasons
from roadstead.model.errors import Problem, RoadsteadError, Severity
from roadstead.model.events import Event, Level
from roadstead.model.status import Commit
from roadstead.stages.fleet import holds, selection
from roadstead.world import tracing

_READING = 300.0  # seconds that Git may take
_NAMING = 10.0  # seconds for the name of a commit that cannot be used
_GATHERED = 2.0  # seconds, for clusters that are upgraded or met for the first time together
_JITTER = 0.2  # of the interval, so that many do not ask at once

Adopt = Callable[[Desired], None]


class Following(Struct):
    """`interval` seconds from poll to poll. `problem` is why the newest state does not count, for /readyz and
    people; `accepted` commits may follow whatever came before."""

    shared: Shared
    adopt: Adopt
    interval: float
    desired: Desired | None = None
    problem: Problem | None = None
    accepted: set[str] = field(default_factory=set)
    looked: datetime | None = None
    _at: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    _poked: asyncio.Event = field(default_factory=asyncio.Event)
    _relabelled: bool = False
    _told: tuple[str, str] = ("", "")
    _announced: str = ""  # the commit that was told last

    @property
    def silence(self) -> float:
        """Seconds since the last look, or since there is to be one; no jump of the clock changes them."""
        return asyncio.get_running_loop().time() - self._at

    def poke(self) -> None:
        """Somebody says that there is something new. To say so often costs one look."""
        self._poked.set()

    def resolve_again(self) -> None:
        """Labels that are computed from clusters' facts changed: of the same commit other clusters may be selected.
        What several say within a moment is gathered."""
        if self.desired and not self._relabelled and any(selection.computed(self.desired.documents)):
            self._relabelled = True
            asyncio.get_running_loop().call_later(_GATHERED, self.poke)

    def accept(self, commit: str) -> None:
        """A person says that this commit may follow although history was rewritten."""
        self.accepted.add(commit)
        self.poke()

    async def run(self) -> None:
        while not self.shared.stop.is_set():
            self._poked.clear()
            await self.look()
            await self._sleep()

    async def look(self) -> None:
        """Once."""
        world = self.shared.world.within(_READING)
        try:
            if self.desired is not None and await self._is_unchanged(self.desired):
                self._good()
                return
            self._relabelled = False
            with tracing.span("commit") as span:
                found = await revision_loop.read(world)
                span.set_attribute("commit", found.snapshot.fleet.commit)
                problem = await self._unfit(found)
        except RoadsteadError as error:
            await self._fall_back()
            self._bad(error.problem, await self._newest())
            return
        finally:
            self.looked, self._at = world.now, asyncio.get_running_loop().time()
        if problem:
            await self._fall_back()
            self._bad(problem, found.snapshot.fleet.commit)
            return
        self._note(found)
        self.desired = found
        self._good()
        self.adopt(found)
        self._remember(found)

    async def _is_unchanged(self, desired: Desired) -> bool:
        """Whether Git stands where it stood, no Hold ended since, and clusters have the labels that they had."""
        if self.problem or self._relabelled or self._hold_ended(desired):
            return False
        return await revision_loop.is_unchanged(self.shared.world.within(_READING), desired)

    def _hold_ended(self, desired: Desired) -> bool:
        read, now = self.looked, self.shared.world.now
        return read is not None and any(
            read < holds.end(one) <= now for one in desired.documents.holds.values()
        )

    async def _unfit(self, found: Desired) -> Problem | None:
        """Why a state that can be read must not count."""
        commit = found.snapshot.fleet.commit
        last = self.desired.snapshot.fleet.commit if self.desired else await self._last_good()
        if not last or commit == last or any(commit.startswith(one) for one in self.accepted):
            return None
        if await revision_loop.follows(self.shared.world.within(_READING), found, last):
            return None
        cause = f"{found.snapshot.fleet.ref} was at {last[:12]}, found {commit[:12]} without it"
        hint = f"bring a history that has {last[:12]} in it, or let the hub accept {commit[:12]}"
        return Problem(reasons.HISTORY_REWRITTEN, cause, hint)

    async def _last_good(self) -> str:
        """Before a restart."""
        found = await self.shared.store.revisions.last()
        self._announced = found.commit if found else ""
        return self._announced

    async def _fall_back(self) -> None:
        """Started where Git cannot be followed: what counted before, as far as this machine has it still."""
        if self.desired is not None:
            return
        try:
            last = await self._last_good()
            found = last and await revision_loop.read(self.shared.world.within(_READING), revision=last)
        except RoadsteadError:
            return  # nothing is known, so nothing is done
        if found:
            self.desired = found
            self.adopt(found)

    async def _newest(self) -> str:
        """The commit that cannot be used, where Git itself can be reached."""
        try:
            return await revision_loop.newest(self.shared.world.within(_NAMING))
        except RoadsteadError:
            return ""

    def _good(self) -> None:
        if self.problem is not None:
            message = f"Git can be followed again, at {self.desired.revision if self.desired else 'nothing'}"
            self.shared.emit(Event(self.shared.world.now, "git-followed", message))
        self.problem, self._told = None, ("", "")

    def _bad(self, problem: Problem, commit: str) -> None:
        """Everything stays at the last good state; told once for each cause."""
        self.problem = replace(problem, severity=Severity.ERROR)
        told = (str(problem.reason), commit or problem.cause)
        if told == self._told:
            return
        self._told = told
        stays = f"; everything stays at {self.desired.revision}" if self.desired else ""
        self.shared.emit(
            Event(
                self.shared.world.now,
                "frozen",
                f"{problem.cause}{stays}",
                Level.ERROR,
                commit=commit,
                reason=str(problem.reason),
                data={"hint": problem.hint},
            )
        )

    def _note(self, found: Desired) -> None:
        """The new state as an event, and what is wrong in it."""
        revision, now = found.snapshot.fleet, self.shared.world.now
        author, subject = revision_loop.said(found)
        if revision.commit != self._announced:
            self._announced = revision.commit
            message = f"{revision.ref or 'HEAD'} is at {found.revision}: {subject}"
            self.shared.emit(Event(now, "commit", message, commit=revision.commit, actor=author))
        broken = [one for one in found.problems if one.severity is Severity.ERROR]
        known = {str(one) for one in self.desired.problems} if self.desired else set()
        if any(str(one) not in known for one in broken):
            first = broken[0]
            more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
            self.shared.emit(
                Event(
                    now,
                    "frozen",
                    f"{first}{more}; what depends on it stays as it is",
                    Level.ERROR,
                    commit=revision.commit,
                    reason=str(first.reason),
                    data={"problems": [str(one) for one in broken[:20]]},
                )
            )

    def _remember(self, found: Desired) -> None:
        """From here on, only what follows it counts, also after a restart."""
        revision, now = found.snapshot.fleet, self.shared.world.now
        author, subject = revision_loop.said(found)
        signed = True if self.shared.world.settings.keys else None
        seen = Commit("", revision.commit, revision.ref, now, author, subject, signed, "adopted")
        self.shared.store.revisions.note(seen)

    async def _sleep(self) -> None:
        seconds = self.interval * (1 + _JITTER * (2 * self.shared.dice() - 1))
        try:
            async with asyncio.timeout(seconds):
                await self._poked.wait()
        except TimeoutError:
            pass
