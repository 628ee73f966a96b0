"""All that one receiver is told, by whichever Alerts: works off the outbox, again after a restart."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from roadstead.engine import truth
from roadstead.engine.attempts import Attempts
from roadstead.engine.dispatching import Post
from roadstead.engine.shared import Shared
from roadstead.model.alert import Alert, Receiver, ReceiverKind
from roadstead.model.errors import RoadsteadError
from roadstead.stages.notify import deciding, limiting
from roadstead.stages.notify.deciding import Batch, Waiting
from roadstead.stages.notify.subjects import Subject

_CHECK = 30.0  # seconds after which what was told is held against what is
_AT_ONCE = 2_000  # events
ALERTMANAGER_REPEAT = 60.0  # seconds: it forgets what is not sent again


class Delivering:
    """`routes` are the Alerts by the names under which the outbox keeps what they tell this receiver."""

    def __init__(
        self, shared: Shared, post: Post, receiver: Receiver, goes_by_git: Callable[[str], bool]
    ) -> None:
        self.routes: Mapping[str, Alert] = {}
        self.attempts = Attempts(shared, post, receiver)
        self._shared, self._post, self._receiver = shared, post, receiver
        self._goes_by_git = goes_by_git
        self._standing: dict[str, dict[Subject, Waiting]] = {}
        self._bucket = limiting.Bucket()
        self._checked = float("-inf")

    async def look(self) -> float:
        """Send what is ready; for how many seconds there is nothing more to do, unless something happens.

        Raises TransientError while the database does not answer.
        """
        await self.attempts.give_up(self.routes)
        now, clock = self._shared.world.now, asyncio.get_running_loop().time()
        if pause := self.attempts.pause(now):
            return pause
        check = clock - self._checked >= _CHECK
        self._checked = clock if check else self._checked
        again = now + timedelta(seconds=_CHECK)
        for name, alert in self.routes.items():
            decision = await self._decide(name, alert, now, check=check)
            allowed = self._allowed(decision.batches, clock)
            for batch in allowed:
                if not await self._deliver(name, batch, now):
                    return self.attempts.pause(now)
            if allowed:  # what was told has to be told again some day
                again = now
            elif decision.batches:  # all is held back
                again = min(again, now + timedelta(seconds=self._bucket.seconds))
            again = min(again, decision.again or again)
        return max(0.1, (again - self._shared.world.now).total_seconds())

    async def _decide(self, name: str, alert: Alert, now: datetime, *, check: bool) -> deciding.Decision:
        store = self._shared.store
        if name not in self._standing:
            self._standing[name] = deciding.standing(await store.outbox.standing(name))
        standing = self._standing[name]
        if self._receiver.kind is ReceiverKind.ALERTMANAGER:
            alert = replace(alert, gather=0.0, repeat=ALERTMANAGER_REPEAT)  # it gathers by itself
        waiting = await store.outbox.waiting(name, limit=_AT_ONCE)
        ended: frozenset[Subject] = frozenset()
        if check and standing:
            ended = await truth.ended(store, standing, goes_by_git=self._goes_by_git)
        return deciding.decide(alert, waiting, standing, ended=ended, now=now)

    def _allowed(self, batches: tuple[Batch, ...], clock: float) -> tuple[Batch, ...]:
        if self._receiver.kind is ReceiverKind.ALERTMANAGER:
            return limiting.limited(batches, 1)  # all in one request
        found = limiting.limited(batches, self._bucket.left(clock))
        self._bucket.take(sum(1 for one in found if one.message))
        return found

    async def _deliver(self, name: str, batch: Batch, now: datetime) -> bool:
        """Sent, and settled; False where the receiver did not take it."""
        if batch.message:
            try:
                await self._post.send(self._receiver, batch.message, now=now)
            except RoadsteadError as error:
                told = (mine for mine, _ in batch.told.values())
                await self.attempts.failed(error, (*batch.done, *told))
                return False
            self.attempts.succeeded()
        stands = {one: (replace(mine, told=now), event) for one, (mine, event) in batch.told.items()}
        await self._shared.store.outbox.settle(batch.done, (mine for mine, _ in stands.values()), now)
        before = self._standing[name].items()
        self._standing[name] = {one: each for one, each in before if one not in batch.over} | stands
        return True
