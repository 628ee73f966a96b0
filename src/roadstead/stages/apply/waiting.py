"""Short waits inside a step: until an object is gone, until a definition is served.

Longer ones end the step, which then names what it waits for. No slot is held while waiting.
"""

import asyncio
from collections.abc import Sequence

from roadstead.model import errors, reasons
from roadstead.model.assignment import HealthRule
from roadstead.model.errors import Problem, TransientError
from roadstead.model.health import Health, State
from roadstead.model.ids import ObjectId
from roadstead.objects import health, kinds
from roadstead.stages.apply.cluster import Object, Session

_FIRST, _LONGEST = 0.03, 1.0
# Finalizers that the server itself removes, sooner or later: what has no others is not stuck.
_SERVER_REMOVES = frozenset({"customresourcecleanup.apiextensions.k8s.io", "foregroundDeletion"})

_LEFT_IN_NAMESPACE = (
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
    "NamespaceDeletionContentFailure",
    "NamespaceDeletionDiscoveryFailure",
)


async def gone(session: Session, object_id: ObjectId, api_version: str, uid: str, *, patience: float) -> None:
    """Until there is no object of this uid. Raises StuckDeleting or Terminating when patience ends."""
    until = asyncio.get_running_loop().time() + patience
    pause = _FIRST
    metadata = object_id.group_kind != kinds.NAMESPACE  # whose status tells what is left in it
    seen: Object | None = None
    while True:
        try:
            found = await session.get(object_id, api_version, metadata=metadata)
        except TransientError:
            if seen and session.over:
                raise errors.error(_still_there(object_id, seen)) from None
            raise
        seen = found
        if found is None or found["metadata"]["uid"] != uid:
            return
        if session.over or session.stop.is_set() or asyncio.get_running_loop().time() >= until:
            raise errors.error(_still_there(object_id, found))
        await session.pause(pause)
        pause = min(1.6 * pause, _LONGEST)


def _still_there(object_id: ObjectId, found: Object) -> Problem:
    since = found["metadata"].get("deletionTimestamp", "a moment ago")
    finalizers = found["metadata"].get("finalizers") or ()
    cause = f"it is being deleted since {since}"
    if finalizers:
        cause += f" and waits for its finalizers {', '.join(finalizers)}"
    left = [one for one in found.get("status", {}).get("conditions", ()) if one["type"] in _LEFT_IN_NAMESPACE]
    if told := "; ".join(one.get("message", "") for one in left if one["status"] == "True"):
        cause += f": {told}"
    reason = reasons.TERMINATING if _SERVER_REMOVES.issuperset(finalizers) else reasons.STUCK_DELETING
    return Problem(reason, cause, hint=reason.remedy, object=object_id)


async def ready(
    session: Session,
    object_id: ObjectId,
    api_version: str,
    *,
    rules: Sequence[HealthRule],
    patience: float = 0.0,
    known: Object | None = None,
) -> Health:
    """How it does, where others wait for it: a Job is ready when it is done. `known` is looked at first."""
    until = asyncio.get_running_loop().time() + patience
    pause = _FIRST
    found = known
    while True:
        found = found or await session.get(object_id, api_version)
        if found is None:
            return Health(State.MISSING, "it does not exist")
        state = health.assess(found, rules=rules, finished=True)
        fresh = found is not known
        settled = state.state in (State.READY, State.FAILED)
        if settled or (fresh and (session.over or asyncio.get_running_loop().time() >= until)):
            return state
        if fresh:
            await session.pause(pause)
            pause = min(1.6 * pause, _LONGEST)
        found = None
