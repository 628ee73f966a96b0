"""Workloads that keep Pods running: ready when the newest revision runs in full, and nothing else does."""

import re
from collections.abc import Iterator, Sequence

from roadstead.model.health import Health, State
from roadstead.objects.health import containers
from roadstead.objects.health.conditions import READY, Object, conditions, holds, spec, status, told

_REPLICA_SET = re.compile(r'replica ?set "[^"]*-([a-z0-9]+)"', re.IGNORECASE)


def deployment(obj: Object, replicas: Sequence[Object]) -> Health:
    found = conditions(obj)
    progressing = found.get("Progressing")
    if spec(obj).get("paused"):
        return Health(State.SUSPENDED, "its rollout is paused")
    trouble = containers.trouble(replicas, revision=_newest(progressing))
    if progressing and progressing.get("reason") == "ProgressDeadlineExceeded":
        return _worst(Health(State.FAILED, told(progressing)), trouble)
    return _told(_deployment_waits(obj), trouble)


def _newest(progressing: Object | None) -> str:
    """The revision whose ReplicaSet the condition names: times are of a second, and Pods of two revisions may
    be of the same."""
    named = _REPLICA_SET.search(str((progressing or {}).get("message") or ""))
    return named[1] if named else ""


def _deployment_waits(obj: Object) -> Iterator[str]:
    found, counts, wanted = conditions(obj), status(obj), _wanted(obj)
    if holds(found.get("ReplicaFailure")):
        yield told(found["ReplicaFailure"])
    yield from _behind(counts.get("updatedReplicas", 0), wanted, "updated")
    old = counts.get("replicas", 0) - counts.get("updatedReplicas", 0)
    if old > 0:
        yield f"{old} old {'replica' if old == 1 else 'replicas'} still there"
    yield from _behind(counts.get("replicas", 0), wanted, "created")
    yield from _behind(counts.get("availableReplicas", 0), wanted, "available")
    yield from _behind(counts.get("readyReplicas", 0), wanted, "ready")
    progressing, available = found.get("Progressing"), found.get("Available")
    if progressing and not (holds(progressing) and progressing.get("reason") == "NewReplicaSetAvailable"):
        yield told(progressing)
    if available and not holds(available):
        yield told(available)


def stateful_set(obj: Object, replicas: Sequence[Object]) -> Health:
    if _on_delete(obj):
        return READY
    return _told(
        _stateful_set_waits(obj), containers.trouble(replicas, revision=status(obj).get("updateRevision", ""))
    )


def _stateful_set_waits(obj: Object) -> Iterator[str]:
    counts, wanted = status(obj), _wanted(obj)
    yield from _behind(counts.get("replicas", 0), wanted, "created")
    yield from _behind(counts.get("readyReplicas", 0), wanted, "ready")
    surplus = counts.get("replicas", 0) - wanted
    if surplus > 0:
        yield f"{surplus} {'replica' if surplus == 1 else 'replicas'} too many"
    rolling = (spec(obj).get("updateStrategy") or {}).get("rollingUpdate") or {}
    if rolling.get("partition"):
        yield from _behind(counts.get("updatedReplicas", 0), wanted - rolling["partition"], "updated")
    else:
        yield from _behind(counts.get("currentReplicas", 0), wanted, "current")
        if counts.get("currentRevision") != counts.get("updateRevision"):
            yield f"{counts.get('updatedReplicas', 0)} of {wanted} replicas updated"


def daemon_set(obj: Object, replicas: Sequence[Object]) -> Health:
    return _told(_daemon_set_waits(obj), containers.trouble(replicas))


def _daemon_set_waits(obj: Object) -> Iterator[str]:
    counts = status(obj)
    if "observedGeneration" not in counts or "desiredNumberScheduled" not in counts:
        yield "waits for its controller"
        return
    wanted = counts["desiredNumberScheduled"]
    yield from _behind(counts.get("currentNumberScheduled", 0), wanted, "scheduled")
    if not _on_delete(obj):
        yield from _behind(counts.get("updatedNumberScheduled", 0), wanted, "updated")
    yield from _behind(counts.get("numberAvailable", 0), wanted, "available")
    yield from _behind(counts.get("numberReady", 0), wanted, "ready")


def replica_set(obj: Object, replicas: Sequence[Object]) -> Health:
    """Also ReplicationController."""
    return _told(_replica_set_waits(obj), containers.trouble(replicas))


def _replica_set_waits(obj: Object) -> Iterator[str]:
    failure, counts, wanted = conditions(obj).get("ReplicaFailure"), status(obj), _wanted(obj)
    if failure and holds(failure):
        yield told(failure) or "replicas cannot be created"
    yield from _behind(counts.get("fullyLabeledReplicas", 0), wanted, "labelled")
    yield from _behind(counts.get("availableReplicas", 0), wanted, "available")
    yield from _behind(counts.get("readyReplicas", 0), wanted, "ready")
    surplus = counts.get("replicas", 0) - wanted
    if surplus > 0:
        yield f"{surplus} {'replica' if surplus == 1 else 'replicas'} too many"


def _told(waits: Iterator[str], trouble: Health | None) -> Health:
    """What it waits for, and at once what its Pods say of it."""
    waiting = next(waits, None)
    if waiting is None:
        return READY
    return _worst(Health(State.PROGRESSING, waiting or "its controller is not done"), trouble)


def _worst(own: Health, trouble: Health | None) -> Health:
    if trouble is None:
        return own
    state = State.FAILED if State.FAILED in (own.state, trouble.state) else own.state
    return Health(state, f"{own.message}; {trouble.message}")


def _behind(count: int, wanted: int, what: str) -> Iterator[str]:
    if count < wanted:
        yield f"{count} of {wanted} replicas {what}"


def _wanted(obj: Object) -> int:
    wanted = spec(obj).get("replicas")
    return 1 if wanted is None else int(wanted)


def _on_delete(obj: Object) -> bool:
    return (spec(obj).get("updateStrategy") or {}).get("type") == "OnDelete"
