"""What can be made to go wrong between a simulated cluster and its clients, and for which requests.

Pure state of one cluster: which faults are set, and which of them a request meets. Doing it to the connection
is `hindering`; setting it from outside the process is `controlling`. Chances are seeded: the same requests in
the same order meet the same faults.
"""

import asyncio
import random
from collections.abc import Callable, Iterator
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from msgspec import Struct

Wanted = TypeVar("Wanted")


class When(StrEnum):
    BEFORE = "before"  # nothing was done
    UNANSWERED = "unanswered"  # it was done, and nobody hears of it
    MIDDLE = "middle"  # half of the answer arrives; of a watch, half of its next event


class Delay(Struct, frozen=True, tag="delay"):
    """`jitter` seconds at most are added."""

    seconds: float
    jitter: float = 0.0


class Refuse(Struct, frozen=True, tag="refuse"):
    """A Status, or the bare text as filters in front of the API give it."""

    code: int
    message: str
    reason: str = ""
    retry_after: int = 0
    plain: bool = False


class Cut(Struct, frozen=True, tag="cut"):
    """The connection ends. Watches that match are cut at once when the fault is set, but for `middle`."""

    when: When = When.BEFORE


class Hang(Struct, frozen=True, tag="hang"):
    """Requests are taken and not answered, watches fall silent; all go on when the fault is lifted."""


Effect = Delay | Refuse | Cut | Hang


class Fault(Struct, frozen=True):
    """An effect on the requests of these `verbs` (as audit logs name them; all when empty) whose path matches.

    `path` is a pattern with `*` (`/apis/apps/*`), `dry_run` tells whether such requests are meant, too. It is met
    by a `rate` of them, and after `times` of them no more (0: without end).
    """

    effect: Effect
    verbs: tuple[str, ...] = ()
    path: str = "*"
    dry_run: bool = True
    rate: float = 1.0
    times: int = 0
    seed: int = 0

    def matches(self, asked: "Asked") -> bool:
        if self.verbs and asked.verb not in self.verbs:
            return False
        return (self.dry_run or not asked.dry_run) and fnmatchcase(asked.path, self.path)


def latency(seconds: float, *, jitter: float = 0.0, **which: Any) -> Fault:
    return Fault(Delay(seconds, jitter), **which)


def failing(rate: float, *, code: int = 500, seed: int = 0, **which: Any) -> Fault:
    """Internal errors, or whatever the code stands for."""
    reason, message = _SAID.get(code, ("InternalError", "Internal error occurred: simulated"))
    return Fault(Refuse(code, message, reason), rate=rate, seed=seed, **which)


def throttled(*, retry_after: int = 1, **which: Any) -> Fault:
    """As priority and fairness reject: no Status, but a time."""
    text = "Too many requests, please try again later.\n"
    return Fault(Refuse(429, text, retry_after=retry_after, plain=True), **which)


def full_disk() -> Fault:
    """etcd's space quota is used up: reads, dry runs and deletes pass."""
    effect = Refuse(500, "etcdserver: mvcc: database space exceeded")
    return Fault(effect, verbs=("create", "update", "patch"), dry_run=False)


def cut(when: When = When.BEFORE, **which: Any) -> Fault:
    return Fault(Cut(when), **which)


def partition(*, silent: bool = True) -> Fault:
    """Packets vanish (`silent`), or connections are reset as soon as they say something."""
    return Fault(Hang() if silent else Cut())


_SAID = {
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
    504: (
        "Timeout",
        "Timeout: request did not complete within the allotted timeout",
    ),
}


class Asked(Struct, frozen=True):
    """One request as faults see it. `path` is without the query."""

    verb: str
    path: str
    dry_run: bool = False


class _Armed:
    """One fault that is set, with what is left of it."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.chance = random.Random(fault.seed)  # noqa: S311 - no secret
        self.left = fault.times or None

    def meets(self, asked: Asked) -> bool:
        fault = self.fault
        if self.left == 0 or not fault.matches(asked):
            return False
        if fault.rate < 1 and self.chance.random() >= fault.rate:
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Faults:
    """Those of one cluster. `streams` are its running watches, each with what ends it."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._changed = asyncio.Event()
        self._streams: dict[int, tuple[Asked, Callable[[], None]]] = {}

    @property
    def present(self) -> tuple[Fault, ...]:
        return tuple(armed.fault for armed in self._armed)

    def set(self, *faults: Fault) -> None:
        """From now on these and no others."""
        self._armed = [_Armed(fault) for fault in faults]
        self._changed.set()
        self._changed = asyncio.Event()
        for armed in self._armed:
            effect = armed.fault.effect
            if isinstance(effect, Cut) and effect.when is not When.MIDDLE:
                for asked, end in list(self._streams.values()):
                    if armed.meets(asked):
                        end()

    def clear(self) -> None:
        self.set()

    def met(self, asked: Asked, kind: type[Wanted]) -> Iterator[Wanted]:
        """The effects of this kind that the request meets, in the order in which they were set."""
        for armed in self._armed:
            if isinstance(armed.fault.effect, kind) and armed.meets(asked):
                yield armed.fault.effect

    def cut(self, asked: Asked, *whens: When) -> When | None:
        """The first cut of these that the request meets."""
        for armed in self._armed:
            effect = armed.fault.effect
            if isinstance(effect, Cut) and effect.when in whens and armed.meets(asked):
                return effect.when
        return None

    async def lifted(self, asked: Asked) -> None:
        """Returns when nothing makes the request hang."""
        while any(isinstance(one.fault.effect, Hang) and one.meets(asked) for one in self._armed):
            await self._changed.wait()

    def streaming(self, asked: Asked, end: Callable[[], None]) -> Callable[[], None]:
        """A watch begins; the returned function says that it is over."""
        self._streams[id(end)] = (asked, end)
        return lambda: self._streams.pop(id(end), None) and None
