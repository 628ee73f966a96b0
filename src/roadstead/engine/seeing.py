"""Whether one cluster that is under watch is seen, and what follows when that changes.

Asked is stages/observe/sight; here its reach is told, and the connection ended where another one is needed: for
other credentials, another cluster behind the same address, or another version of it.
"""

import asyncio
from collections.abc import Callable
from functools import partial

from msgspec import Struct

from roadstead.engine.queue import Queue
from roadstead.engine.reach import Reaching
from roadstead.model import reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.facts import Facts
from roadstead.stages.observe import sight
from roadstead.stages.observe.sight import Sight
from roadstead.stages.observe.stream import Selection
from roadstead.world import tasks
from roadstead.world.kube.client import Client

LATE = 10.0  # seconds after which a step makes one doubt that the cluster answers at all
_LOOK_EVERY = 30.0  # seconds between questions whether a silent cluster is there
_TRUST = 90.0  # seconds that a sign of life lasts: of several watches each sends a bookmark a minute
_VERSION_EVERY = 1800.0  # seconds after which a cluster is asked for its version, whatever its watches tell
_PASSING = (reasons.UNREACHABLE, reasons.THROTTLED, reasons.SERVER_ERROR)


class Seeing(Struct):
    """`wake` is called when something became due, `reconnect` when another connection is needed, with why if that is
    the cluster's fault. `facts` are those that the connection goes by."""

    reach: Reaching
    queue: Queue
    wake: Callable[[], None]
    reconnect: Callable[[Problem | None], None]
    facts: Facts | None
    _sight: Sight | None = None
    _other_version: str = ""  # than that of the facts, answered last

    def begin(self, client: Client, start: tasks.Start) -> Sight:
        """For a connection, until `end`."""
        told = partial(self._sighted, client, start)
        longest = _VERSION_EVERY * (0.5 + self.reach.shared.dice() / 2)  # not all clusters at once
        self._sight = Sight(
            client, told, every=_LOOK_EVERY, trust=_TRUST, longest=longest, version=self.versioned
        )
        return self._sight

    def end(self) -> None:
        self._sight = None

    def blind(self, selection: Selection, problem: Problem | None) -> None:
        """A stream is not heard, or is again."""
        if self._sight:
            self._sight.blind(selection, problem)
            if problem and problem.reason in sight.OF_ALL:
                self._sight.doubt()

    def doubt(self) -> None:
        if self._sight:
            self._sight.doubt()

    def _sighted(self, client: Client, start: tasks.Start, what: str, problem: Problem | None) -> None:
        """The whole cluster, or a kind of it, is not seen, or is again."""
        if what != sight.ALL:
            self.reach.kind(what, problem)
        elif problem is None:
            start(self._back(client))
        else:
            self.reach.lost(problem)
            if problem.reason not in _PASSING:
                self.reconnect(problem)

    def versioned(self, version: str) -> None:
        """After an upgrade other kinds are served, and labels computed from facts are others: connect anew. What only
        one of two answers says, as while servers are upgraded one by one, is waited for."""
        assert self.facts is not None
        before, self._other_version = self._other_version, "" if version == self.facts.version else version
        if self._other_version and before == version:
            self.reconnect(None)
        elif self._other_version:
            asyncio.get_running_loop().call_later(LATE, self.doubt)

    async def _back(self, client: Client) -> None:
        """The cluster answers again, unless another one does in its place."""
        assert self.facts is not None
        try:
            identity = await client.identity()
        except RoadsteadError:
            return
        if identity != self.facts.identity:
            cause = (
                f"kube-system has uid {identity}, it had {self.facts.identity} before the connection broke"
            )
            self.reconnect(Problem(reasons.IDENTITY_CHANGED, cause, cluster=self.reach.cluster.name))
            return
        self.reach.found(self.facts)
        self.queue.resume()
        self.wake()
