"""The reference page of the command line, made from the verbs themselves: docs/reference/cli.md.

`python -m roadstead.cli.reference` prints it; a test holds the page against it.
"""

from collections.abc import Iterator
from typing import Any

import typer

from roadstead.cli import console


def markdown(app: typer.Typer) -> str:
    group: Any = typer.main.get_command(app)
    parts = [
        "# The command line",
        "",
        "Exit codes: 0 done, 1 something failed, 2 asked or written wrongly, 3 changes or drift found",
        "(only with `--detailed-exitcode`), 130 interrupted. Answers go to standard output, messages to",
        "standard error. Colour follows `NO_COLOR` and `FORCE_COLOR`.",
    ]
    for name, command in sorted(_leaves(group, "roadstead")):
        parts += ["", f"## `{name}`", "", _help(command), "", *_parameters(command)]
    return "\n".join(parts).rstrip() + "\n"


def _leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield name, command
        return
    for child_name, child in command.commands.items():
        yield from _leaves(child, f"{name} {child_name}")


def _help(command: Any) -> str:
    return str(command.help or "").replace("\b\n", "").strip()


def _parameters(command: Any) -> Iterator[str]:
    shown = [one for one in command.params if one.name != "help" and not getattr(one, "hidden", False)]
    if shown:
        yield from ("| parameter | meaning |", "| --- | --- |")
    for one in shown:
        if one.param_type_name == "argument":
            spelled = one.make_metavar(typer.Context(command)) if hasattr(one, "make_metavar") else one.name
        else:
            spelled = ", ".join([*one.opts, *one.secondary_opts])
        meaning = (getattr(one, "help", None) or "").replace("|", "\\|").replace("\n", " ")
        yield f"| `{spelled}` | {meaning} |".replace("|FILE", "\\|FILE")


if __name__ == "__main__":
    from roadstead.cli.main import app

    console.show_raw(markdown(app))
