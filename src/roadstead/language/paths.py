"""Field paths: tuples of keys, indexes and list items, written as in kubectl's messages or as JSON pointers.

`spec.containers[name=web].image` names a list item by its merge keys, `spec.args[0]` by its index; a key that
is no plain word is quoted: `metadata.labels["app.kubernetes.io/name"]`.
"""

import json
import re
from typing import Any

from roadstead.model import errors, reasons

Item = tuple[tuple[str, Any], ...]  # the merge keys of a list item: (("name", "web"),)
Path = tuple[str | int | Item, ...]

_WORD = re.compile(r"[^.\[\]\"=,/\s]+")
_PART = re.compile(
    r'\.?([^.\[\]"=,/\s]+)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\[((?:[^\]"]|"(?:[^"\\]|\\.)*")+)\]'
)
_MERGE_KEY = re.compile(r'([^=,"]+)=("(?:[^"\\]|\\.)*"|[^,"]*)(?:,|$)')


def text(path: Path) -> str:
    written = ""
    for part in path:
        if isinstance(part, int):
            written += f"[{part}]"
        elif isinstance(part, tuple):
            written += "[" + ",".join(f"{key}={_value(value)}" for key, value in part) + "]"
        elif _WORD.fullmatch(part):
            written += f".{part}" if written else part
        else:
            written += f"[{_quoted(part)}]"
    return written


def parse(written: str) -> Path:
    """The inverse of `text`. Raises UsageError(BadArgument)."""
    found: list[str | int | Item] = []
    position = 0
    while position < len(written):
        match = _PART.match(written, position)
        if match is None or (match.start() == 0 and match[0].startswith(".")):
            raise _no_path(written)
        word, index, quoted, keys = match.groups()
        if keys is not None:
            found.append(_item(keys, written))
        else:
            found.append(word or (int(index) if index else json.loads(quoted)))
        position = match.end()
    return tuple(found)


def pointer(path: tuple[str | int, ...]) -> str:
    """RFC 6901."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def parse_pointer(written: str) -> tuple[str, ...]:
    """The keys of a JSON pointer; an index stays text: only the document tells it from a key.

    Raises UsageError(BadArgument).
    """
    if written and not written.startswith("/"):
        raise _no_path(written)
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in written.split("/")[1:])


def _value(value: Any) -> str:
    """Text as it is where it can be read back; numbers and booleans as JSON."""
    if isinstance(value, str):
        plain = _WORD.fullmatch(value.replace(".", "x").replace("/", "x")) and not _json_word(value)
        return value if plain else _quoted(value)
    return json.dumps(value)


def _json_word(value: str) -> bool:
    try:
        json.loads(value)
    except ValueError:
        return False
    return True


def _item(keys: str, written: str) -> Item:
    found: list[tuple[str, Any]] = []
    position = 0
    while position < len(keys):
        match = _MERGE_KEY.match(keys, position)
        if match is None:
            raise _no_path(written)
        found.append((match[1], json.loads(match[2]) if _json_word(match[2]) else match[2]))
        position = match.end()
    return tuple(found)


def _quoted(key: str) -> str:
    return json.dumps(key, ensure_ascii=False)


def _no_path(written: str) -> errors.RoadsteadError:
    return errors.error(errors.Problem(reasons.BAD_ARGUMENT, f"not a field path: {written}"))
