"""No receiver is flooded: beyond its allowance, what is ready goes out in one digest that counts and lists.

Nothing is dropped: what finds no allowance at all waits, and is part of the next digest.
"""

from collections.abc import Sequence

from msgspec import Struct

from roadstead.stages.notify.deciding import Batch
from roadstead.stages.notify.message import Message


class Bucket(Struct):
    """Messages that may be sent at once, and how many seconds bring one back. Of time only differences count."""

    size: int = 10
    seconds: float = 6.0
    _spent: float = 0.0
    _at: float = 0.0

    def left(self, now: float) -> int:
        self._spent = max(0.0, self._spent - (now - self._at) / self.seconds)
        self._at = now
        return int(self.size - self._spent)

    def take(self, count: int) -> None:
        self._spent += count


def limited(batches: Sequence[Batch], allowed: int) -> tuple[Batch, ...]:
    """Those that go out now; what says nothing costs nothing."""
    silent = [one for one in batches if one.message is None]
    loud = [one for one in batches if one.message is not None]
    if len(loud) > allowed:
        loud = [*loud[: allowed - 1], _digest(loud[allowed - 1 :])] if allowed else []
    return (*silent, *loud)


def _digest(batches: Sequence[Batch]) -> Batch:
    messages = [one.message for one in batches if one.message]
    first, last = messages[0], messages[-1]
    items = tuple(item for one in messages for item in one.items)
    id = f"{first.id}+{last.id.rpartition('/')[2]}:{len(messages)}"
    return Batch(
        Message(first.alert, "", "", items, id),
        tuple(one for each in batches for one in each.done),
        {subject: one for each in batches for subject, one in each.told.items()},
        frozenset(subject for each in batches for subject in each.over),
    )
