"""Kubernetes quantities (`500m`, `1.5Gi`, `1e3`) as exact numbers.

A server may store another spelling than the one sent; two spellings of one amount are equal.
"""

import re
from decimal import Decimal, localcontext

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,4}))?", re.ASCII)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def parse(text: str | int | float) -> Decimal:
    """The amount. Raises ValueError for what is no quantity."""
    match = _QUANTITY.fullmatch(str(text))
    if match is None or isinstance(text, bool):
        raise ValueError(f"not a quantity: {text}")
    number, suffix, exponent = match.groups()
    with localcontext() as exact:
        exact.prec = 100
        if suffix in _BINARY:
            return Decimal(number) * (1 << _BINARY[suffix])
        return Decimal(number).scaleb(int(exponent) if exponent else _DECIMAL.get(suffix, 0))


def equal(left: object, right: object) -> bool:
    """Whether both are the same amount, or simply the same."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if left == right:
        return True
    try:
        return parse(left) == parse(right)  # type: ignore[arg-type]  # other types have no quantity's spelling
    except ValueError:
        return False
