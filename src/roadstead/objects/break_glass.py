"""The mark by which a person stops us in one cluster when neither Git nor the hub can be reached.

    kubectl annotate namespace roadstead-system roadstead.dev/break-glass="2h INC-4711 database on fire"

Pure. It begins with how long it is to hold, counted from when it was set, as the server noted that; no more
than `MOST`, so that nobody can forget it for good. What begins with no duration holds for `USUAL`: at night
nobody reads manuals. Acting on it is the engine's.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from roadstead.language import durations
from roadstead.objects import ownership

ANNOTATION = "roadstead.dev/break-glass"
MOST = timedelta(hours=12)
USUAL = timedelta(hours=1)


class BreakGlass(Struct, frozen=True):
    """`by` is the field manager that set it, as far as the server tells."""

    reason: str
    by: str
    since: datetime
    until: datetime


def read(namespace: Mapping[str, Any], *, seen: datetime) -> BreakGlass | None:
    """What the namespace's annotation asks for; `seen` counts as its begin where the server knows none."""
    text = (namespace["metadata"].get("annotations") or {}).get(ANNOTATION)
    if text is None:
        return None
    first, _, rest = text.strip().partition(" ")
    try:
        lasts, reason = timedelta(seconds=durations.parse(first)), rest.strip()
    except ValueError:
        lasts, reason = USUAL, text.strip()
    by, since = _setter(namespace, seen)
    return BreakGlass(reason or "no reason given", by, since, since + min(lasts, MOST))


def _setter(namespace: Mapping[str, Any], seen: datetime) -> tuple[str, datetime]:
    for entry in ownership.entries(namespace):
        fields = entry.get("fieldsV1", {}).get("f:metadata", {}).get("f:annotations", {})
        if f"f:{ANNOTATION}" in fields and entry.get("time"):
            return entry.get("manager", ""), min(seen, datetime.fromisoformat(entry["time"]))
    return "", seen
