"""How many objects one apply may delete, as the Bundle's `deletion.limit` says.

Pure. A share counts the inventory before the deletes and rounds down, but one delete is always allowed:
a limit of 20% must not forbid removing one of three objects. Only deletes and recreates that lose data
count; an object that is handed over or kept does not.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from roadstead.model import reasons
from roadstead.model.assignment import Assignment
from roadstead.model.errors import Problem
from roadstead.model.inventory import Inventory
from roadstead.model.plan import Action, Change


def exceeded(
    assignment: Assignment | None, inventory: Inventory, changes: Sequence[Change]
) -> Problem | None:
    """The problem to report when the deletes go beyond the limit, else None."""
    if assignment is None or not assignment.deletion.limit:
        return None
    limit = assignment.deletion.limit
    deletes = sum(change.action is Action.DELETE for change in changes)
    allowed = _allowed(limit, len(inventory.entries))
    if deletes <= allowed:
        return None
    return Problem(
        reasons.PRUNE_LIMITED,
        f"{deletes} of {len(inventory.entries)} objects would be deleted, deletion.limit {limit} allows {allowed}",
        bundle=assignment.bundle,
        cluster=assignment.cluster,
        action="prune",
        hint=reasons.PRUNE_LIMITED.remedy,
    )


def _allowed(limit: str, owned: int) -> int:
    if limit.endswith("%"):
        return max(1, int(owned * float(limit[:-1]) / 100))
    return int(limit)


def held_back(change: Change) -> Change:
    """The change as it stands while the limit is exceeded: deletes wait, the rest goes on."""
    if change.action is not Action.DELETE:
        return change
    return replace(change, action=Action.KEEP, cause=f"{change.cause}; held back by deletion.limit")
