"""A listing: rows for people, data for programs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from roadstead.report import tables
from roadstead.report.lines import Line, Style


@dataclass(frozen=True, slots=True)
class Table:
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    data: list[dict[str, Any]]

    def lines(self) -> Iterator[Line]:
        return tables.lines(self.header, [(row, Style.PLAIN) for row in self.rows])
