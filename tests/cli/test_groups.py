"""Flags that come together: a verb takes them as one value, and has each of them."""

from typing import Annotated

import typer
from msgspec import Struct
from typer.testing import CliRunner

from roadstead.cli import groups


class Where(Struct, frozen=True):
    names: Annotated[list[str] | None, typer.Argument()] = None
    deep: Annotated[bool, typer.Option("--deep/--flat")] = True


def test_a_verb_has_the_flags_of_its_groups_and_takes_them_as_one_value():
    app = typer.Typer()
    taken = []

    @app.command()
    @groups.spread
    def look(*, where: Where, times: Annotated[int, typer.Option("--times")] = 1) -> None:
        """Look somewhere."""
        taken.append((where, times))

    assert CliRunner().invoke(app, ["a", "b", "--flat", "--times", "3"]).exit_code == 0
    assert CliRunner().invoke(app, []).exit_code == 0
    assert taken == [(Where(["a", "b"], deep=False), 3), (Where(None, deep=True), 1)]
    assert "Look somewhere." in CliRunner().invoke(app, ["--help"]).output
