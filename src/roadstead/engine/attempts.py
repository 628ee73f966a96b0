"""Whether one receiver takes what it is sent: when to try again, and that it fails is told once.

One that does not take messages is tried again with growing pauses, or when it says; one that refuses them, seldom,
and at once when its secrets were changed.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from roadstead.engine.dispatching import Post
from roadstead.engine.pauses import Backoff
from roadstead.engine.shared import Shared
from roadstead.model.alert import Receiver
from roadstead.model.errors import Problem, RoadsteadError, TransientError
from roadstead.model.events import Delivery, Event, Level
from roadstead.world import meter

_PAUSE, _LONGEST_PAUSE = 1.0, 900.0  # seconds, while a receiver does not take messages
_REFUSED = 900.0  # seconds, while it refuses them
_CHECK = 30.0  # seconds after which its secrets are looked at again
_TELL_AFTER = 3  # attempts in vain
_AGE, _MOST, _GIVE_UP_EVERY = timedelta(days=1), 10_000, timedelta(minutes=10)


class Attempts:
    """`problem` is why the last one failed; None after one that did not."""

    def __init__(self, shared: Shared, post: Post, receiver: Receiver) -> None:
        self.problem: Problem | None = None
        self._shared, self._post, self._receiver = shared, post, receiver
        self._pauses = Backoff(first=_PAUSE, longest=_LONGEST_PAUSE, dice=shared.dice)
        self._not_before: datetime | None = None
        self._refused_with: tuple[str, ...] | None = None
        self._told = False
        self._gave_up: datetime | None = None

    def pause(self, now: datetime) -> float:
        """For how many seconds nothing should be sent, and for how many to sleep; 0: go on."""
        if self._not_before is None or now >= self._not_before or self._is_renewed():
            return 0.0
        return min(_CHECK, (self._not_before - now).total_seconds())

    def succeeded(self) -> None:
        self._count("sent")
        self._pauses.succeeded()
        if self._told:
            self._emit("alert-sent-again", f"{self._receiver} takes messages again", Level.INFO)
        self.problem, self._not_before, self._refused_with, self._told = None, None, None, False

    async def failed(self, error: RoadsteadError, deliveries: Iterable[Delivery]) -> None:
        """Raises TransientError while the database does not answer."""
        problem, passing = error.problem, isinstance(error, TransientError)
        self._count("retried" if passing else "refused")
        pause = self._pauses.failed(problem.retry_after or 0.0)
        due = self._shared.world.now + timedelta(seconds=pause if passing else max(pause, _REFUSED))
        self._not_before = due
        self._refused_with = None if passing else self._secrets()
        self.problem = replace(problem, cause=f"{self._receiver}: {problem.cause}")
        if not self._told and (not passing or self._pauses.failures >= _TELL_AFTER):
            self._told = True
            level = Level.WARNING if passing else Level.ERROR
            self._emit(
                "alert-not-sent", self.problem.cause, level, reason=str(problem.reason), hint=problem.hint
            )
        await self._shared.store.outbox.failed(*deliveries, due=due, error=problem.cause)

    async def give_up(self, routes: Iterable[str]) -> None:
        """What has waited for a day, and what is too much; now and then."""
        now = self._shared.world.now
        if self._gave_up and now - self._gave_up < _GIVE_UP_EVERY:
            return
        self._gave_up = now
        for name in routes:
            lost = await self._shared.store.outbox.give_up(name, before=now - _AGE, most=_MOST)
            if lost:
                self._count("gave-up", lost)
                said = f"{lost} events could not be told to {self._receiver} in a day, and are given up"
                self._emit("alert-not-sent", said, Level.ERROR)

    def _is_renewed(self) -> bool:
        """Whether what was refused was tried with other secrets than there are now."""
        return self._refused_with is not None and self._secrets() != self._refused_with

    def _secrets(self) -> tuple[str, ...]:
        try:
            return self._post.secrets_of(self._receiver)
        except RoadsteadError:
            return ()

    def _emit(self, kind: str, said: str, level: Level, *, reason: str = "", hint: str = "") -> None:
        data = {"hint": hint} if hint else {}
        self._shared.emit(Event(self._shared.world.now, kind, said, level, reason=reason, data=data))

    def _count(self, outcome: str, number: int = 1) -> None:
        meter.deliveries[str(self._receiver.kind), outcome] += number
