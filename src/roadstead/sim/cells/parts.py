"""What cells are made of."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

Value = dict[str, Any]
Cell = Callable[[Value, datetime], Any]

NONE, UNSET, UNKNOWN = "<none>", "<unset>", "<unknown>"
SHOWN = 3  # of a list, before "+ 2 more..."


def get(value: Any, *path: str, default: Any = None) -> Any:
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return default if value is None else value


def field(*path: str, default: Any = NONE) -> Cell:
    return lambda value, now: get(value, *path, default=default)


def text(*path: str, default: str = NONE) -> Cell:
    """An empty one counts as none."""
    return lambda value, now: get(value, *path) or default


def count(*path: str) -> Cell:
    return lambda value, now: len(get(value, *path, default=()))


def flag(*path: str) -> Cell:
    """A boolean in words."""

    def cell(value: Value, now: datetime) -> str:
        found = get(value, *path)
        return UNSET if found is None else str(bool(found))

    return cell


def since(*path: str, default: str = UNKNOWN) -> Cell:
    return lambda value, now: age(get(value, *path), now) if get(value, *path) else default


def labels(found: Value) -> str:
    return ",".join(f"{key}={found[key]}" for key in sorted(found)) or NONE


def selector(*path: str) -> Cell:
    """A label selector, or a plain map of labels, as `kubectl get -l` takes it."""

    def cell(value: Value, now: datetime) -> str:
        found = get(value, *path, default={})
        if not {"matchLabels", "matchExpressions"} & found.keys():
            return labels(found)
        terms = [f"{key}={item}" for key, item in (found.get("matchLabels") or {}).items()]
        terms += [_expression(each) for each in found.get("matchExpressions") or ()]
        return ",".join(sorted(terms)) or NONE

    return cell


def _expression(each: Value) -> str:
    word = {"In": "in", "NotIn": "notin"}.get(each["operator"])
    if word:
        return f"{each['key']} {word} ({','.join(sorted(each['values']))})"
    return str(each["key"]) if each["operator"] == "Exists" else f"!{each['key']}"


def listed(found: Iterable[str], *, shown: int = SHOWN, empty: str = UNSET) -> str:
    every = list(found)
    more = f" + {len(every) - shown} more..." if len(every) > shown else ""
    return ",".join(every[:shown]) + more or empty


def condition(value: Value, sort: str) -> Value:
    """The condition of a type, empty when there is none."""
    found = get(value, "status", "conditions", default=())
    return next((each for each in found if each.get("type") == sort), {})


def holds(value: Value, sort: str) -> bool:
    return bool(condition(value, sort).get("status") == "True")


def moment(written: str) -> datetime:
    return datetime.fromisoformat(written).astimezone(UTC)


def age(written: str | None, now: datetime) -> str:
    return between(moment(written), now) if written else UNKNOWN


def between(then: datetime, now: datetime) -> str:
    """As kubectl shows it: 5s, 3m12s, 4h, 2d."""
    seconds = max(0, int((now - then).total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    years, left = days // 365, days % 365
    return f"{years}y{left}d" if left and years < 8 else f"{years}y"
