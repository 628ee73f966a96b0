"""Objects and steps of JSON patches as CEL of mutating policies writes them, made maps, for the CEL library knows neither.

`Object.spec{replicas: 0}` becomes `{"@type": "Object.spec", "replicas": 0}`, and `jsonpatch.escapeKey(x)` what it does.
Values that come of it lose `@type` by `plain`. Pure.
"""

import re
from collections.abc import Iterator
from typing import Any

TYPE = "@type"
_TOKEN = re.compile(
    r"(?P<text>[rRbB]{0,2}(?:\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'))"
    r"|(?P<comment>//[^\n]*)"
    r"|(?P<made>(?<![\w.])(?:Object(?:\s*\.\s*[A-Za-z_]\w*)*|JSONPatch)\s*\{)"
    r"|(?P<escape>(?<![\w.])jsonpatch\s*\.\s*escapeKey\s*\()"
    r"|(?P<field>(?:`[^`]*`|[A-Za-z_]\w*)\s*:(?!:))"
    r"|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<other>[\s\S])"
)
_MAP, _OBJECT, _ESCAPE = "map", "object", "escape"
_ESCAPED = ').replace("~", "~0").replace("/", "~1")'


def translated(expression: str) -> str:
    return "".join(_parts(expression))


def _parts(expression: str) -> Iterator[str]:
    within: list[str] = []  # brackets that are open
    begins = False  # whether a field's name may stand here
    for token in _TOKEN.finditer(expression):
        text, sort = token[0], token.lastgroup
        if sort == "made":
            within.append(_OBJECT)
            kind = re.sub(r"\s", "", text).removesuffix("{")
            rest = expression[token.end() :].lstrip()
            yield f'{{"{TYPE}": "{kind}"' + ("" if rest.startswith("}") else ", ")
        elif sort == "escape":
            within.append(_ESCAPE)
            yield "("
        elif sort == "field" and begins and within and within[-1] == _OBJECT:
            yield f'"{text.rstrip(":").strip().strip("`")}":'
        elif sort == "other" and text in "{[(":
            within.append(_MAP)
            yield text
        elif sort == "other" and text in "}])":
            yield _ESCAPED if within and within.pop() == _ESCAPE else text
        else:
            yield text
        if sort != "comment" and not text.isspace() and text != "?":
            begins = sort == "made" or text == ","


def mismatches(value: Any, name: str) -> Iterator[str]:
    """Objects whose type is not the path of fields that they stand at; `name`: the type of the first."""
    if isinstance(value, list):
        for each in value:
            yield from mismatches(each, name)
    elif isinstance(value, dict):
        kind = value.get(TYPE)
        if kind is not None and kind != name:
            yield (
                f'unexpected type name "{kind}", expected "{name}", which matches field name path from root Object type'
            )
        for key, each in value.items():
            if key != TYPE:
                yield from mismatches(each, f"{name}.{key}" if kind is not None else name)


def plain(value: Any) -> Any:
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items() if key != TYPE}
    return value
