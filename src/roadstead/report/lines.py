"""One line of a text report and the styles it may have; the edge turns styles into colour."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct


class Style(StrEnum):
    PLAIN = ""
    TITLE = "bold"
    CREATE = "green"
    CHANGE = "yellow"
    DELETE = "red"
    FAINT = "dim"
    ERROR = "bold red"
    WARNING = "yellow"


class Line(Struct, frozen=True):
    text: str = ""
    style: Style = Style.PLAIN


def counted(number: int, noun: str) -> str:
    """ "1 cluster", "3 clusters"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(names: Sequence[str], *, most: int = 4) -> str:
    """ "a, b, c and 9 more"."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
