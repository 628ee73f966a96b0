"""What reaches the terminal: lines with colour where it is wanted, data as JSON or YAML, problems on stderr.

Answers go to standard output, everything else to standard error, so that output can be piped. Colour
follows NO_COLOR, FORCE_COLOR and whether the stream is a terminal (no-color.org), as rich decides.
"""

import sys
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from typing import Any

from rich.console import Console
from rich.text import Text

from roadstead.model.errors import Problem
from roadstead.report import problems as problem_report
from roadstead.report.lines import Line


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
def out() -> Console:
    return Console(highlight=False, soft_wrap=True)


@cache
def err() -> Console:
    return Console(stderr=True, highlight=False, soft_wrap=True)


def show(lines: Iterable[Line], console: Console | None = None) -> None:
    target = console or out()
    for line in lines:
        text = Text(line.text, style=str(line.style))
        if target.color_system is None:  # ten times faster, where thousands of lines go into a file
            target.file.write(f"{text.plain}\n")
        else:
            target.print(text)
    target.file.flush()


def show_problems(problems: Iterable[Problem]) -> None:
    show(problem_report.lines(problems), err())


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
