"""Holds as a table and as data."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from roadstead.model.decision import Decision, Held
from roadstead.report import tables
from roadstead.report.lines import Line, Style

_HEADER = ("ID", "DOES", "BUNDLES", "CLUSTERS", "BY", "UNTIL", "STATE", "REASON")


def lines(found: Sequence[Decision], now: datetime) -> Iterator[Line]:
    if not found:
        yield Line("nothing is held by command")
        return
    yield from tables.lines(_HEADER, [(_cells(one, now), _style(one, now)) for one in found])


def all_lines(found: Sequence[Held], now: datetime) -> Iterator[Line]:
    """With where each stands."""
    if not found:
        yield Line("nothing is held")
        return
    rows = [
        ((*_cells(one.decision, now), f"{one.origin} {one.place}".strip()), _style(one.decision, now))
        for one in found
    ]
    yield from tables.lines((*_HEADER, "STANDS IN"), rows)


def _cells(one: Decision, now: datetime) -> tuple[str, ...]:
    until = f"{one.until:%Y-%m-%d %H:%M}Z" if one.until else "-"
    bundles, clusters = ",".join(one.bundles) or "all", ",".join(one.clusters) or "all"
    return (one.id, one.action, bundles, clusters, one.actor, until, _state(one, now), one.reason)


def _state(one: Decision, now: datetime) -> str:
    if one.lifted:
        return f"lifted by {one.lifted_by}"
    return "stands" if one.stands(now) else "ended"


def _style(one: Decision, now: datetime) -> Style:
    return Style.CHANGE if one.stands(now) else Style.FAINT


def data(found: Iterable[Decision], now: datetime) -> list[dict[str, Any]]:
    return [{**msgspec.to_builtins(one), "stands": one.stands(now)} for one in found]


def all_data(found: Iterable[Held], now: datetime) -> list[dict[str, Any]]:
    return [
        {**data([one.decision], now)[0], "made": one.made, "origin": one.origin, "place": one.place}
        for one in found
    ]
