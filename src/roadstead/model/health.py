"""How an object or bundle is doing, in words that say what it waits for."""

from enum import StrEnum

from msgspec import Struct


class State(StrEnum):
    READY = "ready"
    PROGRESSING = "progressing"
    FAILED = "failed"
    SUSPENDED = "suspended"
    TERMINATING = "terminating"
    MISSING = "missing"
    UNKNOWN = "unknown"


class Health(Struct, frozen=True):
    """`ended`: it failed for good, and its object may be removed by its TTL before anybody looks again."""

    state: State
    message: str = ""
    ended: bool = False


# The worst state of its objects is a bundle's state.
WORST_FIRST = (
    State.FAILED,
    State.MISSING,
    State.UNKNOWN,
    State.TERMINATING,
    State.PROGRESSING,
    State.SUSPENDED,
    State.READY,
)
