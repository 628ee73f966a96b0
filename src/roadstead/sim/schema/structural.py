"""Compiles the structural schemas of custom kinds, and validates values by them.

Pruning, defaulting and merging go by the shape; what a schema demands of values is checked by a JSON Schema
validator and, for its rules, by CEL. Custom values keep nulls and empty values: nothing is known of Go types.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jsonschema_rs
from msgspec import Struct

from roadstead.language import cel
from roadstead.model import errors
from roadstead.sim.merge import pathing
from roadstead.sim.merge.types import DEDUCED, ListType, MapType, Type
from roadstead.sim.schema import wording
from roadstead.sim.schema.formats import FORMATS
from roadstead.sim.schema.requiring import Cause, duplicate, invalid, required
from roadstead.sim.schema.shapes import Shape

SCALARS = {"string": "string", "integer": "numeric", "number": "numeric", "boolean": "boolean"}
ROOT = ("apiVersion", "kind", "metadata")


class Structural(Struct, frozen=True, eq=False):
    shape: Shape
    validator: Any
    rules: bool  # has any in CEL

    def causes(self, value: Mapping[str, Any], old: Mapping[str, Any] | None) -> Iterator[Cause]:
        body = {key: item for key, item in value.items() if key not in ROOT}
        wrong = [
            each for each in self.validator.iter_errors(body) if not _stood(body, old, each.instance_path)
        ]
        yield from wording.causes(wrong)
        yield from _repeated(self.shape, body, "")
        yield from _embedded(self.shape, body, "")
        if self.rules and not wrong:
            before = None if old is None else {key: item for key, item in old.items() if key not in ROOT}
            yield from _ruled(self.shape, body, before, "")


def _stood(value: Any, old: Any, path: Sequence[Any]) -> bool:
    """Whether what is wrong at the path, or what it is in, was so before: then it may stay."""
    for part in (*path, None):
        if value == old:
            return True
        if not isinstance(value, dict) or not isinstance(old, dict) or part not in value or part not in old:
            return False
        value, old = value[part], old[part]
    return False


def compile(schema: dict[str, Any], metadata: Shape) -> Structural:
    """`metadata`: the shape of every object's metadata."""
    shape = _shape(schema, metadata)
    shape.kind = "struct"
    shape.merge.list, shape.merge.scalar = None, ""
    fields = {key: item for key, item in shape.fields.items() if key not in ROOT}
    text = Shape("string", merge=Type("string"))
    shape.fields = {"apiVersion": text, "kind": text, "metadata": metadata, **fields}
    element = DEDUCED if shape.preserves else None
    shape.merge.map = MapType({key: item.merge for key, item in shape.fields.items()}, element)
    plain = _json_schema(schema)
    for key in ROOT:
        plain.get("properties", {}).pop(key, None)
    return Structural(shape, _validator(plain), _any_rules(shape))


def _validator(schema: dict[str, Any]) -> Any:
    return jsonschema_rs.Draft7Validator(schema, validate_formats=True, formats=FORMATS)


def _shape(schema: dict[str, Any], metadata: Shape, loose: bool = False) -> Shape:
    """`loose`: something above keeps unknown fields. Then merging knows them here, too, though none is kept."""
    shape = Shape(
        structural=True, rules=schema, preserves=bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    )
    loose = loose or shape.preserves
    kind = schema.get("type", "")
    if schema.get("x-kubernetes-int-or-string"):
        shape.kind, shape.merge = "intstr", DEDUCED
    elif kind == "array":
        shape.kind, shape.element = "list", _shape(schema.get("items") or {}, metadata, loose)
        sort = schema.get("x-kubernetes-list-type", "atomic")
        keys = tuple(schema.get("x-kubernetes-list-map-keys", ()))
        properties = (schema.get("items") or {}).get("properties") or {}
        defaults = {key: properties[key]["default"] for key in keys if "default" in properties.get(key, {})}
        shape.merge = Type("", ListType(shape.element.merge, sort == "atomic", keys, defaults))
    elif kind == "object" or "properties" in schema:
        _object(shape, schema, metadata, loose)
    elif kind in SCALARS:
        shape.kind, shape.merge = kind, Type(SCALARS[kind])
    else:
        shape.kind, shape.preserves = "any", True
        shape.merge = DEDUCED
    return shape


def _object(shape: Shape, schema: dict[str, Any], metadata: Shape, loose: bool) -> None:
    atomic = schema.get("x-kubernetes-map-type") == "atomic"
    more = schema.get("additionalProperties")
    if "properties" not in schema and more:
        shape.kind = "map"
        shape.element = (
            _shape(more, metadata, loose)
            if isinstance(more, dict)
            else Shape("any", preserves=True, structural=True, merge=DEDUCED)
        )
        shape.merge = Type("", None, MapType({}, shape.element.merge, atomic))
        return
    shape.kind = "struct"
    shape.embedded = bool(schema.get("x-kubernetes-embedded-resource"))
    for key, each in (schema.get("properties") or {}).items():
        shape.fields[key] = _shape(each, metadata, loose)
        if "default" in each:
            shape.constants[key] = each["default"]
    if shape.embedded:
        text = Shape("string", merge=Type("string"))
        shape.fields |= {"apiVersion": text, "kind": text, "metadata": metadata}
    fields = {key: item.merge for key, item in shape.fields.items()}
    shape.merge = Type("", None, MapType(fields, DEDUCED if loose else None, atomic))


def portable(pattern: str) -> str:
    """A pattern without the flag for either case, which Go lets stand anywhere and JSON Schema nowhere."""
    before, flag, after = pattern.partition("(?i)")
    if not flag:
        return pattern
    out, previous, listed = [before], "", False
    for letter in after.replace("(?i)", ""):
        listed = (listed or letter == "[") and letter != "]"
        plain = letter.isascii() and letter.isalpha() and previous != "\\" and not listed
        out.append(f"[{letter.lower()}{letter.upper()}]" if plain else letter)
        previous = letter
    return "".join(out)


def _json_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The same demands in plain JSON Schema."""
    out: dict[str, Any] = {}
    for key, item in schema.items():
        if key in ("properties", "patternProperties"):
            out[key] = {name: _json_schema(each) for name, each in item.items()}
        elif key in ("items", "additionalProperties", "not") and isinstance(item, dict):
            out[key] = _json_schema(item)
        elif key in ("allOf", "anyOf", "oneOf"):
            out[key] = [_json_schema(each) for each in item]
        elif key == "pattern" and isinstance(item, str):
            out[key] = portable(item)
        elif key in ("exclusiveMinimum", "exclusiveMaximum"):
            if item is True:
                limit = key.removeprefix("exclusive").lower()
                out[key] = schema[limit]
        elif (
            not key.startswith("x-")
            and key
            not in (
                "nullable",
                "default",
                "description",
                "title",
                "example",
            )
            and (key != "format" or item in FORMATS)
        ):
            out[key] = item
    if schema.get("x-kubernetes-int-or-string"):
        out.setdefault("type", ["integer", "string"])
    if schema.get("nullable") and "type" in out:
        types = out["type"]
        out["type"] = [*types, "null"] if isinstance(types, list) else [types, "null"]
        if "enum" in out:
            out["enum"] = [*out["enum"], None]
    return out


def accepts(schema: dict[str, Any], value: Any) -> bool:
    """Whether a default suits its schema; one that is no schema at all is refused for that."""
    try:
        return bool(_validator(_json_schema(schema)).is_valid(value))
    except ValueError:
        return True


def _repeated(shape: Shape, value: Any, at: str) -> Iterator[Cause]:
    """Items of sets and keyed lists that are there twice."""
    if isinstance(value, dict):
        for key, item in value.items():
            inner = shape.fields.get(key) or shape.element
            if inner is not None and isinstance(item, dict | list):
                yield from _repeated(inner, item, f"{at}.{key}" if at else key)
    elif isinstance(value, list) and shape.element is not None and shape.merge.list is not None:
        seen: set[str] = set()
        for number, item in enumerate(value):
            yield from _repeated(shape.element, item, f"{at}[{number}]")
            if shape.merge.list.atomic:
                continue
            try:
                name = pathing.item(shape.merge.list, item)
            except pathing.MergeError as error:
                yield invalid(f"{at}[{number}]", item, str(error))
                continue
            if name in seen:
                yield duplicate(f"{at}[{number}]", item)
            seen.add(name)


def _embedded(shape: Shape, value: Any, at: str) -> Iterator[Cause]:
    """Whole objects inside another have to say what they are."""
    if isinstance(value, list) and shape.element is not None:
        for number, item in enumerate(value):
            yield from _embedded(shape.element, item, f"{at}[{number}]")
    if not isinstance(value, dict):
        return
    for key in ("apiVersion", "kind") if shape.embedded else ():
        if not value.get(key):
            yield required(f"{at}.{key}")
    for key, item in value.items():
        inner = shape.fields.get(key) or shape.element
        if inner is not None and isinstance(item, dict | list):
            yield from _embedded(inner, item, f"{at}.{key}" if at else key)


def _any_rules(shape: Shape) -> bool:
    below = [*shape.fields.values(), *([shape.element] if shape.element else [])]
    return bool(shape.rules.get("x-kubernetes-validations")) or any(map(_any_rules, below))


def _ruled(shape: Shape, value: Any, old: Any, at: str) -> Iterator[Cause]:
    for rule in shape.rules.get("x-kubernetes-validations") or ():
        cause = _evaluated(rule, value, old, at)
        if cause is not None:
            yield cause
    if isinstance(value, dict) and shape.kind == "struct":
        before = old if isinstance(old, dict) else {}
        for key, inner in shape.fields.items():
            if key in value:
                yield from _ruled(inner, value[key], before.get(key), f"{at}.{key}" if at else key)
    elif isinstance(value, dict) and shape.element is not None:
        before = old if isinstance(old, dict) else {}
        for key, item in value.items():
            yield from _ruled(shape.element, item, before.get(key), f"{at}[{key}]")
    elif isinstance(value, list) and shape.element is not None:
        for number, item in enumerate(value):
            yield from _ruled(shape.element, item, None, f"{at}[{number}]")


def _evaluated(rule: dict[str, Any], value: Any, old: Any, at: str) -> Cause | None:
    text = rule["rule"]
    changes = "oldSelf" in text
    if changes and old is None and not rule.get("optionalOldSelf"):
        return None
    variables = ("self", "oldSelf") if changes else ("self",)
    bindings = {"self": value, "oldSelf": old} if changes else {"self": value}
    try:
        if cel.compile(text, variables=variables).evaluate(bindings):
            return None
    except errors.RoadsteadError as error:
        return invalid(at, value, f"{error}")
    return invalid(at or "<nil>", value, rule.get("message") or f"failed rule: {text}")
