"""Plain tables as kubectl prints them: columns as wide as they must be, nothing drawn around them."""

from collections.abc import Iterator, Sequence

from roadstead.report.lines import Line, Style


def lines(header: Sequence[str], rows: Sequence[tuple[Sequence[str], Style]]) -> Iterator[Line]:
    widths = [
        max(len(row[column]) for row in (header, *(cells for cells, _ in rows)))
        for column in range(len(header))
    ]
    yield Line(_row(header, widths), Style.FAINT)
    for cells, style in rows:
        yield Line(_row(cells, widths), style)


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "   ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
