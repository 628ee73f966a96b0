"""Which Alerts an event concerns."""

from collections.abc import Iterable

from roadstead.model.alert import Alert
from roadstead.model.events import Event
from roadstead.stages.notify import subjects

_OF_COMMITS = frozenset(
    {"commit", "applied", "apply-failed", "apply-resolved", "unhealthy", "healthy", "frozen"}
)


def routes(alerts: Iterable[Alert], event: Event) -> tuple[str, ...]:
    """The names of the routes on which it is told. Receivers that show how a commit stands hear of all that may
    change that."""
    found = []
    for alert in alerts:
        if not _concerns(alert, event):
            continue
        is_asked = _is_asked(alert, event)
        for name, receiver in alert.routes().items():
            if event.kind in _OF_COMMITS if receiver.follows_commits else is_asked:
                found.append(name)
    return tuple(found)


def _is_asked(alert: Alert, event: Event) -> bool:
    if over := subjects.ended(event):
        return any(one.kind in alert.on for one in over)
    return event.kind in alert.on and event.level in alert.levels


def _concerns(alert: Alert, event: Event) -> bool:
    """An event of the whole fleet concerns every cluster, one of a whole cluster every bundle."""
    of_cluster = not event.cluster or alert.everywhere or event.cluster in alert.clusters
    return of_cluster and (not event.bundle or alert.has_bundle(event.bundle))
