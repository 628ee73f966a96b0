"""Events of events.k8s.io/v1, which are kept as Events of v1: the same fields under other names."""

from typing import Any

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


def kept(value: Value) -> Value:
    return {NAMES.get(key, key): item for key, item in value.items()}


def shown(value: Value) -> Value:
    return {_BACK.get(key, key): item for key, item in value.items()}
