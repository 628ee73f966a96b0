"""Who is told of what happens: Alert documents brought to the outbox, and one task for each receiver.

An event goes into the outbox in the transaction in which it becomes durable, so none is forgotten and none is told
that did not happen. Receivers are told from there, each by its own task: one that hangs costs the others and the
reconciling nothing. While Git cannot be read, the last Alerts that could be go on to count.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from msgspec import Struct, field

from roadstead.engine import machine
from roadstead.engine.delivering import Delivering
from roadstead.engine.dispatching import Post
from roadstead.engine.revision_loop import Desired
from roadstead.engine.shared import Shared
from roadstead.engine.showing import Counting, Showing
from roadstead.model.alert import Alert, Receiver
from roadstead.model.errors import Problem, RoadsteadError, Severity
from roadstead.model.events import Event
from roadstead.stages.fleet import alerts as documents
from roadstead.stages.notify import matching
from roadstead.world import tasks
from roadstead.world.notify.secrets import Secrets

_TOGETHER = 0.1  # seconds, for what becomes durable at once
_GONE = 2.0  # seconds, while the database does not answer
_CLEANED_EVERY = 3600.0

_Worker = Delivering | Showing
_Start = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


def secrets(folder: Path | None) -> Secrets:
    """The secrets of this machine: in this folder, or in that of its configuration."""
    return Secrets(folder or machine.folder() / "secrets")


@asynccontextmanager
async def posting(secrets: Secrets, fleet: str) -> AsyncIterator[Post]:
    """What sends messages of this fleet."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield Post(session, secrets, fleet)


class _Queue(Struct):
    worker: _Worker
    task: asyncio.Task[None]
    wake: asyncio.Event


class Alerting(Struct):
    """`has_looked` tells of a cluster whether it holds what counts against what is there, with nothing left to do;
    `counts` what of Git counts now, None before anything does."""

    shared: Shared
    secrets: Secrets
    has_looked: Callable[[str], bool]
    counts: Callable[[], Desired | None]
    git_problem: Callable[[], Problem | None]
    alerts: dict[str, Alert] = field(default_factory=dict)
    _queues: dict[Receiver, _Queue] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _marked: set[str] = field(default_factory=set)  # routes that events went to

    @property
    def _own(self) -> str:
        """What routes begin with: of several processes with one database each tells what it wrote."""
        return f"{self.shared.store.writer.name} "

    def adopt(self, desired: Desired) -> None:
        """A new state of Git."""
        self.alerts = documents.alerts(desired.documents, desired.resolution.clusters, self.alerts)
        self.shared.store.writer.routes = self._routes
        self._news.set()

    def problems(self) -> list[Problem]:
        return [one.worker.attempts.problem for one in self._queues.values() if one.worker.attempts.problem]

    async def run(self) -> None:
        """Until cancelled."""
        await self._news.wait()
        desired = self.counts()
        async with posting(self.secrets, desired.fleet if desired else "") as post, tasks.group() as start:
            start(self._wake_all())
            while True:
                self._news.clear()
                self._renew(post, start)
                await self._forget_others()
                try:
                    async with asyncio.timeout(_CLEANED_EVERY):
                        await self._news.wait()
                except TimeoutError:
                    pass

    def _routes(self, event: Event) -> tuple[str, ...]:
        """Called while the event is being written."""
        found = tuple(self._own + one for one in matching.routes(self.alerts.values(), event))
        self._marked.update(found)
        return found

    def _renew(self, post: Post, start: _Start) -> None:
        """A queue for each receiver that there is, with the routes that lead to it."""
        wanted: dict[Receiver, dict[str, Alert]] = {}
        for alert in self.alerts.values():
            for name, receiver in alert.routes().items():
                wanted.setdefault(receiver, {})[self._own + name] = alert
        for receiver in self._queues.keys() - wanted.keys():
            self._queues.pop(receiver).task.cancel()
        for receiver, routes in wanted.items():
            queue = self._queues.get(receiver)
            if queue is None:
                worker, wake = self._worker(post, receiver), asyncio.Event()
                worker.routes = routes
                self._queues[receiver] = _Queue(worker, start(_work(worker, wake)), wake)
            else:
                queue.worker.routes = routes
                queue.wake.set()

    def _worker(self, post: Post, receiver: Receiver) -> _Worker:
        if receiver.follows_commits:
            return Showing(self.shared, post, receiver, self._counting, self._has_looked)
        return Delivering(self.shared, post, receiver, self._goes_by_git)

    async def _forget_others(self) -> None:
        """What was meant for receivers that no Alert names any more."""
        routes = {self._own + name for alert in self.alerts.values() for name in alert.routes()}
        with contextlib.suppress(RoadsteadError):  # the database; next time
            await self.shared.store.outbox.keep(routes, among=self._own)

    async def _wake_all(self) -> None:
        """Whoever has something new, once that is durable: it was marked while it was being written, maybe in the
        transaction after the one that is told of."""
        last, before = self.shared.store.writer.recent.last_event, set[str]()
        while True:
            last = await self._written(last)
            marked, self._marked = self._marked, set()
            for queue in self._queues.values():
                if not (marked | before).isdisjoint(queue.worker.routes):
                    queue.wake.set()
            before = marked

    async def _written(self, after: int) -> int:
        """The newest event's id, once one after this is durable."""
        writer = self.shared.store.writer
        async with writer.written:
            await writer.written.wait_for(lambda: writer.recent.last_event > after)
        return writer.recent.last_event

    def _counting(self) -> Counting:
        desired = self.counts()
        return Counting(desired.snapshot.fleet.commit if desired else "", self._error())

    def _goes_by_git(self, cluster: str) -> bool:
        """Whether a cluster goes by what of Git counts; "": whether that is the newest state, and all of it."""
        if cluster:
            return self.has_looked(cluster)
        return self.git_problem() is None and not self._error()

    def _error(self) -> str:
        """The first error in what counts."""
        desired = self.counts()
        found = desired.problems if desired else ()
        return next((str(one) for one in found if one.severity is Severity.ERROR), "")

    def _has_looked(self, alert: Alert) -> bool:
        desired = self.counts()
        names = desired.resolution.clusters.keys() if desired else ()
        return all(self.has_looked(one) for one in names if alert.everywhere or one in alert.clusters)


async def _work(worker: _Worker, wake: asyncio.Event) -> None:
    while True:
        wake.clear()
        try:
            pause = await worker.look()
        except RoadsteadError:  # the database: it comes back, and nothing is lost meanwhile
            pause = _GONE
        try:
            async with asyncio.timeout(pause):
                await wake.wait()
            await asyncio.sleep(_TOGETHER)
        except TimeoutError:
            pass
