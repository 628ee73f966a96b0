"""Something that happened and somebody may want to hear of: what alerts, the page and `events` tell.

An event is a hint for people; the permanent form of what was changed or decided is the record (record.py).
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field


class Level(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Event(Struct, frozen=True):
    """`kind` is a word of the alert documents (drift, run-halted, cluster-unreachable, …). `id` is given by
    the store: it grows in the order in which events became durable. `data` is JSON, secrets redacted."""

    time: datetime
    kind: str
    message: str
    level: Level = Level.INFO
    cluster: str = ""
    bundle: str = ""
    object: str = ""  # str(ObjectId)
    actor: str = ""
    commit: str = ""
    reason: str = ""  # name of a Reason
    data: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0


class Delivery(Struct, frozen=True):
    """One event on its way to one receiver. `due` is when it may be tried (again). `told` is when the receiver was
    told of it last, where it tells of something that still stands; None: it waits."""

    event: int
    receiver: str
    due: datetime
    tries: int = 0
    error: str = ""
    told: datetime | None = None
