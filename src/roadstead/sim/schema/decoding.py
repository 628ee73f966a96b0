"""What of a value the server could not read: wrong types (always refused) and unknown fields (refused, warned of
or dropped, as the request wants)."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from roadstead.sim.schema import amounts
from roadstead.sim.schema.shapes import Shape

GO = {"integer": "int64", "number": "float64", "boolean": "bool", "string": "string", "bytes": "[]uint8"}


TIME = re.compile(
    r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)


def known(shape: Shape, value: Any) -> bool:
    """Whether `unknown` certainly has nothing to say: quicker than looking for what and where."""
    if value is None or shape.kind == "any":
        return shape.apart is None
    if isinstance(value, dict):
        if shape.kind == "struct":
            fields = shape.fields
            for key, item in value.items():
                inner = fields.get(key)
                if inner is None or not known(inner, item):
                    return False
            return True
        element = shape.element
        return shape.kind == "map" and element is not None and all(known(element, x) for x in value.values())
    if isinstance(value, list):
        element = shape.element
        return shape.kind == "list" and element is not None and all(known(element, item) for item in value)
    return (shape.plain or shape.kind == "quantity") and _fits(shape, value)


class Never:
    """No value is one."""


class WrongTypeError(Exception):
    """The value cannot be decoded; the text is the server's."""


def unknown(shape: Shape, value: Any, at: str = "", holder: str = "") -> Iterator[str]:
    """Paths of fields that the schema does not know. `holder`: the innermost type around. Raises WrongTypeError."""
    kind = shape.kind
    if value is None or kind == "any":
        if shape.apart is not None and isinstance(value, dict):
            list(unknown(shape.apart, value, at, holder))  # none of which is told
        return
    if shape.structural and not isinstance(
        value, {"struct": dict, "map": dict, "list": list}.get(kind, Never)
    ):
        if isinstance(value, dict):
            yield from (f"{at}.{key}" for key in value)
        return  # of a wrong type, which validation says
    if kind == "struct":
        if not isinstance(value, dict):
            raise _wrong(value, shape, at, holder)
        fields = shape.fields
        holder = shape.name.rpartition(".")[2] or holder
        for key, item in value.items():
            inner = fields.get(key)
            place = f"{at}.{key}" if at else key
            if inner is not None:
                yield from unknown(inner, item, place, holder)
            elif not shape.preserves:
                yield place
    elif kind in ("map", "list"):
        yield from _contained(shape, value, at, holder)
    elif not _fits(shape, value):
        raise _wrong(value, shape, at, holder)


def _contained(shape: Shape, value: Any, at: str, holder: str) -> Iterator[str]:
    element = shape.element
    if not isinstance(value, dict if shape.kind == "map" else list):
        raise _wrong(value, shape, at, holder)
    if element is None:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            yield from unknown(element, item, f"{at}.{key}", holder)
    else:
        for number, item in enumerate(value):
            yield from unknown(element, item, f"{at}[{number}]", holder)


def _fits(shape: Shape, value: Any) -> bool:
    kind = shape.kind
    if kind == "integer":
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        limit = 2**31 if shape.format == "int32" else 2**63
        return whole and not isinstance(value, bool) and -limit <= value < limit
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "quantity":
        return amounts.valid(value)
    if kind == "intstr":
        return isinstance(value, str | int) and not isinstance(value, bool)
    if kind == "time":
        return isinstance(value, str) and bool(TIME.fullmatch(value))
    if kind == "bytes":
        return _base64(value) if isinstance(value, str) else _numbers(value)
    return isinstance(value, str)


def _numbers(value: Any) -> bool:
    """Bytes may come as a list of them, too."""
    return isinstance(value, list) and all(
        item is None or (isinstance(item, int) and not isinstance(item, bool) and 0 <= item < 256)
        for item in value
    )


def _base64(value: str) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _wrong(value: Any, shape: Shape, at: str, holder: str) -> WrongTypeError:
    found = {dict: "object", list: "array", str: "string", bool: "bool"}.get(type(value), "number")
    place = re.sub(r"\[\d+\]", "", f"{holder}.{at}" if holder else at)
    return WrongTypeError(f"json: cannot unmarshal {found} into Go struct field {place} of type {_go(shape)}")


def _go(shape: Shape) -> str:
    if shape.kind in ("list", "map"):
        element = _go(shape.element) if shape.element is not None else "interface {}"
        return f"[]{element}" if shape.kind == "list" else f"map[string]{element}"
    if shape.kind == "integer" and shape.format:
        return shape.format
    return GO.get(shape.kind) or ".".join(shape.name.split(".")[-2:])


def without(value: Any, shape: Shape) -> Any:
    """The value without fields that the schema does not know."""
    if isinstance(value, dict) and shape.kind == "struct":
        out = {}
        for key, item in value.items():
            inner = shape.fields.get(key)
            if inner is not None:
                out[key] = without(item, inner)
            elif shape.preserves:
                out[key] = item
        return out
    if isinstance(value, dict) and shape.kind == "map" and shape.element is not None:
        return {key: without(item, shape.element) for key, item in value.items()}
    if isinstance(value, list) and shape.kind == "list" and shape.element is not None:
        return [without(item, shape.element) for item in value]
    return value
