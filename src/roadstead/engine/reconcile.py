"""Keep a fleet as Git says for as long as the process lives: follow Git, and one keeper for each cluster.

The loop of a process that serves. It starts and ends keepers as clusters come and go in Git; a cluster whose
document vanished is left as it is. Whatever happens to one keeper happens to it alone.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from roadstead.engine import alerting, clusters, collecting
from roadstead.engine.alerting import Alerting
from roadstead.engine.following import Following
from roadstead.engine.forgetting import Forgetting
from roadstead.engine.housekeeping import Housekeeping
from roadstead.engine.keeper import Keeper
from roadstead.engine.losses import Losses
from roadstead.engine.revision_loop import Desired
from roadstead.engine.shared import Shared
from roadstead.model.errors import RoadsteadError
from roadstead.model.events import Event, Level
from roadstead.model.facts import Facts
from roadstead.model.fleet import AccessKind
from roadstead.world import tasks
from roadstead.world.store import Keep

_GRACE = 3.5  # seconds that steps under way have to end when the process is told to
_KEEP = Keep()
_ACCESS_EVERY = 10.0  # seconds after which the kubeconfig is looked at
_DECISIONS_EVERY = 30.0  # seconds after which decisions are read again, should nobody have told

_Start = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class Reconciling:
    """`async with tasks.group() as start: start(reconciling.run())`; it ends after `shared.stop`."""

    def __init__(
        self, shared: Shared, *, interval: float, keep: Keep = _KEEP, secrets: Path | None = None
    ) -> None:
        self.shared = shared
        self.housekeeping = Housekeeping(shared, keep, self.decided)
        self.following = Following(shared, self._adopt, interval)
        self.alerting = Alerting(
            shared,
            alerting.secrets(secrets),
            self.has_looked,
            lambda: self.following.desired,
            lambda: self.following.problem,
        )
        self.keepers: dict[str, Keeper] = {}
        self.forgetting = Forgetting(shared, self.keepers, lambda: self.following.desired)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._start: _Start | None = None

    async def run(self) -> None:
        stop = self.shared.stop
        await self.housekeeping.mirror()  # before anything moves
        await self.decided()
        await self.shared.memory.begin(self.shared.store)
        async with tasks.group() as start:
            self._start = start
            others = [
                start(self.following.run()),
                start(self.shared.rendering.run()),
                start(self._read_decisions()),
                start(self.housekeeping.run()),
                start(self.alerting.run()),
                start(collecting.seldom()),
                start(self.forgetting.run()),
                start(self._renew_access()),
            ]
            await stop.wait()
            for one in others:
                one.cancel()
            for keeper in self.keepers.values():
                keeper.end()
            if self._tasks:
                await asyncio.wait(self._tasks.values(), timeout=_GRACE)
            for one in self._tasks.values():
                one.cancel()

    def poke(self) -> None:
        """Git has something new, somebody says."""
        self.following.poke()

    async def decided(self) -> None:
        """Decisions changed: they count from now on."""
        shared = self.shared
        found = await shared.store.decisions.all()
        if found != shared.decisions:
            shared.decisions = found
            for keeper in self.keepers.values():
                keeper.decided()

    def _adopt(self, desired: Desired) -> None:
        """A new state of Git, brought to each cluster."""
        self.alerting.adopt(desired)
        found = desired.resolution.clusters
        for name in self.keepers.keys() - found.keys():
            self._leave(name)
        losses = Losses(self.shared.world, desired, found)
        recorded: dict[str, Facts] = {}
        if found.keys() - self.keepers.keys():
            recorded = dict(clusters.recorded(self.shared.world, desired.fleet))
        for name, cluster in sorted(found.items()):
            keeper = self.keepers.get(name)
            if keeper and (keeper.cluster.access, keeper.cluster.identity) != (
                cluster.access,
                cluster.identity,
            ):
                self._end(name)
                keeper = None
            if cluster.access.kind is AccessKind.AGENT:
                losses.missed(name)  # its own agent keeps it
                continue
            if keeper is None:
                keeper = self.keepers[name] = Keeper(
                    self.shared,
                    cluster,
                    recorded=recorded.get(name),
                    relabelled=self.following.resolve_again,
                )
                assert self._start is not None
                self._tasks[name] = self._start(keeper.run())
            keeper.go_by(desired, losses)

    def has_looked(self, name: str) -> bool:
        keeper, desired = self.keepers.get(name), self.following.desired
        return keeper is None or (desired is not None and keeper.has_looked(desired))

    def _leave(self, name: str) -> None:
        """Its document is gone: nothing is deleted for that."""
        self._end(name)
        message = "its document is no longer in Git; what it holds stays as it is"
        self.shared.emit(Event(self.shared.world.now, "frozen", message, Level.WARNING, name))

    def _end(self, name: str) -> None:
        self.keepers.pop(name, None)
        self._tasks.pop(name).cancel()

    async def _renew_access(self) -> None:
        """Credentials that somebody renewed count soon, also where the old ones still do."""
        while True:
            await asyncio.sleep(_ACCESS_EVERY)
            if self.shared.world.has_other_access():
                for keeper in self.keepers.values():
                    keeper.renew_access()

    async def _read_decisions(self) -> None:
        while True:
            await asyncio.sleep(_DECISIONS_EVERY)
            with contextlib.suppress(RoadsteadError):  # those that stood go on to stand
                await self.decided()
