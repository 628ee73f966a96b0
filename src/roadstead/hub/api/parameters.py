"""What was asked, by the struct of a resource. Refused is whatever is unknown or no such value, all of it at once."""

from collections.abc import Iterator
from functools import cache
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, inspect
from starlette.datastructures import QueryParams

from roadstead.language import nearest
from roadstead.model import errors, reasons
from roadstead.model.errors import Place, Problem

Query = TypeVar("Query", bound=Struct)
_SHOWN = 80  # characters of a value that is refused


def read(wanted: type[Query], given: QueryParams) -> Query:
    """Raises UsageError with a problem for each parameter that is wrong."""
    fields = {one.encode_name: one for one in msgspec.structs.fields(wanted)}
    values: dict[str, Any] = {}
    wrong = list(_unknown(fields, given))
    for name, field in fields.items():
        if found := given.getlist(name):
            try:
                values[field.name] = _value(field.type, found)
            except msgspec.ValidationError as cause:
                wrong.append(_refused(name, found, cause, field.type))
    if wrong:
        raise errors.error(wrong)
    return wanted(**values)


def _unknown(fields: dict[str, Any], given: QueryParams) -> Iterator[Problem]:
    for name in dict.fromkeys(given):
        if name not in fields:
            hint = nearest.hint(name, list(fields)) or f"there are {', '.join(fields) or 'none'}"
            yield Problem(
                reasons.BAD_ARGUMENT,
                f"there is no such parameter, found {name[:_SHOWN]!r}",
                hint,
                place=Place(field=name[:_SHOWN]),
            )


def _value(wanted: Any, found: list[str]) -> Any:
    if any("\0" in one for one in found):
        raise msgspec.ValidationError("Expected text")
    kind = _kind(wanted)
    if isinstance(kind, inspect.VarTupleType):
        return msgspec.convert(found, wanted)
    if len(found) > 1:
        raise msgspec.ValidationError("Expected one value")
    return msgspec.convert(found[0], wanted, strict=not isinstance(kind, inspect.IntType | inspect.BoolType))


@cache
def _kind(wanted: Any) -> inspect.Type:
    return _bare(inspect.type_info(wanted))


def _bare(info: inspect.Type) -> inspect.Type:
    """Without its description, and without that it may be left out."""
    if isinstance(info, inspect.Metadata):
        return _bare(info.type)
    return _bare(info.types[0]) if isinstance(info, inspect.UnionType) else info


def _refused(name: str, found: list[str], cause: msgspec.ValidationError, wanted: Any) -> Problem:
    said = str(cause).partition(" - at ")[0]
    shown = ", ".join(repr(one[:_SHOWN]) for one in found[:5])
    text = f"{name}: {said[0].lower()}{said[1:]}, found {shown}"
    return Problem(reasons.BAD_ARGUMENT, text, _may_be(wanted), place=Place(field=name))


def _may_be(wanted: Any) -> str:
    """What may be given."""
    info = _kind(wanted)
    if isinstance(info, inspect.VarTupleType):
        info = _bare(info.item_type)
    if isinstance(info, inspect.EnumType):
        return f"give one of {', '.join(info.cls)}"
    if isinstance(info, inspect.IntType):
        return f"give a number from {info.ge} to {info.le}"
    if isinstance(info, inspect.BoolType):
        return "give true or false"
    if isinstance(info, inspect.DateTimeType):
        return "give a moment as 2026-05-04T12:00:00Z"
    return "give it once, as text"
