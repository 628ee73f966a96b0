"""What the server refuses for its schema's sake: required fields and enumerations."""

from collections.abc import Iterator, Set
from typing import Any

import orjson
from msgspec import Struct

from roadstead.sim.schema.shapes import Shape


class Cause(Struct, frozen=True):
    reason: str  # FieldValueRequired, FieldValueInvalid, FieldValueNotSupported, FieldValueForbidden, …
    message: str
    field: str


def required(field: str, detail: str = "") -> Cause:
    return Cause("FieldValueRequired", "Required value" + (f": {detail}" if detail else ""), field)


def invalid(field: str, value: Any, detail: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {shown(value)}: {detail}", field)


def forbidden(field: str, detail: str) -> Cause:
    return Cause("FieldValueForbidden", f"Forbidden: {detail}", field)


def duplicate(field: str, value: Any) -> Cause:
    return Cause("FieldValueDuplicate", f"Duplicate value: {shown(value)}", field)


def unsupported(field: str, value: Any, allowed: tuple[Any, ...]) -> Cause:
    text = ", ".join(shown(each) for each in sorted(allowed))
    return Cause(
        "FieldValueNotSupported", f"Unsupported value: {shown(value)}: supported values: {text}", field
    )


def shown(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def met(shape: Shape, value: Any, lenient: Set[str]) -> bool:
    """Whether `causes` certainly has nothing to say: quicker than looking for what and where."""
    if isinstance(value, dict):
        if shape.kind == "struct":
            for key in shape.required:
                if key not in lenient and value.get(key) in _EMPTY:
                    return False
            fields = shape.fields
            for key, item in value.items():
                inner = fields.get(key)
                if inner is not None and (inner.enum or not inner.plain) and not met(inner, item, lenient):
                    return False
            return True
        element = shape.element
        return element is None or element.plain or all(met(element, item, lenient) for item in value.values())
    if isinstance(value, list):
        element = shape.element
        return element is None or all(met(element, item, lenient) for item in value)
    return value is None or not shape.enum or value in shape.enum


_EMPTY: tuple[Any, ...] = (None, "", [])


def causes(shape: Shape, value: Any, at: str = "") -> Iterator[Cause]:
    if shape.kind == "struct" and isinstance(value, dict):
        for key in shape.required:
            if value.get(key) in (None, "", []):
                yield required(f"{at}.{key}" if at else key)
        for key, item in value.items():
            inner = shape.fields.get(key)
            if inner is not None and item is not None and not (inner.plain and not inner.enum):
                yield from causes(inner, item, f"{at}.{key}" if at else key)
    elif shape.kind == "list" and isinstance(value, list) and shape.element is not None:
        for number, item in enumerate(value):
            yield from causes(shape.element, item, f"{at}[{number}]")
    elif shape.kind == "map" and isinstance(value, dict) and shape.element is not None:
        for key, item in value.items():
            yield from causes(shape.element, item, f"{at}[{key}]")
    elif shape.enum and value not in shape.enum:
        yield required(at) if value == "" else unsupported(at, value, shape.enum)
