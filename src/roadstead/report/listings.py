"""A listing: rows for people, data for programs."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from roadstead.report import tables
from roadstead.report.lines import Line, Style


class Table(Struct, frozen=True):
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    data: list[dict[str, Any]]

    def lines(self) -> Iterator[Line]:
        return tables.lines(self.header, [(row, Style.PLAIN) for row in self.rows])
