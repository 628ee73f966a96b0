"""What reaches the terminal: lines with colour where it is wanted, data as JSON or YAML, problems on stderr.

Answers go to standard output, everything else to standard error, so that output can be piped. Colour
follows NO_COLOR, FORCE_COLOR and whether the stream is a terminal (no-color.org), as rich decides.
"""

import os
import sys
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, TextIO

from roadstead.model.errors import Problem
from roadstead.report import problems as problem_report
from roadstead.report.lines import Line

if TYPE_CHECKING:
    from rich.console import Console

_MAKING_COLOUR = ("FORCE_COLOR", "TTY_COMPATIBLE")  # by which what is no terminal may have colour
_CONTROL = dict.fromkeys(map(ord, "\a\b\v\f\r"))  # what rich leaves out


class Output(StrEnum):
    TEXT = "text"
    JSON = "json"
    YAML = "yaml"


class PlanOutput(StrEnum):
    TEXT = "text"
    JSON = "json"
    YAML = "yaml"
    MARKDOWN = "markdown"


@cache
def out() -> "Console":
    return _console(stderr=False)


@cache
def err() -> "Console":
    return _console(stderr=True)


def _console(*, stderr: bool) -> "Console":
    from rich.console import Console  # here, as it takes a tenth of the time that a short command takes

    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def is_plain(*, stderr: bool = False) -> bool:
    """Whether nothing that goes there can have colour or move."""
    stream = sys.stderr if stderr else sys.stdout
    is_terminal = stream is not None and stream.isatty()
    return not is_terminal and not any(os.environ.get(name) for name in _MAKING_COLOUR)


def show(lines: Iterable[Line], *, stderr: bool = False) -> None:
    if is_plain(stderr=stderr):
        _write(lines, sys.stderr if stderr else sys.stdout)
        return
    from rich.text import Text

    console = err() if stderr else out()
    for line in lines:
        console.print(Text(line.text, style=str(line.style)))


def _write(lines: Iterable[Line], stream: TextIO | None) -> None:
    if stream is not None:  # it was closed before we began
        stream.writelines(f"{line.text.translate(_CONTROL)}\n" for line in lines)
        stream.flush()


def show_problems(problems: Iterable[Problem]) -> None:
    show(problem_report.lines(problems), stderr=True)


def show_data(data: Any, output: str) -> None:
    """Data exactly as it is: no wrapping, no colour."""
    if output == "json":
        import orjson

        text = orjson.dumps(data, option=orjson.OPT_INDENT_2, default=str).decode() + "\n"
    else:
        from roadstead.language import yaml

        text = yaml.dump(data)
    show_raw(text)


def show_raw(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
