"""Edits that a write of ours overtook: made after it was planned, undone by it before anybody looked at them.

Pure but for being fed. Of each object the states are kept that were seen since it was last as its inventory
entry says; a write tells which of them came between its plan and itself. What the streams bring later is held
against the same window. What a controller writes into the status of an edited object is no other edit: a state is
told once, and never the one for which the write was planned. Whether such a state holds an edit is for whoever is told to find out: our own writes in
several steps pass by here, too.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from msgspec import Struct, field

from roadstead.model.ids import ObjectId
from roadstead.objects import ownership

_MOST = 8  # states of one object: who edits oftener within one step is told of by the last ones

Object = dict[str, Any]


class _Window(Struct):
    """Between the resourceVersions of a plan and of its write; `known` are marks and signatures."""

    since: int
    until: int
    known: set[tuple[str, str]] = field(default_factory=set)


class Overtaken:
    """`tell` hears of states as they were seen, whole or their metadata alone."""

    def __init__(self, tell: Callable[[ObjectId, Object], None]) -> None:
        self._tell = tell
        self._odd: dict[ObjectId, deque[Object]] = {}
        self._windows: dict[ObjectId, _Window] = {}

    def odd(self, one: ObjectId, obj: Object) -> None:
        """Seen, and not as its entry says."""
        self._odd.setdefault(one, deque(maxlen=_MOST)).append(obj)

    def latest(self, one: ObjectId) -> Object | None:
        """As it was seen last, where that is odd."""
        return self._odd[one][-1] if one in self._odd else None

    def fine(self, one: ObjectId) -> None:
        """Seen as its entry says, at last or again; or it is gone."""
        self._odd.pop(one, None)
        self._windows.pop(one, None)

    def wrote(self, one: ObjectId, planned: str, written: str) -> None:
        """We wrote it, and had seen it at resourceVersion `planned` when we decided what."""
        seen = self._odd.pop(one, ())
        if not (planned.isdigit() and written.isdigit()):
            return
        self._windows[one] = _Window(int(planned), int(written))
        for obj in seen:
            self.late(one, obj)

    def late(self, one: ObjectId, obj: Object) -> None:
        """Seen after we wrote it, as it was before."""
        window, version = self._windows.get(one), obj["metadata"].get("resourceVersion", "")
        if window is None or not (version.isdigit() and window.since <= int(version) < window.until):
            return
        state = ownership.mark(obj), ownership.signature(obj)
        if state not in window.known:
            window.known.add(state)
            if int(version) > window.since:
                self._tell(one, obj)
