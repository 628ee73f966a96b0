"""What `kubectl apply --server-side` may take from `kubectl apply` without force.

kubectl keeps what it applied last in an annotation. Its own field manager does not conflict with what stands there
and nobody has changed since, and its annotation follows what it applies.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from roadstead.sim.kinds import Kind
from roadstead.sim.merge import comparing, contents, fields, pathing
from roadstead.sim.merge.fields import EMPTY, Fields

KUBECTL = "kubectl"
ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"

Value = dict[str, Any]


def disputed(kind: Kind, live: Value, conflicts: Mapping[str, Fields]) -> dict[str, Fields]:
    """What is left of the conflicts, by manager."""
    taken = _unchanged(kind, live)
    left = {name: fields.difference(held, taken) for name, held in conflicts.items()}
    return {name: held for name, held in left.items() if held}


def _unchanged(kind: Kind, live: Value) -> Fields:
    written = _last(live)
    if written is None:
        return EMPTY
    try:
        last = orjson.loads(written)
        found = comparing.compare(kind.shape.merge, last, live)
        whole = contents.fields(kind.shape.merge, last)
    except (orjson.JSONDecodeError, pathing.MergeError, AttributeError):
        return EMPTY
    changed = fields.union(fields.union(found.modified, found.added), found.removed)
    return fields.difference(whole, changed)


def followed(merged: Value, config: Value) -> Value:
    """The object with its annotation, where it has one, saying what was applied now."""
    if _last(merged) is None:
        return merged
    metadata = {key: item for key, item in config["metadata"].items() if key != "managedFields"}
    notes = {
        key: item for key, item in (metadata.pop("annotations", None) or {}).items() if key != ANNOTATION
    }
    said = {**config, "metadata": metadata | ({"annotations": notes} if notes else {})}
    text = orjson.dumps(said, option=orjson.OPT_SORT_KEYS).decode() + "\n"
    own = merged["metadata"]
    return {**merged, "metadata": {**own, "annotations": {**own["annotations"], ANNOTATION: text}}}


def _last(value: Value) -> str | None:
    found = (value.get("metadata") or {}).get("annotations") or {}
    return found.get(ANNOTATION)
