"""What is known of clusters and of bundles on them, as of when it was last seen: what the store keeps.

Facts, not intent: losing them loses nothing that the clusters do not tell again.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from roadstead.model.ids import Key


class Reach(StrEnum):
    UNKNOWN = "unknown"  # not asked yet, or not since the process began
    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"


class Standing(StrEnum):
    """The one word for a bundle on a cluster: the first of these that is true of it, for the worst stand first."""

    BLOCKED = "blocked"  # cannot be resolved, rendered or applied as it is
    FAILED = "failed"  # applied, and failed to become ready
    UNREACHABLE = "unreachable"
    DRIFTED = "drifted"
    FROZEN = "frozen"
    WAITING = "waiting"  # for a dependency
    PROGRESSING = "progressing"
    PENDING = "pending"  # not applied yet
    UNKNOWN = "unknown"
    READY = "ready"


class ClusterStatus(Struct, frozen=True):
    """`since` is when `reach` became what it is, `seen` when the cluster last answered."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    state: str = "active"  # a ClusterState
    reach: Reach = Reach.UNKNOWN
    since: datetime | None = None
    seen: datetime | None = None
    reason: str = ""  # name of a Reason
    message: str = ""
    version: str = ""
    facts: str = ""  # digest


class Status(Struct, frozen=True):
    """The four digests: rendered from Git, meant for this cluster now, written to it, and last seen ready.

    `since` is when `standing` became what it is, `seen` when the cluster last told.
    """

    key: Key
    standing: Standing = Standing.UNKNOWN
    since: datetime | None = None
    seen: datetime | None = None
    staged: str = ""
    released: str = ""
    applied: str = ""
    ready: str = ""
    commit: str = ""  # applied last
    reason: str = ""  # name of a Reason
    message: str = ""
    objects: int = 0
    unready: int = 0
    drifted: int = 0
    added: int = 0


class Trouble(StrEnum):
    UNREADY = "unready"
    DRIFTED = "drifted"
    ADDED = "added"
    CONTESTED = "contested"


class Deviation(Struct, frozen=True):
    """An object, or one field of it, that is not as it should be. `before` is what was applied, `after` what
    is there, both as JSON text and redacted; `manager` and `time` say who, as far as managedFields tell."""

    key: Key
    object: str  # str(ObjectId)
    trouble: Trouble
    since: datetime
    field: str = ""
    manager: str = ""
    time: datetime | None = None
    before: str = ""
    after: str = ""
    message: str = ""


class Commit(Struct, frozen=True):
    """A commit that the process has seen. `source` is empty for the fleet repository. `verified` is None
    where no signature is asked for; `result` tells what became of it ("" while it is under way)."""

    source: str
    commit: str
    ref: str
    seen: datetime
    author: str = ""
    subject: str = ""
    verified: bool | None = None
    result: str = ""
    message: str = ""
