"""Read the answer that says no: the Status object of an API server, or whatever else came instead.

Only reading; what it means is errors.py.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from msgspec import Struct


class Cause(Struct, frozen=True):
    reason: str = ""
    message: str = ""
    field: str = ""


class Status(Struct, frozen=True):
    """`structured` is False when no API server wrote this: a proxy's page, or the text for an unknown path."""

    code: int
    reason: str = ""
    message: str = ""
    causes: tuple[Cause, ...] = ()
    kind: str = ""  # what the details are about: a kind, or a plural in some answers
    name: str = ""
    retry_after: float | None = None
    structured: bool = True


def read(code: int, body: bytes, headers: Mapping[str, str]) -> Status:
    """Never raises: what is no Status is told by its first line."""
    seconds = _seconds(headers.get("Retry-After", ""))
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        parsed = None
    if isinstance(parsed, dict) and parsed.get("kind") == "Status":
        return parse(parsed, code=code, retry_after=seconds)
    return Status(code, message=_first_line(body), retry_after=seconds, structured=False)


def parse(status: Mapping[str, Any], *, code: int = 0, retry_after: float | None = None) -> Status:
    """A decoded Status object, as errors carry it and as watches send it."""
    details = status.get("details") or {}
    causes = tuple(
        Cause(cause.get("reason", ""), cause.get("message", ""), cause.get("field", "").removeprefix("."))
        for cause in details.get("causes") or ()
    )
    return Status(
        code or status.get("code") or 0,
        status.get("reason") or "",
        status.get("message") or "",
        causes,
        details.get("kind", ""),
        details.get("name", ""),
        retry_after if retry_after is not None else _seconds(details.get("retryAfterSeconds", "")),
    )


def _seconds(text: str | int) -> float | None:
    """Retry-After may also be a date, which no API server sends."""
    try:
        return float(text) or None
    except ValueError:
        return None


def _first_line(body: bytes) -> str:
    text = body[:2000].decode("utf-8", "replace").strip()
    if text.startswith("<"):
        return "an HTML page"
    return text.partition("\n")[0][:300]
