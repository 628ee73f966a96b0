"""Moments as flags take them: a length of time before or after now, or a moment in RFC 3339."""

from datetime import UTC, datetime, timedelta

from roadstead.language import durations
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem


def read(flag: str, text: str, *, future: bool = False) -> datetime:
    """`7d` is seven days ago, or in `future` ahead. Without a zone it is UTC. Raises UsageError for what is neither."""
    try:
        length = timedelta(seconds=durations.parse(text))
    except ValueError:
        pass
    else:
        now = datetime.now(UTC)
        return now + length if future else now - length
    try:
        found = datetime.fromisoformat(text)
    except ValueError as cause:
        hint = "write a length of time such as 7d, or a moment such as 2026-12-01T18:00Z"
        told = f"{flag}: neither a length of time nor a moment: {text}"
        raise errors.error(Problem(reasons.BAD_ARGUMENT, told, hint)) from cause
    return found if found.tzinfo else found.replace(tzinfo=UTC)
