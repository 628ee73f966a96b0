"""Bodies in protobuf, as kubectl and other Go clients send them for built-in kinds, made into what JSON would say.

Only reading: answers are JSON. Numbers, names and types of fields are data of the Kubernetes version. A scalar or
struct that cannot be absent in Go says nothing when it is empty, so it is left out, as JSON leaves it out.
"""

import base64
import lzma
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

import orjson

from roadstead.sim import knowledge, status

MEDIA = "application/vnd.kubernetes.protobuf"
PREFIX = b"k8s\x00"
META = "io.k8s.apimachinery.pkg.apis.meta.v1."
SCHEMAS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON"
DEPTH = 200

Field = tuple[
    int, str, str, str
]  # number, name in JSON ("" for inline), type, and of: r(epeated) m(ap) p(ointer)
Messages = dict[str, dict[int, Field]]


class _Malformed(Exception):
    """No such message; the text says why."""


def as_json(minor: str, data: bytes) -> bytes:
    """Raises ApiError(400) for anything but an enveloped object of a kind that this version knows."""
    try:
        if not data.startswith(PREFIX):
            raise _Malformed("provided data does not appear to be a protobuf message")
        envelope = {number: value for number, _, value in _wire(data[len(PREFIX) :])}
        named = {number: _text(value) for number, _, value in _wire(_bytes(envelope.get(1, b"")))}
        version, kind = named.get(1, ""), named.get(2, "")
        group, _, short = version.rpartition("/")
        known = knowledge.load(minor)
        try:
            definition = known.definition_of(group, short, kind)
        except KeyError as error:
            raise _Malformed(f'no kind "{kind}" is registered for version "{version}"') from error
        value = _message(_messages(minor), definition, _bytes(envelope.get(2, b"")), DEPTH)
        return orjson.dumps({"kind": kind, "apiVersion": version} | value)
    except (_Malformed, UnicodeDecodeError, struct.error, orjson.JSONDecodeError, OverflowError) as error:
        raise status.bad_request(f"the object provided is unrecognized: {error}") from error


@cache
def _messages(minor: str) -> Messages:
    packed = (resources.files("roadstead.sim.data") / f"{minor}.wire.xz").read_bytes()
    found = orjson.loads(lzma.decompress(packed))
    return {name: {field[0]: tuple(field) for field in fields} for name, fields in found.items()}


def _wire(data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """Number, wire type and value of each field as it comes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, sort = tag >> 3, tag & 7
        if sort == 0:
            value, at = _varint(data, at)
            yield number, sort, value
            continue
        if sort == 2:
            size, at = _varint(data, at)
        elif sort in (1, 5):
            size = 8 if sort == 1 else 4
        else:
            raise _Malformed(f"proto: illegal wireType {sort}")
        if at + size > len(data):
            raise _Malformed("unexpected EOF")
        yield number, sort, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise _Malformed("unexpected EOF")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
    raise _Malformed("proto: integer overflow")


def _message(known: Messages, name: str, data: bytes, depth: int) -> dict[str, Any]:
    if depth == 0:
        raise _Malformed("exceeded max depth")
    fields = known[name]
    out: dict[str, Any] = {}
    for number, sort, raw in _wire(data):
        field = fields.get(number)
        if field is None:
            continue
        _, shown, kind, marks = field
        if "m" in marks:
            key, value = _entry(known, kind, _bytes(raw), depth)
            out.setdefault(shown, {})[key] = value
        elif "r" in marks:
            out.setdefault(shown, []).extend(_values(known, kind, sort, raw, depth))
        elif not shown:
            out |= _message(known, kind, _bytes(raw), depth - 1)
        else:
            value = _value(known, kind, raw, depth)
            if value is not None and ("p" in marks or value not in ("", 0, {})):
                out[shown] = value
    return out


def _entry(known: Messages, kind: str, data: bytes, depth: int) -> tuple[str, Any]:
    found = {number: value for number, _, value in _wire(data)}
    empty: int | bytes = 0 if kind in _NUMBERS else b""
    return _text(found.get(1, b"")), _value(known, kind, found.get(2, empty), depth)


def _values(known: Messages, kind: str, sort: int, raw: int | bytes, depth: int) -> Iterator[Any]:
    """Items of a list: one, or of numbers many in one piece."""
    if kind not in _NUMBERS or sort != 2:
        yield _value(known, kind, raw, depth)
        return
    data, at = _bytes(raw), 0
    while at < len(data):
        value, at = _varint(data, at)
        yield _value(known, kind, value, depth)


_NUMBERS = ("int32", "int64", "bool", "double")


def _value(known: Messages, kind: str, raw: int | bytes, depth: int) -> Any:
    if kind == "string":
        return _text(raw)
    if kind == "bytes":
        return base64.b64encode(_bytes(raw)).decode()
    if kind == "double":
        return struct.unpack("<d", _bytes(raw))[0]
    if kind in _NUMBERS:
        if not isinstance(raw, int):
            raise _Malformed("proto: wrong wireType for a number")
        return bool(raw) if kind == "bool" else raw - (1 << 64) if raw >> 63 else raw
    data = _bytes(raw)
    if kind.endswith((".runtime.RawExtension", ".v1.FieldsV1")) or kind == SCHEMAS:
        text = next((value for number, _, value in _wire(data) if number == 1), b"")
        return orjson.loads(_bytes(text)) if text else None
    fields = _fields(known, kind, data, depth)
    return (
        _SPECIAL[kind](fields)
        if kind in _SPECIAL
        else fields.get("items", [])
        if _listed(known, kind)
        else fields
    )


def _fields(known: Messages, kind: str, data: bytes, depth: int) -> dict[str, Any]:
    return _message(known, kind, data, depth - 1)


def _listed(known: Messages, kind: str) -> bool:
    """Whether the message stands for a plain list."""
    return [field[1:] for field in known[kind].values()] == [("items", "string", "r")]


def _bytes(raw: int | bytes) -> bytes:
    if isinstance(raw, int):
        raise _Malformed("proto: wrong wireType")
    return raw


def _text(raw: int | bytes) -> str:
    return _bytes(raw).decode()


def _time(found: dict[str, Any]) -> str | None:
    seconds = found.get("seconds", 0)
    if not found:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _micro_time(found: dict[str, Any]) -> str | None:
    if not found:
        return None
    then = datetime.fromtimestamp(found.get("seconds", 0), UTC)
    return then.strftime("%Y-%m-%dT%H:%M:%S.") + f"{found.get('nanos', 0) // 1000:06d}Z"


_SPECIAL: dict[str, Any] = {
    META + "Time": _time,
    META + "MicroTime": _micro_time,
    "io.k8s.apimachinery.pkg.api.resource.Quantity": lambda found: found.get("string", "0"),
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": lambda found: (
        found.get("strVal", "") if found.get("type") else found.get("intVal", 0)
    ),
    SCHEMAS + "SchemaPropsOrArray": lambda found: found.get("jSONSchemas") or found.get("schema"),
    SCHEMAS + "SchemaPropsOrBool": lambda found: found.get("schema") or found.get("allows", False),
    SCHEMAS + "SchemaPropsOrStringArray": lambda found: found.get("schema") or found.get("property", []),
}
