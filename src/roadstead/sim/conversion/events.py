"""Events of events.k8s.io/v1, which are kept as Events of v1: the same fields under other names.

The newer group is stricter with what is written through it (`causes`).
"""

from collections.abc import Iterator
from typing import Any

from roadstead.sim.schema.requiring import Cause, invalid, required

Value = dict[str, Any]
NAMES = {
    "regarding": "involvedObject",
    "note": "message",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
_BACK = {new: old for old, new in NAMES.items()}
FIXED = (
    *("involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "type"),
    *("eventTime", "action", "related", "reportingComponent", "reportingInstance"),
)


def kept(value: Value) -> Value:
    return {NAMES.get(key, key): item for key, item in value.items()}


def shown(value: Value) -> Value:
    return {_BACK.get(key, key): item for key, item in value.items()}


def causes(value: Value, old: Value | None) -> Iterator[Cause]:
    """What the newer group refuses beyond what all Events must be, of the kept form."""
    if old is None or old.get("series") != value.get("series"):
        yield from _series(value.get("series"))
    if old is not None:
        for key in FIXED:
            if (value.get(key) or None) != (old.get(key) or None):
                yield invalid(key, value.get(key), "field is immutable")
        return
    if not value.get("eventTime"):
        yield required("eventTime")
    if value.get("type") not in ("Normal", "Warning"):
        yield invalid("type", "", f"has invalid value: {value.get('type', '')}")
    for key in ("firstTimestamp", "lastTimestamp", "count", "source"):
        if value.get(key):
            yield invalid(key, "", "needs to be unset")


def _series(series: Value | None) -> Iterator[Cause]:
    if series is None:
        return
    if series.get("count", 0) < 2:
        yield invalid("series.count", "", "should be at least 2")
    if not series.get("lastObservedTime"):
        yield required("series.lastObservedTime")
