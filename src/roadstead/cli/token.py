"""`roadstead token`: static tokens for machines that ask a hub."""

from typing import Annotated

import typer

from roadstead.cli import console
from roadstead.report.lines import Line, Style

app = typer.Typer(help="Make tokens by which machines ask a hub.", no_args_is_help=True)


@app.callback()
def token() -> None:
    pass


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the record is to call who shows it.")],
) -> None:
    """Print a new token, once, and what the hub's --access file is to hold of it.

    The token goes to standard output and nowhere else; the hub knows its hash alone, so a
    token that was lost cannot be found again.

    \b
    Examples:
      roadstead token new ci > ci.token
    """
    from roadstead.hub.access import tokens

    made = tokens.make()
    console.show_raw(f"{made}\n")
    told = ("put this into the hub's --access file:", "", "tokens:", f"- name: {name}")
    lines = [*told, f"  hash: {tokens.hashed(made)}"]
    console.show((Line(line, Style.PLAIN) for line in lines), stderr=True)
