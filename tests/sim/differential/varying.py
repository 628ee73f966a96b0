"""Random changes of objects: labels, fields that go, come, or hold something near or something odd."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

ODD = (None, "", 0, -1, True, "x", [], {}, ["a"], {"a": "b"}, 3.5, "1Gi", "UPPER", "a b", 70000)
IDENTITY = ("apiVersion", "kind")


def vary(value: dict[str, Any], source: random.Random) -> None:
    """Changes the value in place."""
    roll = source.random()
    if roll < 0.4:
        _label(value, source)
        return
    found = [place for place in places(value) if place and "managedFields" not in place]
    if not found:
        return
    place = source.choice(found)
    above = at(value, place[:-1])
    if roll < 0.55:
        if isinstance(above, dict):
            del above[place[-1]]
        else:
            above.pop(place[-1])
    elif roll < 0.7:
        above[place[-1]] = _near(above[place[-1]], source)
    elif roll < 0.8:
        above[place[-1]] = source.choice(ODD)
    elif roll < 0.87 and isinstance(above, dict):
        above["unheardOf"] = source.choice(("x", 1, {"a": 1}))
    elif isinstance(above, list):
        above.append(copy.deepcopy(above[place[-1]]))
    elif isinstance(above[place[-1]], list) and above[place[-1]]:
        above[place[-1]].reverse()


def _label(value: dict[str, Any], source: random.Random) -> None:
    metadata = value.setdefault("metadata", {})
    if not isinstance(metadata, dict):
        return
    field = source.choice(("labels", "labels", "annotations", "finalizers"))
    if field == "finalizers":
        if source.random() < 0.3:
            metadata[field] = [source.choice(("example.org/a", "example.org/b"))]
        return
    found = metadata.setdefault(field, {})
    if isinstance(found, dict):
        found[source.choice(("app", "x", "example.org/y"))] = source.choice(("a", "b", "", "not valid!"))


def _near(value: Any, source: random.Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + source.choice((1, 2, -1))
    if isinstance(value, str):
        return source.choice((value + "x", "other", "b"))
    return copy.deepcopy(value)


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Of every value within, but for what says of which kind it is."""
    yield above
    if isinstance(value, dict):
        for key in sorted(value):
            if above or key not in IDENTITY:
                yield from places(value[key], (*above, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from places(item, (*above, number))


def at(value: Any, place: tuple[Any, ...]) -> Any:
    for part in place:
        value = value[part]
    return value
