"""Numbers as Kubernetes keeps them: an integer where 64 bits hold it, else a double.

Kubernetes decodes YAML to JSON and JSON to int64 or float64; a double without fraction is therefore an
integer (1e3 is 1000, 1.0 is 1). Writing them is Go's encoding/json: the shortest digits that read back
equal, with an exponent only below 1e-6 and from 1e21 on.
"""

import math
from decimal import Decimal

INT64 = range(-(2**63), 2**63)
_EXACT = 2.0**53


def settle(number: int | float) -> int | float:
    """The number after Kubernetes decoded it. Raises ValueError for NaN and infinities: JSON has none."""
    if isinstance(number, float):
        if -_EXACT < number < _EXACT:
            return int(number) if number.is_integer() else number
        if not math.isfinite(number):
            raise ValueError(f"no JSON number: {number}")
        if abs(number) >= 1e21:
            return number
        written = int(Decimal(repr(number)))  # Go fills up with zeros what the shortest digits leave out
        return written if written in INT64 else number
    return number if number in INT64 else float(number)


def text(number: int | float) -> str:
    """The number as Go's encoding/json writes it."""
    number = settle(number)
    if isinstance(number, int):
        return str(number)
    if 1e-6 <= abs(number) < 1e21:
        return format(Decimal(repr(number)), "f").removesuffix(".0")
    digits, _, exponent = repr(number).partition("e")
    return f"{digits.removesuffix('.0')}e{int(exponent):+}" if exponent else digits


def key(number: float) -> str:
    """A double that stands as a mapping key, as sigs.k8s.io/yaml writes it (Go's %g, shortest digits)."""
    if math.isnan(number):
        return ".nan"
    if math.isinf(number):
        return ".inf" if number > 0 else "-.inf"
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    power = len(digits) - 1 + int(exponent)
    if not number or -4 <= power < 6:
        return format(Decimal(repr(number)), "f").removesuffix(".0")
    mantissa = "".join(map(str, digits))
    fraction = f".{mantissa[1:]}" if len(mantissa) > 1 else ""
    return f"{'-' if sign else ''}{mantissa[0]}{fraction}e{power:+03}"
