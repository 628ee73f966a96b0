"""Resource quantities as the server writes them: `1000m` becomes `1`, `1024Mi` becomes `1Gi`."""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

_WRITTEN = re.compile(
    r"([+-]?[0-9]*\.?[0-9]*)(m|u|n|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]+)?", re.ASCII
)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


class BadQuantityError(ValueError):
    """Not a quantity."""


def valid(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    try:
        _canonical(str(value))
    except BadQuantityError:
        return False
    return True


def canonical(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    try:
        return _canonical(str(value))
    except BadQuantityError:
        return value


def number(value: Any) -> Decimal:
    """For comparing. Raises BadQuantityError."""
    found = _WRITTEN.fullmatch(str(value))
    if not found or not any(character.isdigit() for character in found[1]):
        raise BadQuantityError(str(value))
    amount, suffix = Decimal(found[1]), found[2] or ""
    if suffix in _BINARY:
        return amount * (1 << _BINARY[suffix])
    return amount.scaleb(int(suffix[1:]) if suffix[:1] in ("e", "E") and suffix[1:] else _DECIMAL[suffix])


def added(left: str, right: str) -> str:
    """The sum, written in powers of two or of ten as the first is, unless that is nothing."""
    return _written(number(left) + number(right), left if number(left) else right)


def beyond(now: str, before: str) -> str:
    """By how much it has grown; nothing when it shrank."""
    return _written(max(number(now) - number(before), Decimal(0)), now)


def _written(amount: Decimal, like: str) -> str:
    text = f"{amount / 1024:f}Ki" if like.endswith("i") else f"{amount:f}"
    return _canonical(text)


@lru_cache(4096)
def _canonical(text: str) -> str:
    found = _WRITTEN.fullmatch(text)
    if not found or not any(character.isdigit() for character in found[1]):
        raise BadQuantityError(text)
    number, suffix = Decimal(found[1]), found[2] or ""
    if suffix in _BINARY:
        amount = number * (1 << _BINARY[suffix])
        if amount == amount.to_integral_value() and abs(amount) >= 1024:
            return _binary(int(amount))
        return _decimal(amount)
    if suffix[:1] in ("e", "E") and len(suffix) > 1:
        return _exponent(number, int(suffix[1:]))
    return _decimal(number.scaleb(_DECIMAL[suffix]))


def _binary(amount: int) -> str:
    for suffix, bits in sorted(_BINARY.items(), key=lambda item: -item[1]):
        if amount % (1 << bits) == 0 and amount:
            return f"{amount >> bits}{suffix}"
    return str(amount)


def _decimal(amount: Decimal) -> str:
    nano = int((amount.scaleb(9)).to_integral_value(rounding="ROUND_UP"))
    if nano == 0:
        return "0"
    exponent = -9
    while nano % 1000 == 0 and exponent < 18:
        nano //= 1000
        exponent += 3
    return f"{nano}{next(suffix for suffix, power in _DECIMAL.items() if power == exponent)}"


def _exponent(number: Decimal, exponent: int) -> str:
    amount = number.scaleb(exponent)
    power = 0
    while amount and amount == amount.to_integral_value() and int(amount) % 1000 == 0:
        amount = amount.scaleb(-3)
        power += 3
    return f"{int(amount)}e{power}" if power else _decimal(amount)
