"""Read one document's value as its kind: the model, or every field that is wrong, with the nearest right name.

Only the form is judged here. Messages name fields as people write them and end in what was found;
values of variables are never repeated, for people put into them what they should not.
"""

import types
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import orjson
from msgspec.structs import replace
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from roadstead.language import nearest
from roadstead.model import reasons
from roadstead.model.reasons import Reason
from roadstead.stages.fleet import documents
from roadstead.stages.fleet.collection import Entry, Fault, Path

_WANTED = {
    "string_type": "a string",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "string_too_short": "some text",
    "too_short": "at least one item",
}
_UNSAFE = ("variables", "default", "inline", "to")  # their values may be secrets


_Model = TypeVar("_Model", bound=documents.Spec)


def model(entry: Entry[Any], kind: type[_Model]) -> _Model | list[Fault]:
    """The entry's value as `kind`, or what is wrong with it: at least one fault."""
    value = entry.document.value
    try:
        return kind.model_validate_json(orjson.dumps(value))
    except TypeError as cause:
        return [entry.fault(reasons.BAD_DOCUMENT, f"not a value that JSON can hold: {cause}")]
    except ValidationError as cause:
        nulls = [error["loc"] for error in cause.errors(include_url=False) if error["input"] is None]
    try:
        return kind.model_validate_json(orjson.dumps(_without(value, nulls)))
    except ValidationError as cause:
        faults = [
            _fault(entry, kind, error)
            for error in cause.errors(include_url=False)
            if not (error["type"] == "too_short" and error["input"])  # all its items are wrong: told already
        ]
        return sorted(faults, key=lambda fault: (fault.problem.place.line, fault.problem.place.column))


def _without(value: Any, places: list[Path]) -> Any:
    """The value without these fields, which are null where no null is expected: as good as absent."""
    if not places or not isinstance(value, dict | list):
        return value
    below: dict[str | int, list[Path]] = {}
    for first, *rest in places:
        below.setdefault(first, []).append(tuple(rest))
    if isinstance(value, list):
        return [_without(item, below.get(number, [])) for number, item in enumerate(value)]
    return {
        key: _without(item, [path for path in below.get(key, []) if path])
        for key, item in value.items()
        if not (item is None and () in below.get(key, []))
    }


def _fault(entry: Entry[Any], kind: type[BaseModel], error: ErrorDetails) -> Fault:
    path = tuple(part for part in error["loc"] if part != "[key]")
    reason, cause, hint = _words(kind, tuple("on" if part == "true" else part for part in path), error)
    fault = entry.fault(reason, cause, *path, hint=hint)
    if "true" not in path:
        return fault
    place = replace(fault.problem.place, field=fault.problem.place.field.replace("spec.true", "spec.on"))
    return replace(fault, problem=replace(fault.problem, place=place))


def _words(kind: type[BaseModel], path: Path, error: ErrorDetails) -> tuple[Reason, str, str]:
    if error["type"] == "extra_forbidden":
        known = _fields(_annotation(kind, path[:-1]))
        hint = nearest.hint(str(path[-1]), known) or f"the fields here are {', '.join(sorted(known))}"
        return reasons.UNKNOWN_FIELD, f"unknown field: {path[-1]}", hint
    if error["type"] == "missing":
        if path[-1] == "clusters":
            cause = "a selector is required, found none"
            return reasons.BAD_SELECTOR, cause, "write `clusters: {all: true}` if every cluster is meant"
        return reasons.BAD_DOCUMENT, f"{path[-1]} is required, found nothing", ""
    if error["type"] in ("literal_error", "enum"):
        options = _options(_annotation(kind, path))
        found = str(error["input"])
        return (
            reasons.BAD_DOCUMENT,
            f"expected {' or '.join(options)}, found {found}",
            nearest.hint(found, options),
        )
    reason = reasons.BAD_SELECTOR if error["type"] == "selector" else reasons.BAD_DOCUMENT
    return reason, _cause(path, error), _hint(error)


def _cause(path: Path, error: ErrorDetails) -> str:
    if error["type"] == "string_pattern_mismatch":
        wanted = documents.FORMATS[error["ctx"]["pattern"]].meaning
        return f"expected {wanted}, found {_found(path, error['input'])}"
    if error["type"] in _WANTED:
        return f"expected {_WANTED[error['type']]}, found {_found(path, error['input'])}"
    return error["msg"]  # our own rules, worded where they stand


def _found(path: Path, value: object) -> str:
    """The value itself where it is short and safe to repeat, else what sort of value it is."""
    secret = any(part in _UNSAFE for part in path) or (isinstance(value, str) and "@" in value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | str) and not secret and len(str(value)) < 80:
        return str(value) or "an empty string"
    return sort_of(value)


def sort_of(value: object) -> str:
    """A value's type in words, for messages that must not repeat it."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    names: dict[type, str] = {bool: "a boolean", int: "an integer", float: "a number", str: "a string"}
    return names.get(type(value), "nothing")


def _hint(error: ErrorDetails) -> str:
    if error["type"] == "credentials":
        return str(error.get("ctx", {}).get("hint", ""))
    if error["type"] == "string_type" and isinstance(error["input"], int | float):
        return "put it in quotes"
    return ""


def _annotation(kind: Any, path: Path) -> Any:
    """The type of the value at `path` in documents of `kind`."""
    current = kind
    for part in path:
        current = _plain(current)
        if isinstance(current, type) and issubclass(current, BaseModel):
            current = _fields(current).get(str(part))
        else:  # tuple[X, ...] and dict[K, X]
            arguments = get_args(current)
            current = arguments[1] if get_origin(current) is dict else next(iter(arguments), None)
    return _plain(current)


def _plain(annotation: Any) -> Any:
    """Without Annotated and without `| None`."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return next(_plain(one) for one in get_args(annotation) if one is not type(None))
    return annotation


def _fields(model_type: Any) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in model_type.model_fields.items()}


def _options(annotation: Any) -> list[str]:
    def values() -> Iterator[object]:
        if get_origin(annotation) is Literal:
            yield from get_args(annotation)
        elif isinstance(annotation, type) and issubclass(annotation, StrEnum):
            yield from annotation

    return [str(value) for value in values()]
