"""Label selectors in a query, as the server reads them: with its operators, `gt` and `lt` too, and its complaints."""

import re
from collections.abc import Callable, Mapping

from msgspec import Struct

from roadstead.sim import status
from roadstead.sim.rules import names

TOKEN = re.compile(r"\s*(==|!=|[=!(),<>]|[^=!(),<>\s]+)")
SPECIAL = set("=!(),<>") | {"==", "!="}
OPERATORS = ("in", "notin", "=", "==", "!=", "<", ">")
END = ""
LONGEST = 63


class Requirement(Struct, frozen=True):
    key: str
    operator: str  # one of OPERATORS, "exists" or "!"
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        return _MATCHES[self.operator](self, labels.get(self.key))


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d+", text, re.ASCII) is not None


def _beyond(requirement: Requirement, value: str | None) -> int:
    """How far the value is above the one wanted; 0 for what is no number."""
    if value is None or not _is_number(value):
        return 0
    return int(value) - int(next(iter(requirement.values)))


_MATCHES: dict[str, Callable[[Requirement, str | None], bool]] = {
    "exists": lambda wanted, value: value is not None,
    "!": lambda wanted, value: value is None,
    **dict.fromkeys(("in", "=", "=="), lambda wanted, value: value in wanted.values),
    **dict.fromkeys(("notin", "!="), lambda wanted, value: value not in wanted.values),
    ">": lambda wanted, value: _beyond(wanted, value) > 0,
    "<": lambda wanted, value: _beyond(wanted, value) < 0,
}


def parse(text: str) -> tuple[Requirement, ...]:
    """Raises ApiError(400) in the server's words."""
    return tuple(_Parser(text).all())


class _Unparsed(Exception):
    """What is wrong with one requirement."""


class _Parser:
    def __init__(self, text: str) -> None:
        self.left = TOKEN.findall(text)[::-1]

    def next(self) -> str:
        return self.left[-1] if self.left else END

    def take(self) -> str:
        return self.left.pop() if self.left else END

    def all(self) -> list[Requirement]:
        found: list[Requirement] = []
        while self.next() != END:
            if not _named(self.next()) and self.next() != "!":
                raise _refused(self.next(), "!, identifier, or 'end of string'")
            try:
                found.append(self.one())
            except _Unparsed as wrong:
                raise status.bad_request(f"unable to parse requirement: {wrong}") from wrong
            after = self.take()
            if after not in (END, ","):
                raise _refused(after, "',' or 'end of string'")
            if after == "," and not _named(self.next()) and self.next() != "!":
                raise _refused(self.next(), "identifier after ','")
        return found

    def one(self) -> Requirement:
        absent = self.next() == "!"
        if absent:
            self.take()
        key = self.take()
        if not _named(key):
            raise _Unparsed(f"found '{key}', expected: identifier")
        problem = names.qualified_problem(key)
        if problem:
            raise _Unparsed(f'<nil>: Invalid value: "{key}": {problem}')
        if absent or self.next() in (END, ","):
            return Requirement(key, "!" if absent else "exists")
        operator = self.take()
        if operator not in OPERATORS:
            raise _Unparsed(f"found '{operator}', expected: in, notin, =, ==, !=, gt, lt")
        values = self.several() if operator in ("in", "notin") else [self.single()]
        _check(key, operator, values)
        return Requirement(key, operator, frozenset(values))

    def single(self) -> str:
        if self.next() in (END, ","):
            return ""
        value = self.take()
        if not _named(value):
            raise _Unparsed(f"found '{value}', expected: identifier")
        return value

    def several(self) -> list[str]:
        opened = self.take()
        if opened != "(":
            raise _Unparsed(f"found '{opened}' expected: '('")
        found, expected = [""], "',', ')' or identifier"
        while True:
            part = self.take()
            if part == ")":
                return found
            if part == ",":
                found.append("")
            elif _named(part) and found[-1] == "":
                found[-1] = part
            else:
                raise _Unparsed(f"found '{part}', expected: {expected}")
            expected = "',' or ')'"


def _named(token: str) -> bool:
    return token != END and token not in SPECIAL


def _check(key: str, operator: str, values: list[str]) -> None:
    if operator in ("<", ">") and not _is_number(values[0]):
        why = "for 'Gt', 'Lt' operators, the value must be an integer"
        raise _Unparsed(f'values[0]: Invalid value: "{values[0]}": {why}')
    for number, value in enumerate(values):
        if len(value) > LONGEST or not names.VALUE.fullmatch(value):
            problem = names.VALUE_TEXT if len(value) <= LONGEST else f"must be no more than {LONGEST} bytes"
            raise _Unparsed(f'values[{number}][{key}]: Invalid value: "{value}": {problem}')


def _refused(found: str, expected: str) -> status.ApiError:
    return status.bad_request(f"found '{found}', expected: {expected}")
