"""YAML and JSON as Kubernetes reads them, and YAML that Kubernetes' readers read back unchanged.

Values are plain: dict with string keys, list, str, bool, int within 64 bits, float with a fraction or
beyond them, None. JSON files take the same functions. What objects mean is no business of this module.
Every error is one Problem with reason BadYaml and its place.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from yaml.error import YAMLError

from roadstead.language import numbers, paths, yaml_reader, yaml_writer
from roadstead.model import errors, reasons

_JSON_SPACE = re.compile(r"[ \t\r\n]*")


def load_all(data: bytes | str, *, file: str = "") -> list[Any]:
    """The documents of a stream; empty ones are dropped."""
    return [value for value, _ in _documents(_bytes(data, file), file) if value is not None]


def read(data: bytes | str, *, file: str = "") -> "list[Document]":
    """As `load_all`, with the places of what was read."""
    text = _Text(_bytes(data, file), file)
    return [
        Document(value, line, text, index)
        for index, (value, line) in enumerate(_documents(text.data, file))
        if value is not None
    ]


def dump(value: Any) -> str:
    return yaml_writer.dump_all([value], separated=False)


def dump_all(values: Iterable[Any]) -> str:
    """Each document starts with `---`."""
    return yaml_writer.dump_all(values, separated=True)


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file. `line` is where its content starts."""

    value: Any
    line: int
    _text: "_Text" = field(repr=False, compare=False)
    _index: int = field(repr=False, compare=False)

    def place(self, path: tuple[str | int, ...] = ()) -> errors.Place:
        """Where the key or item at `path` stands, or its nearest ancestor that is written there."""
        marks: yaml_reader.Marks = {(): (self.line, 1)}
        if self._text.marks:
            marks = self._text.marks[self._index]
        known = next(path[:end] for end in range(len(path), -1, -1) if path[:end] in marks)
        line, column = marks[known]
        return errors.Place(self._text.file, line, column, paths.text(path))


class _Text:
    """A file's bytes, and the places in it: found once, when the first error asks for them."""

    def __init__(self, data: bytes, file: str) -> None:
        self.data = data
        self.file = file

    @cached_property
    def marks(self) -> list[yaml_reader.Marks]:
        """Empty for the little JSON that is no YAML (a stream of objects, some characters in strings)."""
        try:
            return yaml_reader.positions(self.data)
        except YAMLError:
            return []


def _bytes(data: bytes | str, file: str) -> bytes:
    if isinstance(data, bytes):
        return data
    try:
        return data.encode()
    except UnicodeEncodeError as cause:
        problem = errors.Problem(reasons.BAD_YAML, f"not UTF-8: {cause.reason}", place=errors.Place(file))
        raise errors.error(problem) from cause


def _documents(raw: bytes, file: str) -> list[tuple[Any, int]]:
    """Values and the lines where they start. What is not clean JSON is YAML, which also words the errors."""
    if raw[:64].lstrip()[:1] == b"{":
        try:
            return _json_stream(raw.decode())
        except (ValueError, RecursionError):
            pass
    return yaml_reader.documents(raw, file)


def _json_stream(text: str) -> list[tuple[Any, int]]:
    found: list[tuple[Any, int]] = []
    line, counted, position = 1, 0, _after_space(text, 0)
    while position < len(text):
        line, counted = line + text.count("\n", counted, position), position
        value, position = _DECODER.raw_decode(text, position)
        found.append((value, line))
        position = _after_space(text, position)
    return found


def _after_space(text: str, position: int) -> int:
    space = _JSON_SPACE.match(text, position)
    return space.end() if space else position


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise ValueError("a key stands twice")
    return out


def _integer(text: str) -> int | float:
    return numbers.settle(int(text))


def _float(text: str) -> int | float:
    return numbers.settle(float(text))


def _no_constant(text: str) -> float:
    raise ValueError(f"no JSON number: {text}")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_float, parse_constant=_no_constant
)
