"""JSON Schema of the documents, for editors and for `roadstead schema`.

Made from the same models as the checks. What needs several documents to judge is not in it.
"""

from typing import Any

from roadstead.stages.fleet import documents

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILE = ".roadstead/schema.json"


def schema(kind: str) -> dict[str, Any]:
    """Of documents of one kind."""
    return {"$schema": _DIALECT, "title": kind, **_of(kind)}


def every_kind() -> dict[str, Any]:
    """Of a document of any kind: editors then judge each by its own `kind`."""
    definitions: dict[str, Any] = {}
    for kind in documents.KINDS:
        found = _of(kind)
        definitions.update(found.pop("$defs", {}))
        definitions[kind] = found
    return {
        "$schema": _DIALECT,
        "title": "A document of a fleet repository",
        "type": "object",
        "required": ["apiVersion", "kind", "metadata"],
        "properties": {
            "apiVersion": {"const": documents.API_VERSION},
            "kind": {"enum": list(documents.KINDS)},
        },
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": {"$ref": f"#/$defs/{kind}"},
            }
            for kind in documents.KINDS
        ],
        "$defs": definitions,
    }


def hint(file: str) -> str:
    """The first line of a document in `file` by which editors find the schema that `init` writes."""
    return f"# yaml-language-server: $schema={'../' * file.count('/')}{FILE}"


def _of(kind: str) -> dict[str, Any]:
    return _plain(documents.KINDS[kind].model_json_schema(by_alias=True))


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Without what says nothing: titles that repeat names, null (an absent field), empty defaults."""
    found = {key: item for key, item in schema.items() if key != "title"}
    for key in ("properties", "patternProperties", "$defs"):
        if key in found:
            found[key] = {name: _plain(item) for name, item in found[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(found.get(key), dict):
            found[key] = _plain(found[key])
    if "patternProperties" in found:
        found["additionalProperties"] = False
    if "default" in found and _says_nothing(found["default"]):
        del found["default"]
    choices = [_plain(one) for one in found.pop("anyOf", ()) if one != {"type": "null"}]
    if len(choices) == 1:
        return {**choices[0], **found}
    return {**found, "anyOf": choices} if choices else found


def _says_nothing(default: object) -> bool:
    """Empty, or a mapping whose fields tell their own defaults."""
    return default is None or default == "" or isinstance(default, dict) or default == []
