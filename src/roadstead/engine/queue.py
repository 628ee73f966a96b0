"""What is to be done on one cluster, and when: keys, of each of which one step runs at a time.

Pure: the clock and the dice are passed in, tasks are made by whoever takes keys. Each cluster has a queue of
its own, so that a sick one costs the others nothing. A key waits for what its last step said (`Then`): for
news, for a moment, for other keys, for the end of a pause after a failure, or for its inputs to change.
"""

import heapq
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import IntEnum

from msgspec import Struct

from roadstead.engine.pauses import Backoff, Breaker

# Of all clusters together: each takes processor time here, some 10 ms a step, and waits for its cluster.
_STEPS_IN_ALL, _REQUESTS_IN_ALL = 800, 4_000
_LEAST = 2  # of one cluster, so that a slow one holds up no other


class Urgency(IntEnum):
    """What goes first. Somebody waits for a restored object, but not for the news of a poll."""

    DRIFT = 0
    CHANGE = 1
    LOOK = 2


class Limits(Struct, frozen=True):
    """`at_once` steps at the same time, and `drift` more for keys that drifted, which wait for no others; the
    `requests` that the steps of either sort send at once; the pause after a failure in seconds, doubling from
    `first` to `longest`, or to `away` where the cluster was not reached; after `breaker` failures to reach it in a
    row, nothing is started but a trial."""

    at_once: int = 8
    drift: int = 4
    requests: int = 8  # no gain beyond
    first: float = 1.0
    longest: float = 300.0
    away: float = 30.0
    breaker: int = 3

    @classmethod
    def among(cls, clusters: int) -> "Limits":
        """For each of so many clusters. A process that begins more than it can carry on with lets all of it wait, until
        requests end unanswered."""
        clusters, one = max(clusters, 1), cls()
        return cls(
            at_once=max(_LEAST, min(one.at_once, _STEPS_IN_ALL // clusters)),
            requests=max(_LEAST, min(one.requests, _REQUESTS_IN_ALL // clusters)),
        )


class Then(Struct, frozen=True):
    """What a key waits for after a step; by itself, for news only. `at` is a moment of the clock, `needs`
    are keys that must settle first. After a failure that may pass (`again`) it is tried after a pause, of
    `at_least` so many seconds; a `stalled` one is woken by changed inputs alone."""

    at: float = math.inf
    needs: frozenset[str] = frozenset()
    again: bool = False
    at_least: float = 0.0
    stalled: bool = False
    unreachable: bool = False  # the step failed for the cluster's sake, not for its own
    doubtful: bool = False  # the same may happen to whatever is asked of the cluster


REST = Then()


class _State(Struct):
    backoff: Backoff
    urgency: Urgency | None = None  # set while the key is due as soon as may be
    due: float = math.inf
    needs: frozenset[str] = frozenset()
    running: bool = False
    hurried: bool = False  # the step that runs is one of those for drift
    stalled: bool = False
    pausing: bool = False
    since: float = 0.0  # when it became due
    order: int = 0  # keys of one urgency go in the order in which they became due


class Counts(Struct):
    """How a queue stands, for those who watch it."""

    due: int = 0
    running: int = 0
    pausing: int = 0
    stalled: int = 0
    waiting: int = 0


@dataclass(slots=True)
class Queue:
    """`take` gives a key to work on, `done` takes it back; `wait` tells how long there is nothing to take."""

    limits: Limits
    clock: Callable[[], float]
    dice: Callable[[], float]
    _states: dict[str, _State] = field(default_factory=dict)
    _ready: list[tuple[Urgency, int, str]] = field(default_factory=list)  # a heap, as the timers are
    _timers: list[tuple[float, str]] = field(default_factory=list)
    _breaker: Breaker = field(init=False)
    _running: int = 0
    _hurried: int = 0
    _ordered: int = 0

    def __post_init__(self) -> None:
        self._breaker = Breaker(self._pauses(), self.limits.breaker)

    def changed(self, key: str, urgency: Urgency = Urgency.CHANGE) -> None:
        """The key's inputs did (Git, a decision, the live objects): whatever it waits for, it is due now."""
        state = self._state(key)
        state.stalled = state.pausing = False
        state.backoff.succeeded()
        self._make_due(key, state, urgency)

    def look(self, key: str, urgency: Urgency = Urgency.LOOK) -> None:
        """Something may have moved. A key that pauses after a failure or is stalled is left alone."""
        state = self._state(key)
        if not (state.stalled or state.pausing):
            self._make_due(key, state, urgency)

    def resume(self) -> None:
        """The cluster answers again: what paused after a failure need not wait any longer."""
        for key, state in self._states.items():
            if state.pausing:
                self.changed(key, Urgency.LOOK)
            else:
                self.look(key)

    def settled(self, key: str) -> None:
        """The key is as it should be: those that waited for it alone are due."""
        for name, state in self._states.items():
            if key in state.needs:
                state.needs -= {key}
                if not state.needs:
                    self._make_due(name, state, Urgency.CHANGE)

    def forget(self, key: str) -> None:
        """The key is no more; a step of it that runs is let run."""
        state = self._states.get(key)
        if state and not state.running:
            del self._states[key]

    @property
    def keys(self) -> Collection[str]:
        return self._states.keys()

    def take(self) -> str | None:
        """A key to begin a step of now, or None."""
        now = self.clock()
        self._ring(now)
        if not (self._breaker.allows(now) and self._has_ready() and self._has_room()):
            return None
        urgency, _, key = heapq.heappop(self._ready)
        state = self._states[key]
        state.hurried = urgency is Urgency.DRIFT and self._hurried < self.limits.drift
        state.urgency, state.due, state.running = None, math.inf, True
        state.pausing = False
        if state.hurried:
            self._hurried += 1
        else:
            self._running += 1
        self._breaker.begins(key)
        return key

    def done(self, key: str, then: Then = REST) -> None:
        """The step ended. News that came while it ran are not lost: the key is due again at once."""
        state = self._states[key]
        state.running = False
        if state.hurried:
            self._hurried -= 1
        else:
            self._running -= 1
        self._breaker.ended(key, self.clock(), reached=not then.unreachable, at_least=then.at_least)
        if state.urgency is not None:
            heapq.heappush(self._ready, (state.urgency, state.order, key))
        if then.again:
            state.pausing = True
            pause = state.backoff.failed()
            if then.unreachable:
                pause = min(pause, self.limits.away)
            self._set_timer(key, state, self.clock() + max(pause, then.at_least))
            return
        state.backoff.succeeded()
        if state.urgency is not None:
            return
        state.stalled = then.stalled
        state.needs = then.needs
        if math.isfinite(then.at):
            self._set_timer(key, state, then.at)

    def wait(self) -> float:
        """Seconds until something can be taken, as far as that is known; infinite until there is news."""
        now = self.clock()
        self._ring(now)
        if self._has_ready():
            if not self._has_room():
                return math.inf
            return 0.0 if self._breaker.allows(now) else self._breaker.rest(now)
        return max(0.0, self._timers[0][0] - now) if self._timers else math.inf

    def counts(self) -> Counts:
        found = Counts()
        for state in self._states.values():
            if state.running:
                found.running += 1
            elif state.urgency is not None:
                found.due += 1
            elif state.stalled:
                found.stalled += 1
            elif state.pausing:
                found.pausing += 1
            else:
                found.waiting += 1
        return found

    def oldest(self) -> float:
        """Seconds for which the key that waits longest for its step has been due."""
        now = self.clock()
        due = (one for one in self._states.values() if one.urgency is not None and not one.running)
        return max((now - one.since for one in due), default=0.0)

    def _state(self, key: str) -> _State:
        if key not in self._states:
            self._states[key] = _State(self._pauses())
        return self._states[key]

    def _pauses(self) -> Backoff:
        return Backoff(first=self.limits.first, longest=self.limits.longest, dice=self.dice)

    def _make_due(self, key: str, state: _State, urgency: Urgency) -> None:
        state.needs, state.due = frozenset(), math.inf
        if state.urgency is None or urgency < state.urgency:
            if state.urgency is None:
                self._ordered += 1
                state.order, state.since = self._ordered, self.clock()
            state.urgency = urgency
            if not state.running:
                heapq.heappush(self._ready, (urgency, state.order, key))

    def _has_ready(self) -> bool:
        """Entries of keys that were taken, forgotten or moved forward since are dropped here."""
        while self._ready:
            urgency, order, key = self._ready[0]
            state = self._states.get(key)
            if state and not state.running and (state.urgency, state.order) == (urgency, order):
                return True
            heapq.heappop(self._ready)
        return False

    def _has_room(self) -> bool:
        """For the key that goes first."""
        if self._ready[0][0] is Urgency.DRIFT and self._hurried < self.limits.drift:
            return True
        return self._running < self.limits.at_once

    def _set_timer(self, key: str, state: _State, at: float) -> None:
        state.due = at
        heapq.heappush(self._timers, (at, key))

    def _ring(self, now: float) -> None:
        """Timers that were overtaken by news are passed over."""
        while self._timers and (self._timers[0][0] <= now or self._is_overtaken(*self._timers[0])):
            at, key = heapq.heappop(self._timers)
            if not self._is_overtaken(at, key):
                state = self._states[key]
                state.pausing = False
                self._make_due(key, state, Urgency.LOOK)

    def _is_overtaken(self, at: float, key: str) -> bool:
        return key not in self._states or self._states[key].due != at
