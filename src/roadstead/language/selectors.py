"""Selecting clusters (or anything with a name and labels): documents' selectors and kubectl's `-l` text.

A selector never selects everything by being empty: that takes `all: true`. All conditions written in one
selector must hold; `except` takes away what it matches. NotIn and DoesNotExist hold where the label is
missing, as in Kubernetes. Which clusters exist, and whether a selector should match any, is the caller's.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NoReturn

from msgspec import Struct

from roadstead.language import nearest
from roadstead.model import errors, reasons


class Operator(StrEnum):
    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


class Expression(Struct, frozen=True):
    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        if self.operator is Operator.IN:
            return labels.get(self.key) in self.values
        if self.operator is Operator.NOT_IN:
            return labels.get(self.key) not in self.values
        return (self.key in labels) is (self.operator is Operator.EXISTS)

    def __str__(self) -> str:
        if self.operator is Operator.EXISTS:
            return self.key
        if self.operator is Operator.DOES_NOT_EXIST:
            return f"!{self.key}"
        word = "in" if self.operator is Operator.IN else "notin"
        return f"{self.key} {word} ({','.join(self.values)})"


class Selector(Struct, frozen=True):
    """Made by `parse` or `parse_labels`; built directly, it must hold at least one condition or `all`."""

    all: bool = False
    names: tuple[str, ...] = ()
    match_labels: tuple[tuple[str, str], ...] = ()
    match_expressions: tuple[Expression, ...] = ()
    exception: "Selector | None" = None

    def matches(self, name: str, labels: Mapping[str, str]) -> bool:
        return (
            (self.all or bool(self.names or self.match_labels or self.match_expressions))
            and (not self.names or name in self.names)
            and all(labels.get(key) == value for key, value in self.match_labels)
            and all(expression.matches(labels) for expression in self.match_expressions)
            and not (self.exception is not None and self.exception.matches(name, labels))
        )

    def label_text(self) -> str:
        """The conditions on labels as the API server and `-l` take them; names cannot be told that way."""
        return ",".join(
            [*(f"{key}={value}" for key, value in self.match_labels), *map(str, self.match_expressions)]
        )

    def __str__(self) -> str:
        """For people: `tier=production except prod-us-9`."""
        parts = (
            ["all"] if self.all else [part for part in (" or ".join(self.names), self.label_text()) if part]
        )
        return ", ".join(parts) + (f" except {self.exception}" if self.exception else "")


class Index:
    """Many selectors over one set of clusters: each label becomes a set once, each selector one set."""

    def __init__(self, clusters: Mapping[str, Mapping[str, str]]) -> None:
        """`clusters`: labels by name."""
        self._names = frozenset(clusters)
        self._by_label: dict[str, dict[str, set[str]]] = {}
        for name, labels in clusters.items():
            for key, value in labels.items():
                self._by_label.setdefault(key, {}).setdefault(value, set()).add(name)
        self._selected: dict[Selector, frozenset[str]] = {}

    def select(self, selector: Selector) -> frozenset[str]:
        found = self._selected.get(selector)
        if found is None:
            found = self._selected[selector] = self._evaluate(selector)
        return found

    def _evaluate(self, selector: Selector) -> frozenset[str]:
        if not (selector.all or selector.names or selector.match_labels or selector.match_expressions):
            return frozenset()
        found = self._names.intersection(selector.names) if selector.names else self._names
        for key, value in selector.match_labels:
            found &= self._by_label.get(key, {}).get(value, frozenset())
        for expression in selector.match_expressions:
            matching = self._with_label(expression)
            taken = expression.operator in (Operator.IN, Operator.EXISTS)
            found = found & matching if taken else found - matching
        return found - self.select(selector.exception) if selector.exception else found

    def _with_label(self, expression: Expression) -> frozenset[str]:
        """Those that have the label; with one of the values, if the operator wants values."""
        by_value = self._by_label.get(expression.key, {})
        if expression.operator in (Operator.EXISTS, Operator.DOES_NOT_EXIST):
            return frozenset().union(*by_value.values())
        return frozenset().union(*(by_value.get(value, ()) for value in expression.values))


_FIELDS = ("all", "names", "matchLabels", "matchExpressions", "except")
_KEY = re.compile(
    r"(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
)
_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")


def parse(document: object) -> Selector:
    """A selector as documents write it. Raises UsageError(BadSelector); the caller adds the place."""
    if not isinstance(document, Mapping) or not document:
        _refuse("an empty selector selects nothing; write all: true for everything")
    for field in document:
        if field not in _FIELDS:
            _refuse(f"unknown field: {field}", hint=nearest.hint(str(field), _FIELDS))
    names = _texts(document.get("names", []), "names")
    labels = _labels(document.get("matchLabels", {}))
    expressions = tuple(_expression(item) for item in _items(document.get("matchExpressions", [])))
    everything = document.get("all", False)
    if everything not in (True, False) or ("all" in document and not everything):
        _refuse(f"all can only be true: {everything}")
    if everything and (names or labels or expressions):
        _refuse("all: true stands beside other conditions")
    if not (everything or names or labels or expressions):
        _refuse(f"the selector holds no condition: {', '.join(map(str, document))}")
    exception = parse(document["except"]) if "except" in document else None
    if exception is not None and exception.exception is not None:
        _refuse("except stands inside except")
    return Selector(bool(everything), names, labels, expressions, exception)


def parse_labels(text: str) -> Selector:
    """kubectl's `-l`: `a=b,c!=d,e in (x,y),f notin (z),g,!h`. Raises UsageError(BadSelector)."""
    expressions: list[Expression] = []
    labels: list[tuple[str, str]] = []
    for part in _requirements(text):
        if match := re.fullmatch(r"(\S+?)\s+(in|notin)\s*\(([^()]*)\)", part):
            values = tuple(_value(value.strip()) for value in match[3].split(","))
            operator = Operator.IN if match[2] == "in" else Operator.NOT_IN
            expressions.append(Expression(_key(match[1]), operator, values))
        elif match := re.fullmatch(r"([^=!\s]+)\s*(==?|!=)\s*(\S*)", part):
            if match[2] == "!=":
                expressions.append(Expression(_key(match[1]), Operator.NOT_IN, (_value(match[3]),)))
            else:
                labels.append((_key(match[1]), _value(match[3])))
        elif part.startswith("!"):
            expressions.append(Expression(_key(part[1:].strip()), Operator.DOES_NOT_EXIST))
        else:
            expressions.append(Expression(_key(part), Operator.EXISTS))
    return Selector(match_labels=tuple(labels), match_expressions=tuple(expressions))


def _requirements(text: str) -> list[str]:
    parts = [part.strip() for part in re.split(r",(?![^()]*\))", text)]
    if not all(parts):
        _refuse(f"a label selector with an empty part: {text!r}")
    return parts


def _labels(written: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(written, Mapping):
        _refuse(f"matchLabels is no mapping: {written}")
    return tuple((_key(key), _value(value)) for key, value in written.items())


def _expression(written: object) -> Expression:
    if not isinstance(written, Mapping) or not {"key", "operator"} <= written.keys() <= {
        "key",
        "operator",
        "values",
    }:
        _refuse(f"an expression has key, operator and values: {written}")
    if written["operator"] not in list(Operator):
        _refuse(f"unknown operator: {written['operator']}", hint=f"use one of {', '.join(Operator)}")
    operator = Operator(written["operator"])
    values = _texts(written.get("values", []), "values")
    if bool(values) is not (operator in (Operator.IN, Operator.NOT_IN)):
        _refuse(f"{operator} {'takes no' if values else 'needs'} values: {written['key']}")
    return Expression(_key(written["key"]), operator, tuple(_value(value) for value in values))


def _items(written: object) -> Sequence[object]:
    if not isinstance(written, list):
        _refuse(f"matchExpressions is no list: {written}")
    return written


def _texts(written: object, field: str) -> tuple[str, ...]:
    if not isinstance(written, (list, tuple)) or not all(isinstance(item, str) and item for item in written):
        _refuse(f"{field} is no list of strings: {written}")
    return tuple(written)


def _key(key: object) -> str:
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        _refuse(f"not a label key: {key}")
    return key


def _value(value: object) -> str:
    if not isinstance(value, str):
        _refuse(f"a label value is a string: {value}", hint="quote it")
    if not _VALUE.fullmatch(value):
        _refuse(f"not a label value: {value}")
    return value


def _refuse(cause: str, *, hint: str = "") -> NoReturn:
    raise errors.error(errors.Problem(reasons.BAD_SELECTOR, cause, hint=hint or reasons.BAD_SELECTOR.remedy))
