"""Columns of custom kinds: the first value that a simple JSON path finds, in the form of its column."""

import re
from datetime import datetime
from typing import Any

import orjson

from roadstead.sim.cells.parts import UNKNOWN, Value, age

STEP = re.compile(
    r"\.?([\w/-]+(?:\\.[\w/-]+)*)"  # .name, with dots in it behind backslashes
    r"|\[['\"](.+?)['\"]\]"  # ['name']
    r"|\[(-?\d+|\*)\]"  # [0], [*]
    r"|\[\?\(\s*@((?:\.[\w-]+)+)\s*(==|!=)\s*['\"]?(.*?)['\"]?\s*\)\]"  # [?(@.type=="Ready")]
)


def cell(column: Value, value: Value, now: datetime) -> Any:
    found = _find([value], column["path"])
    if not found or found[0] is None:
        return None
    first, sort = found[0], column["type"]
    if sort == "string":
        return first if isinstance(first, str) else orjson.dumps(first).decode()
    if sort == "date":
        return _age(first, now)
    if sort == "integer" and isinstance(first, float):
        return int(first)
    return first


def _age(written: Any, now: datetime) -> str:
    try:
        return age(written, now)
    except (TypeError, ValueError):
        return "<invalid>" if written else UNKNOWN


def _find(values: list[Any], path: str) -> list[Any]:
    at = 0
    while at < len(path):
        step = STEP.match(path, at)
        if step is None:
            return []
        at = step.end()
        values = [item for value in values for item in _step(value, step)]
    return values


def _step(value: Any, step: re.Match[str]) -> list[Any]:
    name = (step[1] or "").replace("\\.", ".") or step[2]
    if name:
        return [value[name]] if isinstance(value, dict) and name in value else []
    items = list(value.values()) if isinstance(value, dict) and step[3] == "*" else value
    if not isinstance(items, list):
        return []
    if step[3] == "*":
        return items
    if step[3]:
        return items[int(step[3]) :][:1]
    return [item for item in items if _passes(item, step)]


def _passes(item: Any, step: re.Match[str]) -> bool:
    found = item
    for part in step[4].strip(".").split("."):
        found = found.get(part) if isinstance(found, dict) else None
    said = found if isinstance(found, str) else orjson.dumps(found).decode()
    return found is not None and (said == step[6]) is (step[5] == "==")
