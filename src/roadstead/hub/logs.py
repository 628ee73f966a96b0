"""Structured logs on standard error: JSON lines, or text where a person looks; secrets are taken out.

Every event is a line, and so is what libraries have to say. What a plan shows is redacted where it is made; here goes
what could slip into the text of an error: credentials in addresses, and tokens.
"""

import logging
import os
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from roadstead.model.events import Event, Level
from roadstead.objects import redact

_LEVELS = {Level.INFO: logging.INFO, Level.WARNING: logging.WARNING, Level.ERROR: logging.ERROR}


def configure(*, text: bool | None = None) -> None:
    """`text` for people, JSON for machines; by default what standard error is."""
    shown = sys.stderr.isatty() if text is None else text
    coloured = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    for_people = structlog.dev.ConsoleRenderer(colors=coloured, pad_event_to=0, pad_level=False)
    renderers = [_short, for_people] if shown else [structlog.processors.JSONRenderer(default=str)]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_secrets,
            *renderers,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    if not any(isinstance(one, _Others) for one in logging.root.handlers):
        logging.root.addHandler(_Others(logging.WARNING))


class _Others(logging.Handler):
    """What libraries log, in the same form and as clean."""

    def emit(self, record: logging.LogRecord) -> None:
        failure = record.exc_info[1] if record.exc_info else None
        told = {"error": f"{type(failure).__name__}: {failure}"} if failure else {}
        structlog.get_logger().log(record.levelno, record.getMessage(), logger=record.name, **told)


def without_secrets(logger: Any, name: str, told: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: whatever text there is, at any depth, without what looks like a credential."""
    for key, value in told.items():
        told[key] = _clean(value)
    return told


def _short(logger: Any, name: str, told: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """For people: of an event's data the fields that were edited, from what to what."""
    fields = told.pop("data", {}).get("fields", ())
    told.update({one["path"]: f"{one.get('applied')} -> {one.get('live')}" for one in fields})
    return told


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return redact.text(value)
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


def complain(message: str, **told: Any) -> None:
    """What keeps this process from its work, and is no event."""
    structlog.get_logger().error(message, **told)
