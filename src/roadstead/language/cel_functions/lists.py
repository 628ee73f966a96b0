"""isSorted, sum, min, max, indexOf, lastIndexOf. Unsigned integers come back signed."""

import itertools
from typing import Any

from roadstead.language.cel_functions.declaration import Function

_ITEMS = (
    "int",
    "uint",
    "double",
    "bool",
    "string",
    "bytes",
    "timestamp",
    "duration",
    "list<dyn>",
    "map<dyn,dyn>",
)


def _is_sorted(items: list[Any]) -> bool:
    return all(_ordered(left) <= _ordered(right) for left, right in itertools.pairwise(items))


def _sum(items: list[Any]) -> Any:
    for item in items:
        if isinstance(item, bool) or not isinstance(item, (int, float)):
            raise ValueError("sum wants numbers only")
    return sum(items)


def _min(items: list[Any]) -> Any:
    return min(_some(items), key=_ordered)


def _max(items: list[Any]) -> Any:
    return max(_some(items), key=_ordered)


def _some(items: list[Any]) -> list[Any]:
    if not items:
        raise ValueError("min and max want a list that is not empty")
    return items


def _ordered(item: Any) -> Any:
    if item is None or isinstance(item, (list, dict)):
        raise ValueError("min, max and isSorted want values that have an order")
    return item


def _index_of(items: list[Any], wanted: Any) -> int:
    return next((index for index, item in enumerate(items) if _same(item, wanted)), -1)


def _last_index_of(items: list[Any], wanted: Any) -> int:
    return next((index for index in reversed(range(len(items))) if _same(items[index], wanted)), -1)


def _same(left: Any, right: Any) -> bool:
    return left == right and isinstance(left, bool) is isinstance(right, bool)


FUNCTIONS = (
    Function("isSorted", ("list<dyn>",), "bool", _is_sorted),
    Function("sum", ("list<dyn>",), "dyn", _sum),
    Function("min", ("list<dyn>",), "dyn", _min),
    Function("max", ("list<dyn>",), "dyn", _max),
    *(Function("indexOf", ("list<dyn>", item), "int", _index_of) for item in _ITEMS),
    *(Function("lastIndexOf", ("list<dyn>", item), "int", _last_index_of) for item in _ITEMS),
)
