"""Build values from YAML events, and find where in a text each of them stands.

PyYAML's C parser gives the events; which value they make is Go's yaml.v2 (see scalars.py), with one
wanted difference: a key that stands twice in one mapping is an error. Aliases are copied, never shared,
so that nobody who edits one place of a document edits two.
"""

from typing import Any

from yaml._yaml import CParser
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.reader import ReaderError

from roadstead.language import scalars
from roadstead.model import errors, reasons

Marks = dict[tuple[str | int, ...], tuple[int, int]]  # line and column, from 1, by path

MAX_DEPTH = 400  # levels of nesting; a manifest has some 20
MAX_ALIASED = 400_000  # values that aliases may add to one stream

_MERGE_TAG = "tag:yaml.org,2002:merge"
_TYPED = scalars.TYPED_START


def documents(data: bytes, file: str) -> list[tuple[Any, int]]:
    """Every document of a stream with the line where its content starts (from 1), nulls included."""
    builder = _Builder(data, file)
    try:
        return builder.stream()
    except YAMLError as cause:
        raise _syntax_error(cause, data, file) from cause


def positions(data: bytes) -> list[Marks]:
    """Line and column (from 1) of each key and item, by path, per document. What aliases stand for is
    left out. Only for text that `documents` has read."""
    parser: Any = CParser(data)
    found: list[Marks] = []
    while not isinstance(event := parser.get_event(), StreamEndEvent):
        if isinstance(event, DocumentStartEvent):
            found.append({})
            _mark(parser, parser.get_event(), (), found[-1])
    return found


def _mark(
    parser: Any,
    event: Any,
    path: tuple[str | int, ...],
    marks: Marks,
) -> None:
    marks.setdefault(path, (event.start_mark.line + 1, event.start_mark.column + 1))
    if isinstance(event, MappingStartEvent):
        while not isinstance(key := parser.get_event(), MappingEndEvent):
            name = _key(key) if isinstance(key, ScalarEvent) else "*"
            child = (*path, name)
            marks[child] = (key.start_mark.line + 1, key.start_mark.column + 1)
            _mark(parser, parser.get_event(), child, marks)
    elif isinstance(event, SequenceStartEvent):
        index = 0
        while not isinstance(item := parser.get_event(), SequenceEndEvent):
            _mark(parser, item, (*path, index), marks)
            index += 1


def _key(event: Any) -> str:
    text: str = event.value
    if event.tag is None and (not event.implicit[0] or (text and text[0] not in _TYPED)):
        return text
    return scalars.key(event.tag, text)


class _Builder:
    __slots__ = ("aliased", "anchors", "depth", "file", "get")

    def __init__(self, data: bytes, file: str) -> None:
        self.get: Any = CParser(data).get_event
        self.file = file
        self.anchors: dict[str, Any] = {}
        self.aliased = 0
        self.depth = 0

    def stream(self) -> list[tuple[Any, int]]:
        found = []
        while not isinstance(event := self.get(), StreamEndEvent):
            if not isinstance(event, DocumentStartEvent):
                continue
            if event.version or event.tags:
                raise self.error(event, "directives (%YAML, %TAG) are not read by Kubernetes")
            self.anchors.clear()
            event = self.get()
            found.append((self.node(event), event.start_mark.line + 1))
        return found

    def node(self, event: Any) -> Any:
        kind = event.__class__
        if kind is ScalarEvent:
            value = self.scalar(event)
            if event.anchor is not None:
                self.anchors[event.anchor] = value
            return value
        if kind is AliasEvent:
            return self.alias(event)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.error(event, f"nested deeper than {MAX_DEPTH} levels")
        if event.anchor is not None:
            self.anchors[event.anchor] = _OPEN
        value = self.mapping() if kind is MappingStartEvent else self.sequence()
        if event.anchor is not None:
            self.anchors[event.anchor] = value
        self.depth -= 1
        return value

    def scalar(self, event: Any) -> Any:
        text = event.value
        if event.tag is None:
            if not event.implicit[0] or (text and text[0] not in _TYPED):
                return text
            try:
                return scalars.plain(text)
            except ValueError as cause:
                raise self.error(event, str(cause)) from cause
        try:
            return scalars.tagged(event.tag, text)
        except ValueError as cause:
            raise self.error(event, str(cause)) from cause

    def sequence(self) -> list[Any]:
        items = []
        get, node = self.get, self.node
        while (event := get()).__class__ is not SequenceEndEvent:
            items.append(node(event))
        return items

    def mapping(self) -> dict[str, Any]:
        out: dict[str, Any] = {}
        written: dict[str, Any] | set[str] = out  # keys that stand here, not merged in
        get, node = self.get, self.node
        while (event := get()).__class__ is not MappingEndEvent:
            if event.__class__ is not ScalarEvent:
                key = self.alias_key(event)
            elif event.value == "<<" and (event.implicit[0] or event.tag == _MERGE_TAG):
                if written is out:
                    written = set(out)
                self.merge(get(), out)
                continue
            else:
                key = self.scalar_key(event)
            if key in written:
                raise self.error(event, f"the key stands twice in one mapping: {key}")
            out[key] = node(get())
            if written is not out:
                written.add(key)  # type: ignore[union-attr]  # a set from the first merge on
        return out

    def scalar_key(self, event: Any) -> str:
        try:
            key = _key(event)
        except ValueError as cause:
            raise self.error(event, str(cause)) from cause
        if event.anchor is not None:
            self.anchors[event.anchor] = self.scalar(event)
        return key

    def alias_key(self, event: Any) -> str:
        value = self.alias(event) if isinstance(event, AliasEvent) else None
        if isinstance(value, str):
            return value
        raise self.error(event, "a mapping key must be a scalar")

    def merge(self, event: Any, out: dict[str, Any]) -> None:
        """Go's merge keys: what is merged in overrides keys above it, and of a list the first wins."""
        if isinstance(event, SequenceStartEvent):
            parts = []
            while not isinstance(item := self.get(), SequenceEndEvent):
                if isinstance(item, SequenceStartEvent):
                    raise self.error(item, "<<: wants mappings")
                parts.append((item, self.node(item)))
            parts.reverse()
        else:
            parts = [(event, self.node(event))]
        for origin, part in parts:
            if not isinstance(part, dict):
                raise self.error(origin, "<<: wants a mapping or a list of mappings")
            out.update(part)

    def alias(self, event: Any) -> Any:
        try:
            value = self.anchors[event.anchor]
        except KeyError:
            raise self.error(event, f"no anchor of this name: {event.anchor}") from None
        if value is _OPEN:
            raise self.error(event, f"the anchor contains itself: {event.anchor}")
        return self.copy(value, event)

    def copy(self, value: Any, event: Any) -> Any:
        self.aliased += 1
        if self.aliased > MAX_ALIASED:
            raise self.error(event, f"aliases stand for more than {MAX_ALIASED} values")
        if isinstance(value, dict):
            return {key: self.copy(item, event) for key, item in value.items()}
        if isinstance(value, list):
            return [self.copy(item, event) for item in value]
        return value

    def error(self, event: Any, cause: str) -> errors.RoadsteadError:
        mark = event.start_mark
        return _bad_yaml(cause, errors.Place(self.file, mark.line + 1, mark.column + 1))


_OPEN = object()  # an anchor whose value is not complete yet


def _bad_yaml(cause: str, place: errors.Place) -> errors.RoadsteadError:
    return errors.error(errors.Problem(reasons.BAD_YAML, cause, place=place))


def _syntax_error(cause: YAMLError, data: bytes, file: str) -> errors.RoadsteadError:
    if isinstance(cause, ReaderError):
        line = data.count(b"\n", 0, cause.position) + 1
        return _bad_yaml(f"{cause.reason}: character {cause.character!r}", errors.Place(file, line))
    if isinstance(cause, MarkedYAMLError) and cause.problem_mark is not None:
        mark = cause.problem_mark
        words = ", ".join(str(part) for part in (cause.context, cause.problem) if part)
        return _bad_yaml(words, errors.Place(file, mark.line + 1, mark.column + 1))
    return _bad_yaml(str(cause), errors.Place(file))
