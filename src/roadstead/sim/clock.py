"""The time of simulated clusters, and what is due in it.

Real time, until somebody turns it forward; `Clock(start)` stands still and moves by `advance` alone. Work is done
in the order in which it falls due, first come first served at the same moment, so that a test sees the same
each time. At rest it costs nothing: one timer of the event loop for whatever is next, none when nothing is.
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """Of one cluster, or of many that live in the same time. Calling it gives the time."""

    def __init__(self, start: datetime | None = None) -> None:
        self._stands = start
        self._ahead = timedelta()
        self._due: list[tuple[datetime, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._timer: tuple[datetime, asyncio.AbstractEventLoop, asyncio.TimerHandle] | None = None
        self._moment: datetime | None = None  # while it is turned forward: where it is

    def __call__(self) -> datetime:
        return self._moment or self._stands or datetime.now(UTC) + self._ahead

    def at(self, seconds: float, act: Callable[[], None]) -> None:
        """Do it so many seconds from now; at the earliest once the running turn of the event loop is over."""
        due = self() + timedelta(seconds=seconds)
        heapq.heappush(self._due, (due, next(self._numbers), act))
        self.wind()

    def advance(self, seconds: float = 0.0) -> None:
        """Turn it forward and do what falls due on the way, also what that makes due."""
        self._moment = self()
        end = self._moment + timedelta(seconds=seconds)
        try:
            while self._due and self._due[0][0] <= end:
                self._moment = max(self._moment, self._due[0][0])
                heapq.heappop(self._due)[2]()
        finally:
            self._moment = None
            self._reach(end)
        self.wind()

    def _reach(self, moment: datetime) -> None:
        if self._stands is not None:
            self._stands = max(self._stands, moment)
        else:
            self._ahead += max(moment - self(), timedelta())

    def wind(self) -> None:
        """One timer, for what is due first, if there is an event loop to wake us; else `advance` does it."""
        if not self._due or self._moment is not None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        first = self._due[0][0]
        if self._timer is not None:
            due, owner, handle = self._timer
            if owner is loop and due <= first:
                return
            handle.cancel()
        if self._stands is not None and first > self._stands:
            self._timer = None
            return  # only advance can bring that moment
        delay = max((first - self()).total_seconds(), 0.0)
        self._timer = first, loop, loop.call_later(delay, self._wake)

    def _wake(self) -> None:
        """Does what was due when it woke; what that makes due waits for the next turn of the loop."""
        self._timer = None
        now = self()
        try:
            while self._due and self._due[0][0] <= now:
                heapq.heappop(self._due)[2]()
        finally:
            self.wind()
