"""Lengths of time as people write them: `90s`, `10m`, `1h30m`, `2d`."""

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", re.ASCII)


def parse(text: str) -> float:
    """Seconds. Raises ValueError for what is no duration: a number without a unit is none."""
    if not re.fullmatch(rf"(?:{_PART.pattern})+", text, re.ASCII):
        raise ValueError(f"not a duration like 90s, 10m or 1h30m: {text}")
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))


def text(seconds: float) -> str:
    """The duration in whole seconds, largest units first: `1h30m`, `45s`."""
    rest, written = round(seconds), ""
    for unit in ("d", "h", "m", "s"):
        count, rest = divmod(rest, int(_UNITS[unit]))
        written += f"{count}{unit}" if count else ""
    return written or "0s"
