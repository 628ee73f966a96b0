"""What happens deep inside, counted for whoever shows it (hub/metrics): one addition each, for the whole process.

Labels are words of small, fixed sets; none names a cluster, a bundle or an object.
"""

import bisect
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct, field

_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_LONG = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


class Times(Struct):
    """Seconds: how many lasted no longer than each of `bounds`, and, last, how many did."""

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, seconds: float) -> None:
        self.counts[bisect.bisect_left(self.bounds, seconds)] += 1
        self.total += seconds

    @contextmanager
    def timed(self) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.add(time.perf_counter() - begun)


under_way: Counter[str] = Counter()  # watches
requests: Counter[tuple[str, str]] = Counter()  # to API servers, by verb and outcome
answers = Times(_QUICK)  # of API servers; streams are not among them
watch_restarts: Counter[str] = Counter()  # by the reason that ended a watch; "Ended" where the server did
steps = Times(_LONG)  # of bundles on clusters
commits = Times(_QUICK)  # of the database
# of alerts, by kind of receiver and outcome: sent, retried, refused, gave-up
deliveries: Counter[tuple[str, str]] = Counter()


@contextmanager
def one(what: str) -> Iterator[None]:
    """Of `under_way`."""
    under_way[what] += 1
    try:
        yield
    finally:
        under_way[what] -= 1


def answered(verb: str, status: int, seconds: float) -> None:
    """An API server answered a request that is no stream."""
    requests[verb, _outcome(status)] += 1
    answers.add(seconds)


def opened(verb: str, status: int) -> None:
    """Likewise, a stream."""
    requests[verb, _outcome(status)] += 1


def unanswered(verb: str) -> None:
    requests[verb, "unanswered"] += 1


def _outcome(status: int) -> str:
    if status < 400:
        return "ok"
    if status == 429:
        return "throttled"
    return "failed" if status >= 500 else "refused"
