"""Two managers that fight over a field: notice it, so that nobody corrects for ever.

Pure; the clock's moments are passed in. What was corrected several times within a window is contested, and left
alone until Git wants something else of the object, or a long time has passed.
"""

from collections import deque
from collections.abc import Iterable

from msgspec import Struct, field

from roadstead.model.ids import ObjectId
from roadstead.model.plan import FieldChange

MOST = 5  # corrections of one field within the window
WINDOW = 600.0  # seconds
REST = 3600.0  # seconds that a contested object is left alone


class Contest(Struct, frozen=True):
    """`fields` that both want, `managers` that were seen to set them, besides us."""

    object: ObjectId
    fields: tuple[str, ...]
    managers: tuple[str, ...]
    until: float


class _Fought(Struct):
    times: deque[float] = field(default_factory=lambda: deque(maxlen=MOST))
    managers: dict[str, None] = field(default_factory=dict)


class Contests(Struct):
    """One for a bundle on a cluster: forget it when the bundle's inputs change."""

    _fought: dict[tuple[ObjectId, str], _Fought] = field(default_factory=dict)
    _found: dict[ObjectId, Contest] = field(default_factory=dict)

    def corrected(self, one: ObjectId, fields: Iterable[FieldChange], now: float) -> Contest | None:
        """Count a correction; a contest that it reveals, once."""
        over: list[str] = []
        managers: dict[str, None] = {}
        for change in fields:
            fought = self._fought.setdefault((one, change.path), _Fought())
            fought.times.append(now)
            if change.manager:
                fought.managers[change.manager] = None
            if len(fought.times) == MOST and now - fought.times[0] <= WINDOW:
                over.append(change.path)
                managers |= fought.managers
        if not over:
            return None
        self._found[one] = Contest(one, tuple(over), tuple(managers), now + REST)
        for path in over:
            del self._fought[one, path]
        return self._found[one]

    def of(self, one: ObjectId, now: float) -> Contest | None:
        """The contest for which the object is left alone now."""
        found = self._found.get(one)
        if found and now >= found.until:
            del self._found[one]
            return None
        return found
