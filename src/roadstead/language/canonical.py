"""Canonical JSON and digests over it: equal values have equal bytes, on every machine and version.

Keys are sorted by their UTF-8 bytes, nothing is spaced, and numbers are Go's (1.0 is 1, -0.0 is 0, what
64 bits cannot hold is a double). What of an object counts as equal is decided in objects/, before.
The prefix of a digest names these rules: change them only together with it.
"""

import hashlib
from typing import Any

import orjson

from roadstead.language import numbers
from roadstead.model import errors, reasons

VERSION = "v1:"


def dumps(value: Any) -> bytes:
    """The value as canonical JSON. Raises StalledError(InvalidObject) for what is no JSON value."""
    try:
        return orjson.dumps(_settled(value) if _odd(value) else value, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, ValueError, RecursionError) as cause:
        problem = errors.Problem(reasons.INVALID_OBJECT, f"cannot be written as JSON: {cause}")
        raise errors.error(problem) from cause


def digest(data: bytes) -> str:
    return VERSION + hashlib.sha256(data).hexdigest()


def digest_of(value: Any) -> str:
    return digest(dumps(value))


def _odd(value: Any) -> bool:
    """Whether a number in it is written by Go otherwise than by orjson. Most objects hold none."""
    kind = value.__class__
    if kind is dict:
        return any(_odd(item) for item in value.values() if item.__class__ is not str)
    if kind is list:
        return any(_odd(item) for item in value if item.__class__ is not str)
    return kind is float or (kind is int and value not in numbers.INT64)


def _settled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _settled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_settled(item) for item in value]
    if isinstance(value, float):
        return _written(numbers.settle(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return _written(numbers.settle(value))
    return value


def _written(number: int | float) -> Any:
    return number if isinstance(number, int) else orjson.Fragment(numbers.text(number))
