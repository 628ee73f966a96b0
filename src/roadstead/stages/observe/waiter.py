"""One caller's wait for many objects: what it has learnt of them, and whether it may end.

Knows nothing of clusters: it is told healths, and tells them on when they change.
"""

import asyncio
from collections.abc import Callable, Mapping

from roadstead.model.health import Health, State
from roadstead.model.ids import ObjectId
from roadstead.stages.observe import awaited as judging
from roadstead.stages.observe.awaited import Awaited

Tell = Callable[[ObjectId, Health], None]
_UNSEEN = Health(State.UNKNOWN, "nothing was seen of it yet")
_STUCK = (State.FAILED, State.MISSING)


class Waiter:
    """`pending` are the objects that are not as awaited, and may get there."""

    def __init__(self, wanted: Mapping[ObjectId, Awaited], tell: Tell) -> None:
        self.wanted = wanted
        self.pending = set(wanted)
        self._tell = tell
        self._known: dict[ObjectId, Health] = {}
        self._stuck: set[ObjectId] = set()
        self._moved = asyncio.Event()
        self._over = False
        for one, awaited in wanted.items():
            if not awaited.gone and not judging.looks_at_status(one.group_kind, awaited.rules):
                self.learn(one, judging.READY)

    def learn(self, one: ObjectId, told: Health, *, hopeless: bool = False) -> None:
        """`hopeless`: nothing more will be heard of it. That a Job failed for good is the last word about it,
        whatever its TTL does then."""
        if self._is_over(one):
            return
        changed = self._known.get(one) != told
        if not changed and not hopeless:
            return
        self._known[one] = told
        self.pending.add(one)
        self._stuck.discard(one)
        if self.wanted[one].settles(told) or self._is_over(one):
            self.pending.discard(one)
        elif hopeless or told.state in _STUCK:
            self._stuck.add(one)
        self._moved.set()
        if changed:
            self._tell(one, told)

    def _is_over(self, one: ObjectId) -> bool:
        known, awaited = self._known.get(one), self.wanted[one]
        return known is not None and known.ended and bool(awaited.uid) and not awaited.gone

    def give_up(self) -> None:
        self._over = True
        self._moved.set()

    async def settled(self, patience: float) -> None:
        """Until nothing is pending, or all that is pending has been stuck for `patience` seconds, or it was
        given up."""
        while self.pending and not self._over:
            try:
                async with asyncio.timeout(patience if self.pending == self._stuck else None):
                    await self._moved.wait()
            except TimeoutError:
                return
            self._moved.clear()

    def answer(self) -> dict[ObjectId, Health]:
        return {one: self._known.get(one, _UNSEEN) for one in self.wanted}
