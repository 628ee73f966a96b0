"""How the commit that counts stands, shown at a forge: one status for an Alert and commit, or one comment, kept current.

What happened only says that it is time to look. Looks go on until the commit has succeeded or failed everywhere, also
after a restart, for the events that began them stay in the outbox until then.
"""

import time
from collections.abc import Callable, Mapping

from msgspec import Struct

from roadstead.engine.attempts import Attempts
from roadstead.engine.dispatching import Post
from roadstead.engine.shared import Shared
from roadstead.model.alert import Alert, Receiver
from roadstead.model.errors import RoadsteadError
from roadstead.model.events import Event
from roadstead.model.status import Status
from roadstead.stages.notify import progress
from roadstead.stages.notify.progress import Progress, State
from roadstead.world.store.statuses import Where

_AGAIN = 1.0  # seconds between looks while a commit is on its way
_SHARE = 20  # of the time goes into them at most
_IDLE = 30.0
_AT_ONCE = 500
_PAGE = 2_000


class Counting(Struct, frozen=True):
    """The commit that counts, which may be none, and the first error that is in it."""

    commit: str
    broken: str = ""


class Showing:
    """`counting` tells what counts now, `looked` whether the clusters of an Alert have held it against what is there
    and have nothing left to do."""

    def __init__(
        self,
        shared: Shared,
        post: Post,
        receiver: Receiver,
        counting: Callable[[], Counting],
        looked: Callable[[Alert], bool],
    ) -> None:
        self.routes: Mapping[str, Alert] = {}
        self.attempts = Attempts(shared, post, receiver)
        self._shared, self._post, self._receiver = shared, post, receiver
        self._counting, self._looked = counting, looked
        self._shown: dict[tuple[str, str], tuple[State, str]] = {}

    async def look(self) -> float:
        """Show what is new; for how many seconds there is nothing more to do, unless something happens.

        Raises TransientError while the database does not answer.
        """
        await self.attempts.give_up(self.routes)
        if pause := self.attempts.pause(self._shared.world.now):
            return pause
        outbox, begun, again = self._shared.store.outbox, time.perf_counter(), _IDLE
        for name, alert in self.routes.items():
            waiting = await outbox.waiting(name, limit=_AT_ONCE)
            if not waiting:
                continue
            deliveries = [one for one, _ in waiting]
            found = await self._progress(alert, [event for _, event in waiting])
            try:
                for one in found:
                    await self._show(name, alert, one)
            except RoadsteadError as error:
                await self.attempts.failed(error, deliveries)
                return self.attempts.pause(self._shared.world.now)
            if any(one.state is State.PENDING for one in found):
                again = max(_AGAIN, _SHARE * (time.perf_counter() - begun))
            else:
                await outbox.settle(deliveries, (), self._shared.world.now)
                again = min(again, _AGAIN)  # there may be more than were read
        return again

    async def _show(self, name: str, alert: Alert, found: Progress) -> None:
        """Not again what is there already; that more of it is ready than before is nothing to tell."""
        said = "" if found.state is State.PENDING else found.said
        if self._shown.get((name, found.commit)) != (found.state, said):
            await self._post.show(self._receiver, alert.name, found)
            self._shown[name, found.commit] = (found.state, said)
            self.attempts.succeeded()

    async def _progress(self, alert: Alert, events: list[Event]) -> list[Progress]:
        """Of the commit that counts, and of those that do not."""
        counts = self._counting()
        refused = {
            one.commit: one.message
            for one in events
            if one.kind == "frozen" and not (one.cluster or one.bundle) and one.commit != counts.commit
        }
        found = [
            progress.judge(commit, [], looked=True, frozen=why) for commit, why in refused.items() if commit
        ]
        if counts.commit:
            looked = self._looked(alert)
            await self._shared.store.writer.write(
                lambda batch: None
            )  # what they found is durable, and read next
            statuses = progress.concerned(alert, await self._statuses(alert))
            found.append(progress.judge(counts.commit, statuses, looked=looked, frozen=counts.broken))
        return found

    async def _statuses(self, alert: Alert) -> list[Status]:
        where = Where() if alert.everywhere else Where(clusters=alert.clusters)
        found: list[Status] = []
        after: str | None = None
        while True:
            page = await self._shared.store.statuses.page(where, after=after, limit=_PAGE)
            found += page.items
            after = page.after
            if after is None:
                return found
