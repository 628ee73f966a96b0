"""The record: every change on a cluster and every decision, in its permanent, redacted form.

A change is two records: the intent, durable before the first write, and the outcome that closes it.
Records of one writer form a chain (language/chain.py); how they are made and verified is stages/audit's.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct, field


class RecordKind(StrEnum):
    INTENT = "intent"
    OUTCOME = "outcome"
    DECISION = "decision"
    DRIFT = "drift"  # somebody's edit behind our back
    ACCESS = "access"  # a write through the API that changes no cluster: login, suspend, sync, …


class RecordId(NamedTuple):
    """A record's place in its writer's chain; sequence numbers count from 1 without gaps."""

    writer: str
    sequence: int

    def __str__(self) -> str:
        return f"{self.writer}/{self.sequence}"


class Touched(Struct, frozen=True):
    """One object of a record. `action` is what was meant (intent) or done (outcome); `before` and `after`
    are digests of the manifests, `fields` the paths that changed: never values."""

    object: str  # str(ObjectId)
    action: str
    before: str = ""
    after: str = ""
    fields: tuple[str, ...] = ()
    reason: str = ""
    message: str = ""


class Record(Struct, frozen=True):
    """`before` and `after` are the bundle's digests. `closes` names the intent that an outcome answers;
    `result` is "" for intents, else done, failed, abandoned, …  `data` is JSON."""

    kind: RecordKind
    time: datetime
    actor: str
    cluster: str = ""
    bundle: str = ""
    commit: str = ""
    before: str = ""
    after: str = ""
    objects: tuple[Touched, ...] = ()
    result: str = ""
    reason: str = ""
    message: str = ""
    closes: RecordId | None = None
    data: Mapping[str, object] = field(default_factory=dict)


class Linked(Struct, frozen=True):
    """A record as it stands in the chain. `body` is its canonical JSON, which holds its writer, sequence and
    `previous`, the hash before it; `hash` is sha256 over `previous` and `body`."""

    id: RecordId
    previous: str
    hash: str
    body: bytes
    record: Record


class Segment(Struct, frozen=True):
    """Records `first` to `last` of a writer, sealed: `head` is the hash of the last. `anchored` is the commit
    in refs/roadstead/decisions that says so too; `kept` is false once retention took the records away."""

    writer: str
    number: int
    first: int
    last: int
    head: str
    sealed: datetime
    anchored: str = ""
    kept: bool = True


class Anchor(Struct, frozen=True):
    """What refs/roadstead/decisions says of a segment: nobody who can only write the database can change it."""

    writer: str
    number: int
    last: int
    head: str


class Kept(Struct, frozen=True):
    """A record's row as it stands, nothing of it believed: the body, and beside it what searches go by."""

    writer: str
    sequence: int
    hash: str
    body: bytes
    time: datetime
    kind: str
    actor: str
    cluster: str
    bundle: str
    objects: frozenset[str]
