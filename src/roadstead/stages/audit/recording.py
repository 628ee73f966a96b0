"""A decision as a record: who, what, where, until when and why.

Pure. What is written down of changes is engine/recording.py's, who knows plans and outcomes.
"""

from datetime import datetime

from roadstead.model.decision import Decision, DecisionKind
from roadstead.model.outcome import Result
from roadstead.model.record import Record, RecordKind

_UNTOUCHED = (Result.UNCHANGED, Result.KEPT, Result.SKIPPED)


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
