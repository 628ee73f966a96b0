"""Read, set and remove what stands at a place in an object, named as managedFields names places.

Pure: gives new objects. Places are paths of fieldsets elements; a list item is found by its keys, wherever
it stands in the list.
"""

from collections.abc import Mapping
from typing import Any

from roadstead.objects import fieldsets
from roadstead.objects.fieldsets import ABSENT, Element, Path


def get(value: Any, path: Path) -> Any:
    """fieldsets.ABSENT when there is nothing."""
    for part in path:
        value = fieldsets.step(value, part)
    return value


def put(value: Any, path: Path, new: Any) -> Any:
    """Where what is above the place is missing, nothing changes."""
    if not path:
        return new
    part, *rest = path
    inside = fieldsets.step(value, part)
    if inside is ABSENT and (rest or not isinstance(part, str) or not isinstance(value, Mapping)):
        return value
    return _with(value, part, put(inside, tuple(rest), new))


def drop(value: Any, path: Path) -> Any:
    return value if get(value, path) is ABSENT else put(value, path, ABSENT)


def _with(value: Any, part: Element, new: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {key: below for key, below in value.items() if key != part}
        return kept if new is ABSENT else kept | {part: new}
    old = fieldsets.step(value, part)
    return [new if item is old else item for item in value if item is not old or new is not ABSENT]
