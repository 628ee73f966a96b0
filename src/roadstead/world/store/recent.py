"""What became durable last, kept in memory: who follows reads it from here, be they one or a hundred.

Only what this process wrote. Events of other processes leave gaps, over which `events_after` does not reach.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from itertools import islice

from msgspec import Struct, field

from roadstead.model.events import Event
from roadstead.model.ids import Key
from roadstead.model.status import Status

_EVENTS, _CHANGES = 2_000, 5_000


class Recent(Struct):
    """`last_event` is the newest id that is known, `changes` how many changes of statuses there were so far."""

    last_event: int = 0
    changes: int = 0
    _events: deque[Event] = field(default_factory=lambda: deque(maxlen=_EVENTS))
    _changed: deque[tuple[Key, Status | None]] = field(default_factory=lambda: deque(maxlen=_CHANGES))

    def add(self, events: Iterable[Event], changed: Mapping[Key, Status | None]) -> None:
        for one in events:
            self._events.append(one)
            self.last_event = max(self.last_event, one.id)
        self._changed.extend(changed.items())
        self.changes += len(changed)

    def events_after(self, after: int) -> tuple[Event, ...] | None:
        """The oldest first; None where some of them are not in memory."""
        found: list[Event] = []
        for one in reversed(self._events):
            if one.id <= after:
                break
            found.append(one)
        is_whole = len(found) == max(0, self.last_event - after)  # ids have no gaps
        return tuple(reversed(found)) if is_whole else None

    def changes_after(self, after: int) -> dict[Key, Status | None] | None:
        """The newest of each, None for what is gone; None instead of all where they are not in memory."""
        count = self.changes - after
        if count > len(self._changed):
            return None
        return dict(islice(self._changed, len(self._changed) - count, None))
