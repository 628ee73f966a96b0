"""The reference page of all documents, rendered from their JSON Schemas: docs/reference/documents.md.

`python -m roadstead.stages.fleet.reference > docs/reference/documents.md` writes it anew; a test keeps it
current.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from roadstead.stages.fleet import documents, schema

_SHARED = {
    "Clusters": "Selection of clusters",
    "Target": "Target",
    "Patch": "Patch",
    "OtherVersion": "Other version",
}
_HEAD = """# The documents of a fleet repository

Made from the models that check them; do not edit. `roadstead schema KIND` prints the same for editors,
`roadstead validate` checks a repository.

In fields, `[]` is each item of a list and `NAME` any key of a mapping. A null is as good as an absent field.
"""

Schema = Mapping[str, Any]


def render() -> str:
    page = [_HEAD]
    for kind in documents.KINDS:
        found = schema.schema(kind)
        page.append(f"## {kind}\n\n{found['description']}\n\n{_table(found, found['$defs'])}")
    page.append("## Shared parts\n")
    definitions = schema.every_kind()["$defs"]
    for name, title in _SHARED.items():
        part = definitions[name]
        page.append(f"### {title}\n\n{part['description']}\n\n{_table(part, definitions)}")
    return "\n".join([*page, _formats()])


def _formats() -> str:
    lines = ["### Formats\n", "| type | is |", "| --- | --- |"]
    lines += [f"| {one.word} | {_cell(one.meaning)} |" for one in documents.FORMATS.values()]
    lines.append('| amount | a number, or a share such as "20%" |')
    lines.append('| time | RFC 3339 with its zone, as "2026-12-01T18:00Z" |')
    return "\n".join(lines) + "\n"


def _table(model: Schema, definitions: Schema) -> str:
    lines = ["| field | type | default | meaning |", "| --- | --- | --- | --- |"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in _rows(model, definitions, "")]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _rows(model: Schema, definitions: Schema, above: str) -> Iterator[tuple[str, str, str, str]]:
    """Field, type, default and meaning. The fields of a field's own model follow it; shared ones are linked."""
    for name, field in model["properties"].items():
        path = f"{above}.{name}" if above else name
        default = f"`{json.dumps(field['default'])}`" if "default" in field else ""
        inner, suffix, title = _inner(field, definitions)
        meaning = field.get("description") or inner.get("description", "")
        yield (
            f"`{path}`",
            _type(field, definitions),
            "required" if name in model.get("required", ()) else default,
            meaning,
        )
        if "properties" in inner and title not in _SHARED:
            yield from _rows(inner, definitions, path + suffix)


def _inner(field: Schema, definitions: Schema) -> tuple[Schema, str, str]:
    """The schema of a field's innermost values, how their path goes on, and the name of their model."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return definitions[name], "", name
    if "items" in field:
        found, suffix, name = _inner(field["items"], definitions)
        return found, f"[]{suffix}", name
    values = _values(field)
    if values is not None:
        found, suffix, name = _inner(values, definitions)
        return found, f".NAME{suffix}", name
    return field, "", ""


def _values(field: Schema) -> Schema | None:
    """The schema of a mapping's values."""
    if "patternProperties" in field:
        found: Schema = next(iter(field["patternProperties"].values()))
        return found
    more = field.get("additionalProperties")
    return more if isinstance(more, dict) else None


def _type(field: Schema, definitions: Schema) -> str:
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        if name in _SHARED:
            return f"[{_SHARED[name].lower()}](#{_SHARED[name].lower().replace(' ', '-')})"
        return _type(definitions[name], definitions)
    if "enum" in field:
        return " | ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if "items" in field:
        return f"list of {_type(field['items'], definitions)}"
    if (values := _values(field)) is not None:
        return f"mapping of {_type(values, definitions)}"
    if "anyOf" in field:
        return "amount"
    if field.get("format") == "date-time":
        return "time"
    if "pattern" in field:
        return documents.FORMATS[field["pattern"]].word
    kind: str = field.get("type", "any value")
    return "mapping" if kind == "object" else kind


if __name__ == "__main__":
    sys.stdout.write(render())
