"""Values as the server stores them: nulls and empty values gone, defaults filled in, quantities written its way.

Values are never edited: what changes is copied, the rest shared.
"""

import base64
from typing import Any

from roadstead.sim.schema import amounts, decoding
from roadstead.sim.schema.shapes import Shape

EMPTY: dict[str, Any] = {
    "string": "",
    "integer": 0,
    "number": 0,
    "boolean": False,
    "bytes": "",
    "quantity": "0",
}


def complete(shape: Shape, value: Any) -> Any:
    kind = shape.kind
    if shape.structural:
        return _structural(shape, value)
    if kind == "struct" and isinstance(value, dict):
        return _struct(shape, value)
    if kind == "list" and isinstance(value, list):
        element = shape.element
        if element is None or (element.plain and None not in value):
            return value
        return [complete(element, _present(element, item)) for item in value]
    if kind == "map" and isinstance(value, dict):
        element = shape.element
        if element is None or (element.plain and None not in value.values() and element.kind != "bytes"):
            return value
        return {key: complete(element, _present(element, item)) for key, item in value.items()}
    if kind == "bytes" and isinstance(value, list):
        return _bytes(value)
    if kind == "quantity":
        return amounts.canonical(value)
    if shape.apart is not None:
        return _read_apart(shape.apart, value)
    return value


def _bytes(value: list[Any]) -> str:
    return base64.b64encode(bytes(item or 0 for item in value)).decode()


def _read_apart(shape: Shape, value: Any) -> Any:
    if isinstance(value, list):
        return [decoding.without(item, shape) for item in value]
    return decoding.without(value, shape)


def _structural(shape: Shape, value: Any) -> Any:
    """Custom values: defaults, nothing else; a null that is not allowed gives way to a default."""
    if isinstance(value, list) and shape.element is not None:
        return [_structural(shape.element, item) for item in value]
    if not isinstance(value, dict):
        return value
    if shape.kind == "map" and shape.element is not None:
        return {key: _structural(shape.element, item) for key, item in value.items()}
    out = {}
    for key, item in value.items():
        inner = shape.fields.get(key)
        if inner is not None and not (
            item is None and key in shape.constants and not inner.rules.get("nullable")
        ):
            out[key] = complete(inner, item)
        elif inner is None:
            out[key] = item
    for key, constant in shape.constants.items():
        if key not in out:
            out[key] = complete(shape.fields[key], constant)
    return out


def without_nulls(shape: Shape, value: Any) -> Any:
    """Custom values as they are decoded: a null that nothing allows was never written."""
    if isinstance(value, list) and shape.element is not None:
        element = shape.element
        return [without_nulls(element, item) for item in value]
    if not isinstance(value, dict):
        return value
    out = {}
    for key, item in value.items():
        inner = shape.fields.get(key) or shape.element
        if inner is None or not inner.structural:
            out[key] = item
        elif item is not None or inner.rules.get("nullable") or inner.kind == "any":
            out[key] = without_nulls(inner, item)
    return out


def _present(shape: Shape, value: Any) -> Any:
    """Null as an item or a map's value becomes the empty value of its type."""
    if value is not None:
        return value
    return {} if shape.kind in ("struct", "map") else EMPTY.get(shape.kind)


def _struct(shape: Shape, value: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    fields, dropped = shape.fields, shape.dropped
    for key, item in value.items():
        if item is None:
            continue
        inner = fields.get(key)
        if inner is None:
            out[key] = item
        elif inner.plain:
            if item or key not in dropped:
                out[key] = item if item.__class__ is not list else _bytes(item)
        elif item or inner.kind not in ("list", "map") or key in shape.nulls:
            out[key] = complete(inner, item)
    _default(shape, out)
    return out


def emptied(shape: Shape, value: dict[str, Any]) -> dict[str, Any]:
    """As it comes back from storage: empty lists of the object itself and of its spec have become null."""
    nulls: dict[str, Any] = {key: None for key in shape.nulls if value.get(key) in ([], {})}
    spec = value.get("spec")
    if isinstance(spec, dict) and "spec" in shape.fields:
        inner = {key: None for key in shape.fields["spec"].nulls if spec.get(key) in ([], {})}
        if inner:
            nulls["spec"] = spec | inner
    return value | nulls if nulls else value


def _default(shape: Shape, out: dict[str, Any]) -> None:
    for key, constant in shape.constants.items():
        if key not in out:
            out[key] = constant
    for key, inner in shape.empty.items():
        if key not in out:
            out[key] = _struct(inner, {})
    for case in shape.cases:
        if case.key not in out and out.get(case.by, "") in case.values:
            out[case.key] = case.values[out.get(case.by, "")]
    for key in shape.nulls:
        if key not in out:
            out[key] = None
