"""How far a rollout goes in one step: pure counting, no objects are written here."""

import math
from typing import Any

Value = dict[str, Any]


def limits(deployment: Value) -> tuple[int, int]:
    """How many pods there may be too many, and too few."""
    wanted = deployment["spec"].get("replicas", 1)
    strategy = deployment["spec"].get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return 0, wanted
    rolling = strategy.get("rollingUpdate") or {}
    surge = share(rolling.get("maxSurge", 0), wanted, up=True)
    missing = share(rolling.get("maxUnavailable", 0), wanted, up=False)
    if not surge and not missing:
        missing = 1
    return surge, min(missing, wanted)


def share(written: int | str, whole: int, *, up: bool) -> int:
    """A number, or a percentage of the whole."""
    if isinstance(written, int):
        return written
    exact = int(written.rstrip("%")) * whole
    return math.ceil(exact / 100) if up else exact // 100


def size(one: Value) -> int:
    found: int = one["spec"].get("replicas", 0)
    return found


def counted(one: Value | None, name: str) -> int:
    found: int = ((one or {}).get("status") or {}).get(name, 0)
    return found


def new_size(deployment: Value, new: Value, old: list[Value]) -> int:
    wanted, surge = deployment["spec"].get("replicas", 1), limits(deployment)[0]
    if size(new) >= wanted:
        return int(wanted)
    room = wanted + surge - sum(map(size, [new, *old]))
    return size(new) + min(max(int(room), 0), int(wanted) - size(new))


def old_sizes(deployment: Value, new: Value, old: list[Value]) -> list[int]:
    """What the old sets shrink to: first what is not available anyway, then as far as enough stay available."""
    sizes = [size(each) for each in old]
    if not any(sizes):
        return sizes
    fewest = deployment["spec"].get("replicas", 1) - limits(deployment)[1]
    coming = size(new) - counted(new, "availableReplicas")
    most = size(new) + sum(sizes) - fewest - coming
    if most <= 0:
        return sizes
    for number, each in enumerate(old):
        useless = min(sizes[number] - counted(each, "availableReplicas"), most)
        if useless > 0:
            sizes[number] -= useless
            most -= useless
    spare = sum(counted(each, "availableReplicas") for each in [new, *old]) - fewest
    for number, left in enumerate(sizes):
        down = min(left, max(spare, 0))
        sizes[number] -= down
        spare -= down
    return sizes


def proportional(deployment: Value, active: list[Value], before: list[int]) -> list[int]:
    """Sizes of several sets that share a change of the whole number, each by its part. `before`: how many there
    might be at most when each was last sized."""
    wanted = deployment["spec"].get("replicas", 1)
    most = wanted + limits(deployment)[0] if wanted else 0
    sizes = [size(each) for each in active]
    missing = most - sum(sizes)
    if not missing:
        return sizes
    newest_first = sorted(
        range(len(active)),
        key=lambda number: active[number]["metadata"]["creationTimestamp"],
        reverse=missing > 0,
    )
    order = sorted(newest_first, key=lambda number: -sizes[number])
    added = 0
    for number in order:
        part = _part(sizes[number], wanted, most=most, before=before[number])
        part = min(part, missing - added) if missing > 0 else max(part, missing - added)
        sizes[number] += part
        added += part
    sizes[order[0]] = max(sizes[order[0]] + missing - added, 0)
    return sizes


def _part(size: int, wanted: int, *, most: int, before: int) -> int:
    if not wanted:
        return -size
    return math.floor(size * most / before + 0.5) - size if before else 0
