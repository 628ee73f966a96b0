"""What a person decided between two commits: recorded in Git, carried by the clusters, mirrored in the store.

The document form of a hold (kind Hold) stands in the fleet repository; a `Decision` is for what cannot
wait for a commit, and always has an actor, a reason and, for holds, an end.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field


class DecisionKind(StrEnum):
    HOLD = "hold"
    APPROVE = "approve"
    PAUSE = "pause"
    SKIP = "skip"
    RETRY = "retry"
    ROLLBACK = "rollback"


class Decision(Struct, frozen=True):
    """Immutable but for its end: lifting it sets `lifted`, `lifted_by` and `lifted_because`, and nothing takes
    that back. Empty `bundles` or `clusters` mean all of them; `action` is what a hold does (freeze, leaveDrift);
    `digest` is what an approval binds to."""

    id: str  # <kind>-<time>-<random>, safe as a file's name
    kind: DecisionKind
    actor: str
    reason: str
    made: datetime
    until: datetime | None = None
    clusters: tuple[str, ...] = ()
    bundles: tuple[str, ...] = ()
    action: str = ""
    digest: str = ""
    data: Mapping[str, object] = field(default_factory=dict)
    lifted: datetime | None = None
    lifted_by: str = ""
    lifted_because: str = ""

    def stands(self, now: datetime) -> bool:
        return self.lifted is None and (self.until is None or now < self.until)

    def concerns(self, bundle: str, cluster: str) -> bool:
        return (not self.bundles or bundle in self.bundles) and (
            not self.clusters or cluster in self.clusters
        )


class Origin(StrEnum):
    """Where what holds stands."""

    COMMAND = "command"
    GIT = "git"  # a Hold document
    CLUSTER = "cluster"  # break-glass
    INVENTORY = "inventory"


class Held(Struct, frozen=True):
    """What holds, whoever said so, in the form of a decision. `place` is the file and line of a document, or the
    cluster; `made` is None where nobody knows it."""

    decision: Decision
    origin: Origin = Origin.COMMAND
    place: str = ""

    @property
    def made(self) -> datetime | None:
        return self.decision.made if self.origin in (Origin.COMMAND, Origin.CLUSTER) else None
