"""What is wrong with a custom object, in the server's words, from what a JSON Schema validator found."""

from collections.abc import Iterable, Iterator
from typing import Any

from roadstead.sim.schema.requiring import Cause, invalid, required, shown

TEXTS = ("maxLength", "minLength", "pattern")  # of these only the first is told
_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


def causes(errors: Iterable[Any]) -> Iterator[Cause]:
    texts: set[str] = set()
    for error in errors:
        place = _place(error.instance_path)
        name = error.kind.name
        if name in TEXTS:
            if place in texts:
                continue
            texts.add(place)
        yield from _causes(error, place, name)


def _place(path: Iterable[Any]) -> str:
    place = ""
    for part in path:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else str(part)
    return place


def _causes(error: Any, place: str, name: str) -> Iterator[Cause]:
    kind, value = error.kind, error.instance
    if name == "required":
        yield required(f"{place}.{kind.property}" if place else kind.property)
    elif name == "type":
        wanted = next((each for each in kind.types if each != "null"), "null")
        found = _TYPES.get(type(value), "null")
        yield invalid(place or "<nil>", found, f'{place} in body must be of type {wanted}: "{found}"')
    elif name == "enum":
        allowed = ", ".join(shown(each) for each in kind.options if each is not None)
        text = f"Unsupported value: {shown(value)}: supported values: {allowed}"
        yield Cause("FieldValueNotSupported", text, place)
    elif name in ("maxItems", "maxProperties"):
        items = "item" if kind.limit == 1 else "items"
        text = f"Too many: {len(value)}: must have at most {kind.limit} {items}"
        yield Cause("FieldValueTooMany", text, place)
    elif name == "maxLength":
        yield Cause("FieldValueTooLong", f"Too long: may not be more than {kind.limit} bytes", place)
    elif name in _COMBINED:
        yield invalid("<nil>", "", f'"{place}" {_COMBINED[name].format(_matching(kind))}')
        alternatives = getattr(kind, "context", None) or [[]]
        yield from causes(alternatives[0])
    else:
        told = len(value) if isinstance(value, list | dict) else value
        yield invalid(place or "<nil>", told, f"{place} in body {_should(kind, name, error.message)}")


_COMBINED = {
    "oneOf": "must validate one and only one schema (oneOf). Found {}",
    "anyOf": "must validate at least one schema (anyOf)",
    "not": "must not validate the schema (not)",
}


def _matching(kind: Any) -> str:
    good = sum(not failed for failed in getattr(kind, "context", None) or ())
    return f"{good} valid alternatives" if good else "none valid"


def _should(kind: Any, name: str, otherwise: str) -> str:
    words = {
        "minimum": "should be greater than or equal to {}",
        "maximum": "should be less than or equal to {}",
        "exclusiveMinimum": "should be greater than {}",
        "exclusiveMaximum": "should be less than {}",
        "multipleOf": "should be a multiple of {}",
        "minLength": "should be at least {} chars long",
        "pattern": "should match '{}'",
        "minItems": "should have at least {} items",
        "minProperties": "should have at least {} properties",
        "uniqueItems": "shouldn't contain duplicates",
    }
    return words.get(name, otherwise).format(kind.value)
