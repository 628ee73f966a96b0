"""Quantities (`quantity('1Gi')`) and versions (`semver('1.2.3')`): both can be compared."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from roadstead.language import numbers, quantities
from roadstead.language.cel_functions.declaration import OPAQUE, Function, accepts, unwrap, wrap

Opaque = Mapping[str, Any]

_QUANTITY = "kubernetes.Quantity"
_SEMVER = "kubernetes.Semver"
_VERSION = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?",
    re.ASCII,
)


def _parse(text: str) -> Decimal:
    try:
        return quantities.parse(text)
    except ValueError:
        raise ValueError("not a quantity") from None


def _quantity(amount: Decimal) -> Opaque:
    return wrap(_QUANTITY, format(amount.normalize(), "f"))


def _amount(value: Opaque) -> Decimal:
    return Decimal(unwrap(value, _QUANTITY))


def _is_integer(value: Opaque) -> bool:
    amount = _amount(value)
    return amount == amount.to_integral_value() and int(amount) in numbers.INT64


def _as_integer(value: Opaque) -> int:
    if not _is_integer(value):
        raise ValueError("not an integer of 64 bits")
    return int(_amount(value))


def _sign(value: Opaque) -> int:
    amount = _amount(value)
    return (amount > 0) - (amount < 0)


def _semver(text: str, normalize: bool = False) -> Opaque:
    version = _normal(text) if normalize else text
    if not _VERSION.fullmatch(version):
        raise ValueError("not a version like 1.2.3")
    return wrap(_SEMVER, version)


def _normal(text: str) -> str:
    """`v1.02` is 1.2.0 for those who ask for it."""
    core, mark, rest = re.match(r"v?([\d.]*)(.?)(.*)", text, re.ASCII | re.DOTALL).groups()  # type: ignore[union-attr]
    parts = [part.lstrip("0") or "0" for part in core.split(".")] if core else []
    return ".".join([*parts, *["0"] * (3 - len(parts))]) + mark + rest


def _parts(value: Opaque) -> re.Match[str]:
    match = _VERSION.fullmatch(unwrap(value, _SEMVER))
    assert match is not None, "made by _semver"
    return match


def _rank(value: Opaque) -> Any:
    """What quantities and versions are ordered by; a pre-release stands before its release."""
    if _SEMVER not in value:
        return _amount(value)
    match = _parts(value)
    core = tuple(int(match[part]) for part in (1, 2, 3))
    if match[4] is None:
        return core, 1, ()
    marks = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in match[4].split("."))
    return core, 0, marks


def _compare(left: Opaque, right: Opaque) -> int:
    if left.keys() != right.keys():
        raise ValueError(f"not comparable: {', '.join([*left, *right])}")
    return int(_rank(left) > _rank(right)) - int(_rank(left) < _rank(right))


FUNCTIONS = (
    Function("quantity", ("string",), OPAQUE, lambda text: _quantity(_parse(text)), member=False),
    Function("isQuantity", ("string",), "bool", accepts(_parse), member=False),
    Function("isInteger", (OPAQUE,), "bool", _is_integer),
    Function("asInteger", (OPAQUE,), "int", _as_integer),
    Function("asApproximateFloat", (OPAQUE,), "double", lambda value: float(_amount(value))),
    Function("sign", (OPAQUE,), "int", _sign),
    Function("add", (OPAQUE, OPAQUE), OPAQUE, lambda left, right: _quantity(_amount(left) + _amount(right))),
    Function("add", (OPAQUE, "int"), OPAQUE, lambda left, right: _quantity(_amount(left) + right)),
    Function("sub", (OPAQUE, OPAQUE), OPAQUE, lambda left, right: _quantity(_amount(left) - _amount(right))),
    Function("sub", (OPAQUE, "int"), OPAQUE, lambda left, right: _quantity(_amount(left) - right)),
    Function("semver", ("string",), OPAQUE, _semver, member=False),
    Function("semver", ("string", "bool"), OPAQUE, _semver, member=False),
    Function("isSemver", ("string",), "bool", accepts(_semver), member=False),
    Function(
        "isSemver",
        ("string", "bool"),
        "bool",
        lambda text, normalize: accepts(lambda it: _semver(it, normalize))(text),
        member=False,
    ),
    Function("major", (OPAQUE,), "int", lambda version: int(_parts(version)[1])),
    Function("minor", (OPAQUE,), "int", lambda version: int(_parts(version)[2])),
    Function("patch", (OPAQUE,), "int", lambda version: int(_parts(version)[3])),
    Function("compareTo", (OPAQUE, OPAQUE), "int", _compare),
    Function("isGreaterThan", (OPAQUE, OPAQUE), "bool", lambda left, right: _compare(left, right) > 0),
    Function("isLessThan", (OPAQUE, OPAQUE), "bool", lambda left, right: _compare(left, right) < 0),
)
