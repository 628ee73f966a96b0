"""Progress of long work on standard error: one live line on a terminal, plain lines elsewhere."""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from roadstead.cli import console
from roadstead.model.health import Health, State
from roadstead.model.ids import Key, ObjectId
from roadstead.model.outcome import ObjectOutcome
from roadstead.report import outcomes

if TYPE_CHECKING:
    from rich.status import Status

    from roadstead.engine.bundle_step import Watchers

_WAITING = (State.PROGRESSING, State.UNKNOWN, State.TERMINATING, State.MISSING)


@contextmanager
def shown(doing: str, *, quiet: bool = False) -> Iterator["Watchers"]:
    """Everything that changes is printed once; on a terminal a last line counts what is under way."""
    from roadstead.engine.bundle_step import Watchers

    counts: Counter[str] = Counter()
    waiting: dict[tuple[Key, ObjectId], Health] = {}
    told_last: dict[tuple[Key, ObjectId], Health] = {}
    status = None if quiet or console.is_plain(stderr=True) else _live(doing)

    def refresh() -> None:
        if status:
            done = ", ".join(f"{count} {result}" for result, count in sorted(counts.items()))
            ahead = f"; waiting for {len(waiting)}" if waiting else ""
            status.update(f"{doing}: {done}{ahead}")

    def outcome(key: Key, one: ObjectOutcome) -> None:
        counts[str(one.result)] += 1
        if not quiet and not outcomes.is_quiet(one):
            console.show([outcomes.object_line(key, one)], stderr=True)
        refresh()

    def health(key: Key, object_id: ObjectId, told: Health) -> None:
        one = (key, object_id)
        was_waiting = one in waiting
        if told.state in _WAITING:
            waiting[one] = told
        else:
            waiting.pop(one, None)
        is_news = told_last.get(one) != told and (was_waiting or told.state is not State.READY)
        told_last[one] = told
        if is_news and not quiet:
            console.show([outcomes.health_line(key, object_id, told)], stderr=True)
        refresh()

    def waits(key: Key, bundles: Collection[str]) -> None:
        if not quiet:
            console.show([outcomes.waits_line(key, bundles)], stderr=True)

    if status:
        status.start()
    try:
        yield Watchers(outcome, health, waits)
    finally:
        if status:
            status.stop()


def _live(doing: str) -> "Status | None":
    from rich.status import Status

    return Status(doing, console=console.err()) if console.err().is_terminal else None
