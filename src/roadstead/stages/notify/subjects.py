"""What events are about: which of them tell of something that lasts, and which that it is over."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from roadstead.model.events import Event


class Subject(NamedTuple):
    """The one thing that is wrong; told once while it lasts."""

    kind: str
    cluster: str
    bundle: str
    object: str


_Scope = Callable[[Event], tuple[str, str, str]]


def _object(event: Event) -> tuple[str, str, str]:
    return event.cluster, event.bundle, event.object


def _bundle(event: Event) -> tuple[str, str, str]:
    return event.cluster, event.bundle, ""


_LASTING: Mapping[str, _Scope] = {
    "drift": _object,
    "contest": _object,
    "unhealthy": _bundle,
    "apply-failed": _bundle,
    "frozen": _bundle,
    "cluster-unreachable": _bundle,
    "not-seen": _object,
}
_OVER: Mapping[str, tuple[str, ...]] = {
    "drift-resolved": ("drift", "contest"),
    "healthy": ("unhealthy",),
    "apply-resolved": ("apply-failed",),
    "cluster-reachable": ("cluster-unreachable",),
    "seen-again": ("not-seen",),
    "git-followed": ("frozen",),
}


def subject(event: Event) -> Subject | None:
    """What begins with an event; None for what merely happens. What freezes a whole cluster has no end that anybody
    tells."""
    scope = _LASTING.get(event.kind)
    if scope is None or (event.kind == "frozen" and event.cluster and not event.bundle):
        return None
    return Subject(event.kind, *scope(event))


def ended(event: Event) -> tuple[Subject, ...]:
    """What an event says the end of."""
    return tuple(Subject(kind, *_LASTING[kind](event)) for kind in _OVER.get(event.kind, ()))
