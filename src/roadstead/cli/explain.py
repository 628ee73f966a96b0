"""`roadstead explain`: what a reason means and what to do."""

from typing import Annotated

import typer

from roadstead.cli import console, running
from roadstead.language import nearest
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem


def explain(
    reason: Annotated[str | None, typer.Argument(metavar="[REASON]", help="Its name; all without.")] = None,
) -> None:
    """Say what a reason in a message means, and what to do about it.

    \b
    Examples:
      roadstead explain OwnedByOther
      roadstead explain
    """
    from roadstead.report import reasons as text

    with running.told():
        if reason is not None and reason not in reasons.REASONS:
            hint = nearest.hint(reason, reasons.REASONS) or "`roadstead explain` lists them all"
            raise errors.error(Problem(reasons.BAD_ARGUMENT, f"there is no reason {reason}", hint))
        names = [reason] if reason is not None else sorted(reasons.REASONS)
        for name in names:
            console.show(text.lines(reasons.REASONS[name]))
