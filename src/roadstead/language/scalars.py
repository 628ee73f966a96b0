"""What a YAML scalar means to Kubernetes: the rules of Go's yaml.v2, which are neither YAML 1.1 nor 1.2.

`y` and `on` are booleans, `0644` and `0o644` are octal, `1e3` is 1000, dates and `12:30` stay strings,
an unknown tag is dropped. What the text of a whole document means is yaml.py's.
Raises ValueError, worded to be the cause of a problem whose place the caller knows.
"""

import base64
import binascii
import math
import re
from functools import lru_cache

from roadstead.language import numbers

Scalar = None | bool | int | float | str

_PREFIX = "tag:yaml.org,2002:"
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
TYPED_START = frozenset("+-.0123456789yYnNtTfFoO~")  # any other first character makes a string
_INTEGER = re.compile(r"[+-]?(?:0[bB][01]+|0[oO][0-7]+|0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TIMESTAMP = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:(?:[Tt]|\s+)\d{1,2}:\d{1,2}:\d{1,2}\S*(?:\s+\S+)?)?")
_BASES = {"b": 2, "o": 8, "x": 16}


@lru_cache(maxsize=8192)
def plain(text: str) -> Scalar:
    """An unquoted scalar without a tag."""
    return _settled(_resolve(text))


def tagged(tag: str, text: str) -> Scalar:
    """A scalar with an explicit tag, quoted or not."""
    name = tag.removeprefix(_PREFIX)
    if name in (tag, "str"):
        return text
    if name == "binary":
        return _binary(text)
    value = _resolve(text)
    fits = {
        "null": value is None,
        "bool": isinstance(value, bool),
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, (int, float)) and not isinstance(value, bool),
        "timestamp": _TIMESTAMP.fullmatch(text) is not None,
    }
    if not fits.get(name, True):
        raise ValueError(f"not a value of the tag !!{name}: {text}")
    return _settled(value) if name in fits else text


def key(tag: str | None, text: str) -> str:
    """A scalar mapping key: Kubernetes knows string keys only, and writes the others as Go does."""
    value = _resolve(text) if tag is None else tagged(tag, text)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return numbers.key(value)
    if isinstance(value, int) and value in numbers.INT64:
        return str(value)
    raise ValueError(f"not usable as a key: {text or 'null'}")


def _resolve(text: str) -> Scalar:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    digits = text.replace("_", "")
    integer = _integer(digits)
    if integer is not None:
        return integer
    number = _float(digits)
    return text if number is None else number


def _integer(digits: str) -> int | None:
    if not _INTEGER.fullmatch(digits) or len(digits) > 70:
        return None
    unsigned = digits.lstrip("+-").lower()
    if unsigned[:1] == "0" and len(unsigned) > 1:
        base = _BASES.get(unsigned[1], 8)
        number = int(unsigned[2:] if unsigned[1] in _BASES else unsigned, base)
    else:
        number = int(unsigned)
    if digits[0] in "+-":
        number = -number if digits[0] == "-" else number
        return number if number in numbers.INT64 else None
    return number if number < 2**64 else None


def _float(digits: str) -> float | None:
    if not _FLOAT.fullmatch(digits):
        return None
    number = float(digits)
    return number if math.isfinite(number) else None  # out of range is a string to Go


def _binary(text: str) -> str:
    try:
        return base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True).decode(
            errors="replace"
        )
    except binascii.Error as cause:
        raise ValueError("a !!binary value is not base64") from cause


def _settled(value: Scalar) -> Scalar:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return numbers.settle(value)
    return value
