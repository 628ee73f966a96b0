"""Naming the items of lists: how a value in a set or a map in a keyed list is told apart from the others.

Raises MergeError for items that cannot be named. Numbers that are equal have equal names (2 and 2.0).
"""

from typing import Any

import orjson

from roadstead.sim.merge.types import ListType


class MergeError(Exception):
    """A value that the schema's merge rules cannot handle; `problems` say where and why."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def item(kind: ListType, value: Any) -> str:
    """The path element of one item of a list that is not atomic."""
    return _keyed(kind, value) if kind.keys else _in_set(value)


def index(kind: ListType, values: list[Any]) -> list[str]:
    return [item(kind, value) for value in values]


def _in_set(value: Any) -> str:
    if value is None:
        raise MergeError("associative list without keys has an element that's an explicit null")
    if isinstance(value, dict):
        raise MergeError("associative list without keys has an element that's a map type")
    if isinstance(value, list):
        raise MergeError("not supported: associative list with lists as elements")
    return "v:" + text(value)


def _keyed(kind: ListType, value: Any) -> str:
    if value is None:
        raise MergeError("associative list with keys may not have a null element")
    if not isinstance(value, dict):
        raise MergeError("associative list with keys may not have non-map elements")
    keys = {}
    for name in sorted(kind.keys):
        if name in value or name in kind.defaults:
            key = value[name] if name in value else kind.defaults[name]
            keys[name] = int(key) if isinstance(key, float) and key.is_integer() else key
    if not keys:
        names = ", ".join(f'"{name}"' for name in kind.keys)
        raise MergeError(
            f"associative list with keys has an element that omits all key fields [{names}] "
            "(and doesn't have default values for any key fields)"
        )
    return "k:" + orjson.dumps(keys).decode()
