"""Pods: how they do, and what they tell at once of the workload that waits for them.

A workload's own status may say "progressing" for ten minutes while its Pods wait for an image that does
not exist; their waiting reasons say so within seconds.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from roadstead.model.health import Health, State
from roadstead.objects.health.conditions import READY, Object, conditions, holds, spec, status, told

_SCHEDULING = timedelta(seconds=15)
_CRASHING = "CrashLoopBackOff"
# By these labels a controller tells the Pods of one revision from those of another.
_REVISIONS = ("controller-revision-hash", "pod-template-hash")


def pod(obj: Object, *, finished: bool, now: datetime | None) -> Health:
    phase = status(obj).get("phase")
    if phase == "Succeeded":
        return READY
    if phase == "Failed":
        return _ended_badly(obj) if finished else Health(State.READY, "ended, not successfully")
    stuck = next(_stuck(obj), "")
    if stuck:
        return Health(State.FAILED, stuck)
    unscheduled = _unscheduled(obj)
    if unscheduled:
        return Health(State.PROGRESSING if _is_young(obj, now) else State.FAILED, unscheduled)
    if finished and spec(obj).get("restartPolicy") in ("Never", "OnFailure"):
        return Health(State.PROGRESSING, "runs to its end")
    ready = conditions(obj).get("Ready")
    if phase == "Running" and holds(ready):
        return READY
    return Health(State.PROGRESSING, (told(ready) if ready else "") or "waits for a node and its containers")


def trouble(pods: Iterable[Object], *, revision: str = "", retried: bool = False) -> Health | None:
    """What keeps the newest Pods of a workload from starting; None when nothing is known to.

    `revision` names the Pods that count, else those made last do. A crash is none where it is `retried`
    a limited number of times.
    """
    waiting = ""
    for one in _newest(pods, revision):
        name = one["metadata"]["name"]
        for reason in _stuck(one, crashes=not retried):
            return Health(State.FAILED, f"Pod {name}: {reason}")
        unscheduled = _unscheduled(one)
        if unscheduled and not waiting:
            waiting = f"Pod {name}: {unscheduled}"
    return Health(State.PROGRESSING, waiting) if waiting else None


def _newest(pods: Iterable[Object], revision: str) -> list[Object]:
    """Pods of an older revision are on their way out, whatever they say. Which of several is older that have
    Pods of the same second nobody can tell: all of them count."""
    alive = [one for one in pods if "deletionTimestamp" not in one["metadata"]]
    last = max((_created(one) for one in alive), default="")
    newest = {revision} if revision else {_revision(one) for one in alive if _created(one) == last}
    return [one for one in alive if _revision(one) in ("", *newest)]


def _created(one: Object) -> str:
    return str(one["metadata"].get("creationTimestamp"))


def _revision(one: Object) -> str:
    labels: Mapping[str, str] = one["metadata"].get("labels") or {}
    return next((labels[name] for name in _REVISIONS if name in labels), "")


def _stuck(obj: Object, *, crashes: bool = True) -> Iterator[str]:
    """Containers that will not start by themselves."""
    for container in (*_containers(obj, "initContainerStatuses"), *_containers(obj, "containerStatuses")):
        state = container.get("state") or {}
        waiting = state.get("waiting") or {}
        reason = str(waiting.get("reason") or "")
        if _is_failure(reason) and (crashes or reason != _CRASHING):
            yield f"container {container.get('name')} waits: {told(waiting)}"
        ended = state.get("terminated") or {}
        if crashes and ended.get("exitCode") and spec(obj).get("restartPolicy", "Always") == "Always":
            yield f"container {container.get('name')} ended: {told(ended)} (exit code {ended['exitCode']})"


def _containers(obj: Object, field: str) -> list[Mapping[str, Any]]:
    return status(obj).get(field) or []


def _is_failure(reason: str) -> bool:
    """ErrImagePull, ImagePullBackOff, InvalidImageName, CreateContainerConfigError, …"""
    return reason.startswith(("Err", "Invalid")) or reason.endswith(("Error", "BackOff"))


def _unscheduled(obj: Object) -> str:
    scheduled = conditions(obj).get("PodScheduled")
    if scheduled is None or holds(scheduled) or scheduled.get("reason") != "Unschedulable":
        return ""
    return f"no node takes it: {scheduled.get('message') or 'unschedulable'}"


def _is_young(obj: Object, now: datetime | None) -> bool:
    """A scheduler tries for a while before it means what it says."""
    created = (obj.get("metadata") or {}).get("creationTimestamp")
    if not created or now is None:
        return False
    return now - datetime.fromisoformat(created) < _SCHEDULING


def _ended_badly(obj: Object) -> Health:
    for container in _containers(obj, "containerStatuses"):
        ended = (container.get("state") or {}).get("terminated") or {}
        if ended.get("exitCode"):
            name = container.get("name")
            return Health(State.FAILED, f"container {name} ended with exit code {ended['exitCode']}")
    return Health(State.FAILED, status(obj).get("message") or status(obj).get("reason") or "ended badly")
