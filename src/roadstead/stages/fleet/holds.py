"""Holds at a moment: which are in force, and where.

A Hold whose document has an error cannot be trusted to say less than it should: what it names is frozen.
"""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from roadstead.model import reasons
from roadstead.model.assignment import Freeze
from roadstead.stages.fleet import documents, naming
from roadstead.stages.fleet.clusters import Clusters
from roadstead.stages.fleet.collection import Documents, Entry, Fault
from roadstead.stages.fleet.documents.hold import Do


class Active(Struct, frozen=True):
    entry: Entry[documents.Hold]
    clusters: frozenset[str]
    freezes: bool  # by what it says, or because it has an error

    @property
    def end(self) -> datetime:
        return end(self.entry)

    @property
    def freeze(self) -> Freeze:
        spec = self.entry.model.spec
        return Freeze(hold=self.entry.name, owner=spec.owner, reason=spec.reason, until=spec.until)


def end(hold: Entry[documents.Hold]) -> datetime:
    return datetime.fromisoformat(hold.model.spec.until)


def active(
    loaded: Documents, clusters: Clusters, *, now: datetime, faulty: frozenset[str]
) -> tuple[Active, ...]:
    """The Holds in force; of two that freeze, the one that ends last comes last. `faulty`: those with errors."""
    return tuple(
        Active(
            hold, clusters.select(hold.model.spec.clusters), hold.model.spec.do is Do.FREEZE or name in faulty
        )
        for name, hold in sorted(loaded.holds.items(), key=lambda item: (end(item[1]), item[0]))
        if end(hold) > now
    )


def check(loaded: Documents, now: datetime) -> Iterator[Fault]:
    for hold in loaded.holds.values():
        if end(hold) <= now:
            cause = f"it ended on {hold.model.spec.until}"
            yield hold.warning(reasons.HOLD_ENDED, cause, "spec", "until")


def frozen_by(loaded: Documents, found: tuple[Active, ...], bundle: str, cluster: str) -> Active | None:
    """The Hold that keeps this pair as it is, though its Bundle may be gone."""
    for hold in reversed(found):
        if hold.freezes and cluster in hold.clusters and naming.holds(loaded, hold.entry, bundle):
            return hold
    return None
