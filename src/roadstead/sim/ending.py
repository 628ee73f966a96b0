"""Deletes of objects: at once, when their finalizers are done, or when a pod's time is over."""

from datetime import timedelta
from typing import Any

import orjson

from roadstead.sim import custom, storing, writing
from roadstead.sim.admission import checking
from roadstead.sim.kinds import Kind
from roadstead.sim.store import Stored
from roadstead.sim.writes import Write

Value = dict[str, Any]
EVENTS = ("", "events")


def delete(
    write: Write, stored: Stored, live: Value, *, propagation: str, grace: int | None
) -> tuple[bytes, bool]:
    """The object as it is now, and whether it is gone. Raises ApiError when somebody refuses it."""
    asked = write
    if write.inside is not write:
        write, live = write.inside, orjson.loads(stored.data)
    checking.released(asked, live)
    kind = write.kind
    metadata = dict(live["metadata"])
    finalizers = _awaited(kind, metadata, propagation)
    if kind.storage == writing.PODS:
        grace = _grace(live, grace)
        if not grace and not finalizers:
            marked = _marked(write, _held(live, finalizers), grace)
            if metadata.get("deletionGracePeriodSeconds") != 0:
                storing.put(write, write.name, marked)  # watches see that it ends before it does
            return storing.gone(write, marked), True
    elif kind.storage != ("", "namespaces") and not finalizers:
        return storing.gone(write, live), True
    if kind.storage == ("", "namespaces") and not finalizers and writing.final(kind, live):
        return storing.gone(write, _held(live, finalizers)), True
    if kind.storage == ("", "namespaces") and metadata.get("deletionTimestamp"):
        return stored.data, False
    if metadata.get("deletionTimestamp"):
        if kind.storage == writing.PODS and (grace or 0) < metadata.get("deletionGracePeriodSeconds", 0):
            return storing.put(write, write.name, _marked(write, live, grace)), False
        if finalizers == (metadata.get("finalizers") or []):
            return stored.data, False
        return storing.put(write, write.name, _held(live, finalizers)), False
    value = _marked(write, _held(live, finalizers), grace)
    if kind.storage == ("", "namespaces"):
        value["status"] = {**value.get("status", {}), "phase": "Terminating"}
    return storing.put(write, write.name, value), False


def _awaited(kind: Kind, metadata: Value, propagation: str) -> list[str]:
    """The finalizers of an object that is to be deleted in this way."""
    found = list(metadata.get("finalizers") or ())
    if kind.storage == EVENTS:  # whose dependents nobody waits for
        return [each for each in found if each not in ("orphan", "foregroundDeletion")]
    for policy, finalizer in (("Orphan", "orphan"), ("Foreground", "foregroundDeletion")):
        if propagation == policy and finalizer not in found:
            found.append(finalizer)
        elif propagation and propagation != policy and finalizer in found:
            found.remove(finalizer)
    if kind.storage == custom.STORAGE and custom.FINALIZER not in found:
        found.append(custom.FINALIZER)  # its objects go first
    return found


def _held(live: Value, finalizers: list[str]) -> Value:
    metadata = {key: item for key, item in live["metadata"].items() if key != "finalizers"}
    return {**live, "metadata": {**metadata, "finalizers": finalizers} if finalizers else metadata}


def _marked(write: Write, live: Value, grace: int | None) -> Value:
    """The object as one that is being deleted."""
    due = write.cluster.time() + timedelta(seconds=(grace or 0) if write.kind.storage == writing.PODS else 0)
    metadata = {**live["metadata"], "deletionTimestamp": due.strftime("%Y-%m-%dT%H:%M:%SZ")}
    if write.kind.storage != ("", "namespaces"):
        metadata["deletionGracePeriodSeconds"] = (grace or 0) if write.kind.storage == writing.PODS else 0
    if metadata.get("generation"):
        metadata["generation"] += 1
    return {**live, "metadata": metadata}


def _grace(live: Value, asked: int | None) -> int:
    """How long a pod is given to end: one that nobody runs, none."""
    if not live["spec"].get("nodeName") or (live.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    return int(live["spec"].get("terminationGracePeriodSeconds", 30)) if asked is None else asked
