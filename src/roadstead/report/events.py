"""Events as lines for people and as data, and the commits that a hub has seen."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from roadstead.model.events import Event, Level
from roadstead.model.status import Commit
from roadstead.report import tables
from roadstead.report.lines import Line, Style

_STYLES = {Level.INFO: Style.PLAIN, Level.WARNING: Style.WARNING, Level.ERROR: Style.ERROR}
_HEADER = ("SEEN", "COMMIT", "AUTHOR", "RESULT", "SUBJECT")


def lines(found: Iterable[Event]) -> Iterator[Line]:
    for one in found:
        key = f"{one.bundle}@{one.cluster}" if one.bundle and one.cluster else one.cluster or one.bundle
        said = [word for word in (one.kind, key, one.object) if word]
        by = f" (by {one.actor})" if one.actor else ""
        text = f"{one.time:%Y-%m-%d %H:%M:%S}Z  {' '.join(said)}: {one.message}{by}"
        yield Line(text, _STYLES[one.level])


def data(one: Event) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(one)
    return told


def history(found: Iterable[Commit]) -> Iterator[Line]:
    rows = [
        (
            (f"{one.seen:%Y-%m-%d %H:%M:%S}Z", one.commit[:12], one.author, one.result, one.subject),
            Style.PLAIN,
        )
        for one in found
    ]
    yield from tables.lines(_HEADER, rows)


def history_data(found: Iterable[Commit]) -> list[dict[str, Any]]:
    return [msgspec.to_builtins(one) for one in found]
