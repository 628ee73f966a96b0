"""Structured logs on standard error: JSON lines, or text where a person looks; secrets are taken out.

Every event is a line. What a plan shows is redacted where it is made; here goes what could slip into the text of
an error: credentials in addresses, and tokens.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from roadstead.model.events import Event, Level

_SECRETS = (
    (re.compile(r"(?<=://)[^/\s@]+(?=@)"), "***"),
    (re.compile(r"(?i)(bearer|basic|token)(\s+|=)[A-Za-z0-9._~+/=-]{8,}"), r"\1\2***"),
    (re.compile(r"\bey[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*"), "***"),
    (re.compile(r"\b(gh[pousr]_|glpat-|xox[abp]-)[A-Za-z0-9_-]{8,}"), r"\1***"),
)
_LEVELS = {Level.INFO: logging.INFO, Level.WARNING: logging.WARNING, Level.ERROR: logging.ERROR}


def configure(*, text: bool | None = None) -> None:
    """`text` for people, JSON for machines; by default what standard error is."""
    shown = sys.stderr.isatty() if text is None else text
    renderer = structlog.dev.ConsoleRenderer() if shown else structlog.processors.JSONRenderer(default=str)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_secrets,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def without_secrets(logger: Any, name: str, told: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: whatever text there is, at any depth, without what looks like a credential."""
    for key, value in told.items():
        told[key] = _clean(value)
    return told


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        for pattern, instead in _SECRETS:
            value = pattern.sub(instead, value)
        return value
    if isinstance(value, Mapping):
        return {key: _clean(each) for key, each in value.items()}
    return [_clean(each) for each in value] if isinstance(value, list | tuple) else value


def hear(event: Event) -> None:
    """One event, one line."""
    places = {
        name: getattr(event, name)
        for name in ("cluster", "bundle", "object", "actor", "commit", "reason")
        if getattr(event, name)
    }
    structlog.get_logger().log(
        _LEVELS[event.level],
        event.message,
        kind=event.kind,
        **places,
        **({"data": dict(event.data)} if event.data else {}),
    )


def say(message: str, **told: Any) -> None:
    """What this process does, and is no event."""
    structlog.get_logger().info(message, **told)
