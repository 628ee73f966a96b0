"""Definitions of custom kinds: their names, versions and schemas, as strict as the server about what is structural."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs

from roadstead.language import cel
from roadstead.model import errors
from roadstead.sim.rules import hooks, names
from roadstead.sim.schema import structural
from roadstead.sim.schema.requiring import Cause, forbidden, invalid, required, unsupported

Value = dict[str, Any]
TYPES = ("array", "boolean", "integer", "number", "object", "string")
COLUMNS = ("boolean", "date", "integer", "number", "string")
LISTS = ("atomic", "map", "set")
FREE = "x-kubernetes-preserve-unknown-fields"
EITHER = "x-kubernetes-int-or-string"


def causes(value: Value, old: Value | None) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    given, group = spec.get("names") or {}, spec.get("group", "")
    name = value["metadata"].get("name", "")
    if name != f"{given.get('plural', '')}.{group}":
        yield invalid("metadata.name", name, 'must be spec.names.plural+"."+spec.group')
    if not group:
        yield required("spec.group")
    elif not names.SUBDOMAIN.fullmatch(group):
        yield invalid("spec.group", group, names.SUBDOMAIN_TEXT)
    elif "." not in group:
        yield invalid("spec.group", group, "should be a domain with at least one dot")
    if not spec.get("scope"):
        yield required("spec.scope")
    elif spec["scope"] not in ("Cluster", "Namespaced"):
        yield unsupported("spec.scope", spec["scope"], ("Cluster", "Namespaced"))
    yield from _names(given)
    yield from _versions(spec.get("versions") or [])
    yield from hooks.conversion(spec.get("conversion") or {}, "spec.conversion")
    if old is not None:
        for key in ("scope", "group"):
            if old["spec"].get(key) != spec.get(key):
                yield invalid(f"spec.{key}", spec.get(key), "field is immutable")


def _names(given: Value) -> Iterator[Cause]:
    for key in ("plural", "singular", "kind", "listKind"):
        text = given.get(key, "")
        if not text:
            yield required(f"spec.names.{key}")
        elif not names.LABEL_1035.fullmatch(text.lower() if key in ("kind", "listKind") else text):
            yield invalid(f"spec.names.{key}", text, names.LABEL_1035_TEXT)
    for key in ("shortNames", "categories"):
        for number, text in enumerate(given.get(key) or ()):
            if not names.LABEL_1035.fullmatch(text):
                yield invalid(f"spec.names.{key}[{number}]", text, names.LABEL_1035_TEXT)
    if given.get("kind") and given.get("kind") == given.get("listKind"):
        yield invalid("spec.names.listKind", given["listKind"], "kind and listKind may not be the same")


def _versions(versions: list[Value]) -> Iterator[Cause]:
    if not versions:
        yield required("spec.versions", "must have exactly one version marked as storage version")
    elif sum(bool(each.get("storage")) for each in versions) != 1:
        yield invalid("spec.versions", versions, "must have exactly one version marked as storage version")
    seen: set[str] = set()
    for number, version in enumerate(versions):
        at = f"spec.versions[{number}]"
        name = version.get("name", "")
        if not names.LABEL_1035.fullmatch(name):
            yield invalid(f"{at}.name", name, names.LABEL_1035_TEXT)
        if name in seen:
            yield invalid("spec.versions", versions, "must contain unique version names")
        seen.add(name)
        if version.get("deprecationWarning") is not None and not version.get("deprecated"):
            yield invalid(
                f"{at}.deprecationWarning",
                version["deprecationWarning"],
                "can only be set for deprecated versions",
            )
        yield from _below(version.get("subresources") or {}, f"{at}.subresources")
        yield from _columns(version.get("additionalPrinterColumns") or (), f"{at}.additionalPrinterColumns")
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        place = f"{at}.schema.openAPIV3Schema"
        if schema is None:
            yield required(place, "schemas are required")
            continue
        yield from _selected(version.get("selectableFields") or (), schema, f"{at}.selectableFields")
        if schema.get("type") not in ("object", "", None):
            yield invalid(f"{place}.type", schema["type"], "must be object at the root")
        elif not schema.get("type") and not schema.get("x-kubernetes-preserve-unknown-fields"):
            yield required(f"{place}.type", "must not be empty at the root")
        yield from schemas(schema, place)


def _below(found: Value, at: str) -> Iterator[Cause]:
    scale = found.get("scale")
    if scale is None:
        return
    for key, root in (("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")):
        path = scale.get(key, "")
        if not path:
            yield required(f"{at}.scale.{key}")
        elif not path.startswith(root):
            yield invalid(f"{at}.scale.{key}", path, f"should be a json path under {root[:-1]}")


def _columns(found: Any, at: str) -> Iterator[Cause]:
    for number, column in enumerate(found):
        for key in ("name", "type", "jsonPath"):
            if not column.get(key):
                yield required(f"{at}[{number}].{key}")
        if column.get("type") and column["type"] not in COLUMNS:
            yield invalid(f"{at}[{number}].type", column["type"], f"must be one of {','.join(COLUMNS)}")
        if column.get("jsonPath") and not column["jsonPath"].startswith("."):
            yield invalid(f"{at}[{number}].jsonPath", column["jsonPath"], "is not a simple json path")


def _selected(found: Any, schema: Value, at: str) -> Iterator[Cause]:
    for number, field in enumerate(found):
        path, inner = field.get("jsonPath", ""), schema
        if not path:
            yield required(f"{at}[{number}].jsonPath")
            continue
        for part in path.removeprefix(".").split("."):
            inner = (inner.get("properties") or {}).get(part) or {}
        if inner.get("type") not in ("boolean", "integer", "string"):
            yield invalid(
                f"{at}[{number}].jsonPath", path, "is an invalid path: does not refer to a valid field"
            )


def schemas(schema: Value, at: str, *, root: bool = True) -> Iterator[Cause]:
    """One node of a schema and all beneath it."""
    kind = schema.get("type") or ""
    if kind and kind not in TYPES:
        yield unsupported(f"{at}.type", kind, TYPES)
    elif not kind and not root and not schema.get(FREE) and not schema.get(EITHER):
        yield required(f"{at}.type", "must not be empty for specified object fields")
    if schema.get(EITHER) and kind:
        yield invalid(f"{at}.type", kind, f"must be empty if {EITHER} is true")
    if schema.get(FREE) is False:
        yield invalid(f"{at}.{FREE}", False, "must be true or undefined")
    if schema.get("properties") and schema.get("additionalProperties"):
        yield forbidden(
            f"{at}.additionalProperties", "additionalProperties and properties are mutual exclusive"
        )
    if schema.get("uniqueItems"):
        yield forbidden(
            f"{at}.uniqueItems",
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
        )
    if "pattern" in schema and not _is_pattern(schema["pattern"]):
        yield invalid(f"{at}.pattern", schema["pattern"], "must be a valid regular expression")
    yield from _list_type(schema, at)
    if schema.get("x-kubernetes-map-type") not in (None, "", "atomic", "granular"):
        yield unsupported(
            f"{at}.x-kubernetes-map-type", schema["x-kubernetes-map-type"], ("atomic", "granular")
        )
    elif schema.get("x-kubernetes-map-type") and kind != "object":
        yield invalid(f"{at}.type", kind, "must be object if x-kubernetes-map-type is specified")
    if schema.get("x-kubernetes-embedded-resource"):
        if kind != "object":
            yield invalid(f"{at}.type", kind, "must be object if x-kubernetes-embedded-resource is true")
        if not schema.get("properties") and not schema.get(FREE):
            yield required(
                f"{at}.properties",
                f"must not be empty if x-kubernetes-embedded-resource is true without {FREE}",
            )
    yield from _nested(schema, at)
    yield from _values(schema, at)


def _list_type(schema: Value, at: str) -> Iterator[Cause]:
    kind, sort = schema.get("type"), schema.get("x-kubernetes-list-type")
    items = schema.get("items")
    keys = schema.get("x-kubernetes-list-map-keys") or ()
    if kind == "array" and not isinstance(items, dict):
        yield required(f"{at}.items", "must be specified")
    if keys and sort != "map":
        why = "must be map if x-kubernetes-list-map-keys is non-empty"
        yield required(f"{at}.x-kubernetes-list-type", why)
    if sort is None:
        return
    if sort not in LISTS:
        yield unsupported(f"{at}.x-kubernetes-list-type", sort, LISTS)
    if kind != "array":
        yield invalid(f"{at}.type", kind or "", "must be array if x-kubernetes-list-type is specified")
    items = items if isinstance(items, dict) else {}
    if sort == "map":
        yield from _keyed(keys, items, at)
    if sort == "set" and items.get("nullable"):
        yield forbidden(f"{at}.items.nullable", "cannot be nullable when x-kubernetes-list-type is set")


def _keyed(keys: Any, items: Value, at: str) -> Iterator[Cause]:
    if not keys:
        why = "must not be empty if x-kubernetes-list-type is map"
        yield required(f"{at}.x-kubernetes-list-map-keys", why)
    if items.get("type") != "object":
        why = "must be object if parent array's x-kubernetes-list-type is map"
        yield invalid(f"{at}.items.type", items.get("type", ""), why)
    for key in keys:
        found = (items.get("properties") or {}).get(key)
        if found is None:
            why = "entries must all be names of item properties"
            yield invalid(f"{at}.x-kubernetes-list-map-keys", key, why)
        elif key not in (items.get("required") or ()) and "default" not in found:
            why = "a key of the list must have a default or be required"
            yield required(f"{at}.items.properties[{key}].default", why)


PATH = re.compile(r"\b(?:self|oldSelf)((?:\.[a-zA-Z]\w*)+)(\()?")
LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"")
OF_OBJECTS = ("apiVersion", "kind", "metadata")


def _undeclared(rule: str, schema: Value) -> Iterator[str]:
    """Fields that a rule asks for and its schema does not have."""
    for written, called in PATH.findall(LITERAL.sub("''", rule)):
        parts, inner = written.strip(".").split("."), schema
        for part in parts[:-1] if called else parts:
            properties = inner.get("properties")
            if not isinstance(properties, dict) or part in OF_OBJECTS or "__" in part:
                break
            if part not in properties:
                yield part
                break
            inner = properties[part]


def _nested(schema: Value, at: str) -> Iterator[Cause]:
    for key, each in (schema.get("properties") or {}).items():
        if isinstance(each, dict) and not (key == "metadata" and at.endswith("openAPIV3Schema")):
            yield from schemas(each, f"{at}.properties[{key}]", root=False)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from schemas(schema[key], f"{at}.{key}", root=False)
    for number, rule in enumerate(schema.get("x-kubernetes-validations") or ()):
        place = f"{at}.x-kubernetes-validations[{number}]"
        text = rule.get("rule", "")
        if not text.strip():
            yield required(f"{place}.rule", "rule is not specified")
            continue
        try:
            cel.compile(text, variables=("self", "oldSelf") if "oldSelf" in text else ("self",))
        except errors.RoadsteadError as error:
            yield invalid(f"{place}.rule", text, f"compilation failed: {error}")
        for name in _undeclared(text, schema):
            yield invalid(f"{place}.rule", text, f"compilation failed: undefined field '{name}'")
        if "message" in rule and not rule["message"].strip():
            yield invalid(f"{place}.message", rule["message"], "message must be non-empty if specified")


def _values(schema: Value, at: str) -> Iterator[Cause]:
    if schema.get("default") is not None and not structural.accepts(schema, schema["default"]):
        yield invalid(f"{at}.default", schema["default"], "must be valid by its own schema")


def _is_pattern(text: str) -> bool:
    """As the real server reads them, where flags may stand anywhere."""
    try:
        re.compile(structural.portable(text))
        jsonschema_rs.Draft7Validator({"pattern": structural.portable(text)})
    except (re.error, ValueError):
        return False
    return True
