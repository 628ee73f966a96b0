"""What an apply is refused with: what does not fit the merge rules, and fields that others own. In the server's words."""

from collections.abc import Mapping
from typing import Any

from roadstead.sim import status
from roadstead.sim.kinds import Kind
from roadstead.sim.merge import checking, fields, managing, pathing
from roadstead.sim.merge.managing import Owned


def mergeable(kind: Kind, config: dict[str, Any]) -> status.ApiError | None:
    """The refusal of an apply that does not fit the merge rules, if it does not."""
    try:
        checking.check(kind.shape.merge, config)
    except pathing.MergeError as error:
        return no_typed(kind, config, error)
    return None


def no_typed(kind: Kind, config: dict[str, Any], error: pathing.MergeError) -> status.ApiError:
    metadata = config.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    name = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
    what = f"{name}; {kind.group}/{kind.version}, Kind={kind.kind}"
    return status.internal(f"failed to create typed patch object ({what}): {listed(error)}")


def listed(error: pathing.MergeError) -> str:
    """What does not fit."""
    if len(error.problems) == 1:
        return error.problems[0]
    return "errors:\n" + "".join(f"  {problem}\n" for problem in error.problems)


def conflict(
    conflict: managing.Conflict, owners: Mapping[str, Owned], times: Mapping[str, str]
) -> status.ApiError:
    causes = []
    for name, held in conflict.fields.items():
        manager, operation, _, subresource = name.split("\n")
        who = f'"{manager}"' + (f' with subresource "{subresource}"' if subresource else "")
        if operation == "Update":
            who += f" using {owners[name].version}" + (f" at {times[name]}" if name in times else "")
        for path in fields.paths(held):
            text = "".join(checking.written(element) for element in path)
            causes.append((f"conflict with {who}", text))
    causes.sort(key=lambda cause: cause[0])
    if len(causes) == 1:
        listed = f"1 conflict: {causes[0][0]}: {causes[0][1]}"
    else:
        grouped: dict[str, list[str]] = {}
        for who, text in causes:
            grouped.setdefault(who.replace("conflict with", "conflicts with", 1), []).append(text)
        listed = f"{len(causes)} conflicts: " + "\n".join(
            f"{who}:\n" + "\n".join(f"- {text}" for text in texts)
            if len(texts) > 1
            else f"{who.replace('conflicts', 'conflict', 1)}: {texts[0]}"
            for who, texts in grouped.items()
        )
    told = [{"reason": "FieldManagerConflict", "message": who, "field": text} for who, text in causes]
    return status.ApiError(409, "Conflict", f"Apply failed with {listed}", {"causes": told})
