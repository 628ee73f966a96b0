"""Whether one cluster can be reached: its status in the store, and an event each time that changes."""

from datetime import datetime

from msgspec import Struct

from roadstead.engine import telling
from roadstead.engine.shared import Shared
from roadstead.model.errors import Problem
from roadstead.model.facts import Facts
from roadstead.model.fleet import Cluster
from roadstead.model.status import ClusterStatus, Reach


class Reaching(Struct):
    shared: Shared
    cluster: Cluster
    now: Reach = Reach.UNKNOWN
    problem: Problem | None = None
    is_hindered: bool = False  # and it was told
    _since: datetime | None = None
    _facts: Facts | None = None

    @property
    def is_lost(self) -> bool:
        return self.now is Reach.UNREACHABLE

    def found(self, facts: Facts | None) -> None:
        """It answers."""
        self._facts = facts or self._facts
        was_lost, self.problem = self.is_lost, None
        self._become(Reach.REACHABLE)
        if was_lost:
            self.shared.emit(telling.reachable(self.cluster.name, self.shared.world.now))

    def lost(self, problem: Problem) -> None:
        """It does not; told once for each reason."""
        told = self.is_lost and self.problem is not None and self.problem.reason is problem.reason
        self.problem = problem
        self._become(Reach.UNREACHABLE)
        if not told:
            self.shared.emit(telling.unreachable(self.cluster.name, problem, self.shared.world.now))

    def hindered(self, problem: Problem) -> None:
        """It answers, but Git's new state cannot be held against it."""
        self.is_hindered = True
        self.shared.emit(telling.hindered(self.cluster.name, problem, self.shared.world.now))

    def unhindered(self) -> None:
        """Git's state was held against it."""
        if self.is_hindered:
            self.is_hindered = False
            self.shared.emit(telling.unhindered(self.cluster.name, self.shared.world.now))

    def kind(self, what: str, problem: Problem | None) -> None:
        """Objects of a kind are not seen, or are again."""
        self.shared.emit(telling.unseen(self.cluster.name, what, problem, self.shared.world.now))

    def _become(self, reach: Reach) -> None:
        now = self.shared.world.now
        if reach is not self.now:
            self.now, self._since = reach, now
            self.shared.store.statuses.note_reach(self.cluster.name, is_lost=self.is_lost)
        self.shared.store.clusters.note(
            ClusterStatus(
                name=self.cluster.name,
                labels=self.cluster.labels,
                state=str(self.cluster.state),
                reach=reach,
                since=self._since,
                seen=now if reach is Reach.REACHABLE else None,
                reason=str(self.problem.reason) if self.problem else "",
                message=self.problem.cause if self.problem else "",
                version=self._facts.version if self._facts else "",
                facts=self._facts.digest if self._facts else "",
            )
        )
