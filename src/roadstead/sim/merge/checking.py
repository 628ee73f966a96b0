"""Whether a value fits the merge rules at all: shapes, unknown fields, items of lists that cannot be told apart."""

from collections.abc import Iterator
from typing import Any

import orjson

from roadstead.sim.merge import pathing
from roadstead.sim.merge.types import ListType, MapType, Type

REPEATED = "duplicate entries for key"
GO = {str: "string", bool: "bool", list: "[]interface {}", dict: "map[string]interface {}"}


def check(kind: Type, value: Any, *, repeated: bool = False) -> None:
    """Raises MergeError with every problem, each with its place first. `repeated`: items may stand there twice."""
    if fits(kind, value):
        return
    problems = tuple(each for each in _value(kind, value, "") if not (repeated and REPEATED in each))
    if problems:
        raise pathing.MergeError(*problems)


def fits(kind: Type, value: Any) -> bool:
    """Whether there is certainly no problem: quicker than looking for what and where."""
    if value is None:
        return True
    if isinstance(value, dict):
        shape = kind.map
        if shape is None:
            return False
        known, other = shape.fields, shape.element
        for key, item in value.items():
            inner = known.get(key, other)
            if inner is None or (item is not None and not fits(inner, item)):
                return False
        return True
    if isinstance(value, list):
        return kind.list is not None and _items_fit(kind.list, value)
    return bool(kind.scalar) and _fits(kind.scalar, value)


def _items_fit(shape: ListType, value: list[Any]) -> bool:
    if not shape.atomic:
        try:
            if len(set(pathing.index(shape, value))) < len(value):
                return False
        except pathing.MergeError:
            return False
    return all(fits(shape.element, item) for item in value)


def _value(kind: Type, value: Any, place: str) -> Iterator[str]:
    if value is None:
        return
    shape = kind.shape(value)
    if isinstance(shape, MapType):
        if isinstance(value, dict):
            yield from _map(shape, value, place)
        else:
            yield f"{place}: expected map, got {found(value)}"
    elif isinstance(shape, ListType):
        if isinstance(value, list):
            yield from _list(shape, value, place)
        else:
            yield f"{place}: expected list, got {found(value)}"
    elif shape == "numeric" and not _fits(shape, value):
        yield f"{place}: expected numeric (int or float), got {GO.get(type(value), 'interface {}')}"
    elif not _fits(shape, value):
        yield f"{place}: expected {shape if shape != 'untyped' else 'any scalar'}, got {found(value)}"


def _fits(scalar: str, value: Any) -> bool:
    if scalar == "numeric":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if scalar == "string":
        return isinstance(value, str)
    if scalar == "boolean":
        return isinstance(value, bool)
    return not isinstance(value, dict | list)


def found(value: Any) -> str:
    """As the API server words it."""
    if isinstance(value, dict):
        return "&{map[" + " ".join(f"{key}:{plain(value[key])}" for key in sorted(value)) + "]}"
    return "&{" + plain(value) + "}"


def plain(value: Any) -> str:
    """As Go prints it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{plain(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(plain, value)) + "]"
    return "<nil>" if value is None else str(value)


def _map(shape: MapType, value: dict[str, Any], place: str) -> Iterator[str]:
    for key, item in value.items():
        kind = shape.of(key)
        if kind is None:
            yield f"{place}.{key}: field not declared in schema"
            return  # the server looks no further here
        if item is not None:
            yield from _value(kind, item, f"{place}.{key}")


def _list(shape: ListType, value: list[Any], place: str) -> Iterator[str]:
    seen: set[str] = set()
    for number, item in enumerate(value):
        name = f"[{number}]"
        if not shape.atomic:
            try:
                element = pathing.item(shape, item)
            except pathing.MergeError as cause:
                yield f"{place}: element {number}: {cause}"
                continue
            name = written(element)
            if element in seen:
                yield f"{place}: {REPEATED} {name}"
                continue
            seen.add(element)
        yield from _value(shape.element, item, place + name)


def written(element: str) -> str:
    """A path element as errors show it: `.name`, `[key="value"]`, `[="value"]`."""
    if element.startswith("f:"):
        return "." + element[2:]
    if element.startswith("v:"):
        return f"[={element[2:]}]"
    if element.startswith("i:"):
        return f"[{element[2:]}]"
    keys = orjson.loads(element[2:])
    return "[" + ",".join(f"{key}={orjson.dumps(value).decode()}" for key, value in keys.items()) + "]"
