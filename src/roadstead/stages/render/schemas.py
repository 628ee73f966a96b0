"""What a cluster's recorded OpenAPI says of objects: unknown fields, wrong types, the type of a field.

Only that is checked here which the API server refuses at every apply whatever else is true; values out of
range and missing fields are the server's to judge. Without recorded schemas nothing is checked, and of field
types only those are known that are text in every kind. Values of Secrets are never told.
"""

import functools
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs
import orjson

from roadstead.language import nearest, paths
from roadstead.model.errors import Place, Problem
from roadstead.model.ids import GroupKind
from roadstead.model.reasons import INVALID_OBJECT
from roadstead.objects import kinds
from roadstead.world.blobs import Blobs

Path = tuple[str | int, ...]
_WORDS = {**{one: one for one in ("string", "integer", "number", "boolean", "object")}, "array": "list"}
_REFERENCE = "#/components/schemas/"
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_FREE: dict[str, Any] = {}
_INTEGER_OR_TEXT = {"type": ["integer", "string"]}
_NUMBER_OR_TEXT = {"type": ["number", "string"]}
_UNDECLARED = "declare the name in the Bundle's parameters: every other ${…} stays as it is"
_MOST = 20  # problems told of one object

# Maps and lists whose values are text in every kind that has them.
_TEXTS = (
    "labels",
    "annotations",
    "matchLabels",
    "nodeSelector",
    "args",
    "command",
    "stringData",
    "binaryData",
)


class Schemas:
    """Of one cluster; `Schemas.of(digests, blobs)` keeps those used last. Of documents that have the same name, the
    first counts."""

    def __init__(self, *documents: Mapping[str, Any]) -> None:
        self._schemas: dict[str, Any] = {}
        for each in reversed(documents):
            self._schemas |= (each.get("components") or {}).get("schemas") or {}
        self._names = dict(_kinds(self._schemas))
        self._validators: dict[tuple[str, str], Any] = {}

    @staticmethod
    def of(digests: tuple[str, ...], blobs: Blobs) -> "Schemas":
        found = tuple(data for data in map(blobs.get, digests) if data is not None)
        return _remembered(found) if found else NOTHING

    def check(self, obj: dict[str, Any]) -> list[Problem]:
        """Unknown fields and wrong types, each with its path; nothing for a kind without schema."""
        validator = self._validator(obj["apiVersion"], obj["kind"])
        if validator is None:
            return []
        secret = kinds.of(obj) == kinds.SECRET
        found: list[Problem] = []
        for error in validator.iter_errors(obj):
            found += self._problems(obj, error, secret=secret)
            if len(found) >= _MOST:
                break
        return sorted(found, key=lambda problem: problem.place.field)

    def wanted(self, obj: Mapping[str, Any], path: Path) -> str | None:
        """The type that the field takes, in the words of parameters; None where it is not known, or any."""
        if _is_text(kinds.of(obj), path):
            return "string"
        schema = self._at(obj, path)
        kind = _simple(self._resolved(schema)).get("type") if schema else None
        return _WORDS.get(kind) if isinstance(kind, str) else None

    def _at(self, obj: Mapping[str, Any], path: Path) -> Any:
        name = self._names.get((str(obj.get("apiVersion")), str(obj.get("kind"))))
        schema = self._schemas.get(name) if name else None
        for part in path:
            schema = self._below(schema, part)
        return schema

    def _below(self, schema: Any, part: str | int) -> Any:
        if schema is None:
            return None
        schema = self._resolved(schema)
        if isinstance(part, int):
            return schema.get("items")
        below = (schema.get("properties") or {}).get(part)
        if below is not None:
            return below
        rest = schema.get("additionalProperties")
        return rest if isinstance(rest, dict) else None

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Through `$ref`, and the `allOf` of one that carries a default beside it."""
        for _ in range(8):
            inner = schema.get("allOf")
            if isinstance(inner, list) and len(inner) == 1:
                schema = inner[0]
            reference = schema.get("$ref")
            if reference is None:
                return schema
            name = str(reference).removeprefix(_REFERENCE)
            if name == _QUANTITY:
                return _NUMBER_OR_TEXT
            schema = self._schemas.get(name, _FREE)
        return _FREE

    def _validator(self, api_version: str, kind: str) -> Any:
        key = (api_version, kind)
        if key not in self._validators:
            name = self._names.get(key)
            self._validators[key] = self._compiled(name) if name else None
        return self._validators[key]

    def _compiled(self, name: str) -> Any:
        definitions: dict[str, Any] = {}
        ahead = [name]
        while ahead:
            one = ahead.pop()
            if one not in definitions:
                definitions[one] = _simple(self._schemas.get(one, _FREE), quantity=one == _QUANTITY)
                ahead += _references(definitions[one])
        schema = {"$ref": _REFERENCE + name, "components": {"schemas": definitions}}
        return jsonschema_rs.validator_for(schema)

    def _problems(self, obj: dict[str, Any], error: Any, *, secret: bool) -> Iterator[Problem]:
        path = tuple(error.instance_path)
        if error.kind.name == "additionalProperties":
            known = self._resolved(self._at(obj, path) or _FREE).get("properties") or ()
            for name in error.kind.unexpected:
                place = Place(field=paths.text((*path, name)))
                yield Problem(
                    INVALID_OBJECT, f"no such field: {name}", nearest.hint(name, known), place=place
                )
        else:
            wanted = " or ".join(error.kind.types)
            found = type(error.instance).__name__ if secret else _shown(error.instance)
            place = Place(field=paths.text(path))
            hint = _UNDECLARED if found.startswith('"${') else INVALID_OBJECT.remedy
            cause = f"a value of type {wanted} is needed, found {found}"
            yield Problem(INVALID_OBJECT, cause, hint, place=place)


@functools.lru_cache(maxsize=4)
def _remembered(documents: tuple[bytes, ...]) -> Schemas:
    return Schemas(*map(orjson.loads, documents))


def _kinds(schemas: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    for name, schema in schemas.items():
        for one in schema.get("x-kubernetes-group-version-kind") or ():
            group, version = one.get("group", ""), one.get("version", "")
            yield (f"{group}/{version}" if group else version, one.get("kind", "")), name


def _simple(schema: Mapping[str, Any], *, quantity: bool = False) -> dict[str, Any]:
    """Only types and fields of an OpenAPI schema, as a JSON Schema that refuses unknown fields."""
    if quantity:
        return _NUMBER_OR_TEXT
    if schema.get("x-kubernetes-int-or-string") or schema.get("format") == "int-or-string":
        return _INTEGER_OR_TEXT
    inner = schema.get("allOf")
    if isinstance(inner, list) and len(inner) == 1:
        return _simple(inner[0])
    if "$ref" in schema:
        return {"$ref": schema["$ref"]}
    kind = schema.get("type")
    if kind is None or "oneOf" in schema or "anyOf" in schema:
        return dict(_FREE)
    made: dict[str, Any] = {"type": kind}
    if kind == "array":
        made["items"] = _simple(schema.get("items") or _FREE)
    if kind == "object":
        made.update(_fields(schema))
    return made


def _fields(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    properties = schema.get("properties")
    rest = schema.get("additionalProperties")
    open_ended = schema.get("x-kubernetes-preserve-unknown-fields") or schema.get(
        "x-kubernetes-embedded-resource"
    )
    if properties:
        yield "properties", {name: _simple(below) for name, below in properties.items()}
    if isinstance(rest, dict):
        yield "additionalProperties", _simple(rest)
    elif properties and rest is None and not open_ended:
        yield "additionalProperties", False


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].removeprefix(_REFERENCE)
        for value in schema.values():
            yield from _references(value)


def _shown(value: Any) -> str:
    names = {dict: "a mapping", list: "a list", type(None): "null"}
    return names.get(type(value)) or orjson.dumps(value).decode()[:60]


def _is_text(kind: GroupKind, path: Path) -> bool:
    if len(path) > 1 and path[-2] in _TEXTS:
        return True
    if kind in (kinds.SECRET, GroupKind("", "ConfigMap")) and path[:1] == ("data",):
        return True
    if path in (("metadata", "name"), ("metadata", "namespace"), ("apiVersion",), ("kind",)):
        return True
    return len(path) > 2 and path[-3] in ("env",) and path[-1] in ("name", "value")


NOTHING = Schemas({})
