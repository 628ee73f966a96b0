"""How long to wait after a failure: of one thing (Backoff), and of a whole cluster that nothing reaches (Breaker).

Pure: moments and dice are passed in.
"""

import math
from collections.abc import Callable

from msgspec import Struct


class Backoff:
    """Pauses between attempts: doubling, and spread by chance over their second half."""

    __slots__ = ("_dice", "_first", "_longest", "failures")  # there is one for each bundle on each cluster

    def __init__(self, *, first: float, longest: float, dice: Callable[[], float]) -> None:
        self._first, self._longest, self._dice = first, longest, dice
        self.failures = 0

    def failed(self, at_least: float = 0.0) -> float:
        whole = min(self._first * 2.0 ** min(self.failures, 30), self._longest)
        self.failures += 1
        return max(at_least, whole * (1 + self._dice()) / 2)

    def succeeded(self) -> None:
        self.failures = 0


class Breaker(Struct):
    """After `most` failures to reach a cluster in a row nothing is begun there but one trial after each pause. Each
    trial that fails makes the pause longer; what was under way when it opened does not."""

    backoff: Backoff
    most: int
    until: float = -math.inf
    _failures: int = 0
    _trying: str = ""
    _open: bool = False

    def allows(self, now: float) -> bool:
        return not self._open or (not self._trying and now >= self.until)

    def rest(self, now: float) -> float:
        """Seconds until something may be begun; infinite while a trial is under way."""
        return math.inf if self._trying else self.until - now

    def begins(self, key: str) -> None:
        if self._open:
            self._trying = key

    def ended(self, key: str, now: float, *, reached: bool, at_least: float) -> None:
        """The step of a key ended, and the cluster was reached by it, or not."""
        tried = self._trying == key
        if tried:
            self._trying = ""
        if reached:
            self._open, self._failures = False, 0
            self.backoff.succeeded()
            return
        self._failures += 1
        if tried or (not self._open and self._failures >= self.most):
            self._open = True
            self.until = now + self.backoff.failed(at_least)
