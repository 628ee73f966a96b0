"""OpenAPI v2, made of the recorded v3 schemas: as JSON, and as the protobuf that kubectl asks for.

Paths hold no more than those of v3, and protobuf has only the definitions: clients look for nothing else there.
"""

import struct
from collections.abc import Iterable
from functools import cache
from typing import Any

import orjson

from roadstead.sim import knowledge, openapi
from roadstead.sim.cluster import Cluster
from roadstead.sim.knowledge import REFERENCE

MEDIA = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
ACCEPTED = (MEDIA, MEDIA.replace("v2.v1.0", "v2@v1.0"))
DEFINITIONS = "#/definitions/"
UNKNOWN = {"default", "nullable", "oneOf", "anyOf", "not"}  # to version 2, or said of no definition there

Value = dict[str, Any]


def document(cluster: Cluster) -> Value:
    return {
        "swagger": "2.0",
        "info": _info(cluster),
        "paths": {path: _path(found) for path, found in openapi.paths(cluster).items()},
        "definitions": _definitions(cluster),
    }


def encoded(cluster: Cluster) -> bytes:
    info = _info(cluster)
    named = _text(1, info["title"]) + _text(2, info["version"])
    found = b"".join(_field(1, _named(name, schema)) for name, schema in _definitions(cluster).items())
    return _text(1, "2.0") + _field(2, named) + _field(9, found)


def _info(cluster: Cluster) -> Value:
    return {"title": "Kubernetes", "version": f"v{cluster.minor}"}


def _definitions(cluster: Cluster) -> Value:
    custom = {name: _schema(schema) for name, schema in openapi.custom_schemas(cluster).items()}
    return {**_builtin(cluster.minor), **custom}


@cache
def _builtin(minor: str) -> Value:
    return {name: _schema(schema) for name, schema in knowledge.load(minor).definitions.items()}


def _schema(schema: Value) -> Value:
    out: Value = {}
    for key, item in schema.items():
        if key == "properties":
            out[key] = {name: _schema(each) for name, each in item.items()}
        elif key in ("items", "additionalProperties") and isinstance(item, dict):
            out[key] = _schema(item)
        elif key == "allOf":
            for each in item:
                out |= _schema(each)
        elif key == "$ref":
            out[key] = item.replace(REFERENCE, DEFINITIONS)
        elif key not in UNKNOWN:
            out[key] = item
    if "oneOf" in schema and "type" not in schema and "properties" not in schema:
        out["type"] = "string"  # numbers or texts: version 2 has no word for that
    return out


def _path(found: Value) -> Value:
    out: Value = {}
    for method, operation in found.items():
        parameters = [
            {key: item for key, item in each.items() if key != "schema"} | each["schema"]
            for each in operation["parameters"]
        ]
        out[method] = {**operation, "parameters": parameters}
    return out


# From here on the messages of github.com/google/gnostic-models/openapiv2. Numbers are kept by their fields.
_TEXTS = {"$ref": 1, "format": 2, "title": 3, "description": 4, "pattern": 13, "discriminator": 26}
_DOUBLES = {"multipleOf": 6, "maximum": 7, "minimum": 9}
_WHOLE = {"exclusiveMaximum": 8, "exclusiveMinimum": 10, "maxLength": 11, "minLength": 12, "maxItems": 14}
_WHOLE |= {"minItems": 15, "uniqueItems": 16, "maxProperties": 17, "minProperties": 18}


def _encoded(schema: Value) -> bytes:
    return b"".join(part for key, item in schema.items() for part in _parts(key, item))


def _parts(key: str, item: Any) -> Iterable[bytes]:
    if key in _TEXTS:
        yield _text(_TEXTS[key], item)
    elif key in _DOUBLES:
        yield _varint(_DOUBLES[key] << 3 | 1) + struct.pack("<d", item)
    elif key in _WHOLE:
        yield _varint(_WHOLE[key] << 3) + _varint(int(item))
    elif key == "required":
        yield from (_text(19, each) for each in item)
    elif key == "enum":
        yield from (_field(20, _any(each)) for each in item)
    elif key == "additionalProperties":
        held = _field(1, _encoded(item)) if isinstance(item, dict) else _varint(2 << 3) + _varint(int(item))
        yield _field(21, held)
    elif key == "type":
        yield _field(22, _text(1, item))
    elif key == "items":
        yield _field(23, _field(1, _encoded(item)))
    elif key == "properties":
        yield _field(25, b"".join(_field(1, _named(name, each)) for name, each in item.items()))
    elif key.startswith("x-"):
        yield _field(31, _text(1, key) + _field(2, _any(item)))


def _any(value: Any) -> bytes:
    """As YAML, which JSON is."""
    return _field(2, orjson.dumps(value))


def _named(name: str, schema: Value) -> bytes:
    return _text(1, name) + _field(2, _encoded(schema))


def _text(number: int, text: str) -> bytes:
    return _field(number, text.encode())


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
