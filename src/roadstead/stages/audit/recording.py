"""Records of what happens: an intent of a plan, its outcome, a decision, somebody's edit of a live object.

Pure. A record says what, never with which values: they stand in Git, under the commit that is named.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from roadstead.model.decision import Decision, DecisionKind
from roadstead.model.ids import Key
from roadstead.model.outcome import ObjectOutcome, Outcome, Result
from roadstead.model.plan import Change, Plan
from roadstead.model.record import Record, RecordKind, Touched

_UNTOUCHED = (Result.UNCHANGED, Result.KEPT, Result.SKIPPED)


def intent(plan: Plan, *, actor: str, now: datetime) -> Record:
    """What is about to be done; made durable before the first write."""
    return Record(
        RecordKind.INTENT,
        now,
        actor,
        cluster=plan.key.cluster,
        bundle=plan.key.bundle,
        commit=plan.revision,
        before=plan.parent.applied,
        after=plan.digest,
        objects=tuple(_meant(change) for change in plan.pending()),
    )


def outcome(plan: Plan, done: Outcome, *, actor: str, now: datetime) -> Record:
    """What became of it: each object that was written or refused. Objects that stayed as they were are not
    named, but for those that could not be done."""
    problem = next(iter(done.problems), None) or next(
        (one.problem for one in done.objects if one.problem), None
    )
    return Record(
        RecordKind.OUTCOME,
        now,
        actor,
        cluster=plan.key.cluster,
        bundle=plan.key.bundle,
        commit=plan.revision,
        before=plan.parent.applied,
        after=done.inventory.parent.applied if done.inventory else plan.parent.applied,
        objects=tuple(_done(one) for one in done.objects if one.problem or one.result not in _UNTOUCHED),
        result="failed" if done.failed else "waiting" if done.waits_for else "done",
        reason=str(problem.reason) if problem else "",
        message=problem.cause if problem else "",
    )


def settled(intent: Record, *, result: str, actor: str, now: datetime, message: str) -> Record:
    """The outcome of an intent whose process died: what the cluster's inventory tells of it afterwards."""
    return replace(
        intent, kind=RecordKind.OUTCOME, time=now, actor=actor, objects=(), result=result, message=message
    )


def decision(made: Decision, *, now: datetime) -> Record:
    """A decision as it was made, or, once `lifted`, its end."""
    actor, reason = (made.lifted_by, made.lifted_because) if made.lifted else (made.actor, made.reason)
    kind = str(made.kind)
    said = {"id": made.id, "kind": kind, "clusters": list(made.clusters), "bundles": list(made.bundles)}
    if made.kind is DecisionKind.HOLD:
        said["action"] = made.action
    if made.until:
        said["until"] = made.until.isoformat()
    return Record(
        RecordKind.DECISION,
        now,
        actor,
        cluster=made.clusters[0] if len(made.clusters) == 1 else "",
        bundle=made.bundles[0] if len(made.bundles) == 1 else "",
        after=made.digest,
        result="lifted" if made.lifted else "made",
        message=reason,
        data=said,
    )


def drift(
    key: Key, object: str, *, fields: Iterable[str], manager: str, time: datetime | None, now: datetime
) -> Record:
    """Somebody's edit behind our back, as far as managedFields tell: `manager` is a name that its client chose."""
    return Record(
        RecordKind.DRIFT,
        now,
        manager or "unknown",
        cluster=key.cluster,
        bundle=key.bundle,
        objects=(Touched(object, "edited", fields=tuple(fields)),),
        result="seen",
        data={"edited": time.isoformat()} if time else {},
    )


def _meant(change: Change) -> Touched:
    return Touched(
        str(change.id),
        str(change.action),
        after=change.manifest.digest if change.manifest else "",
        fields=tuple(field.path for field in change.fields),
        message=change.cause,
    )


def _done(one: ObjectOutcome) -> Touched:
    return Touched(
        str(one.id),
        str(one.result),
        reason=str(one.problem.reason) if one.problem else "",
        message=one.problem.cause if one.problem else "",
    )
