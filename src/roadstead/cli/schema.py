"""`roadstead schema`: JSON Schema of the fleet documents."""

from typing import Annotated

import typer

from roadstead.cli import console, running
from roadstead.cli.console import Output
from roadstead.language import nearest
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem


def schema(
    kind: Annotated[
        str | None,
        typer.Argument(metavar="[KIND]", help="A kind of document; without it one schema for all."),
    ] = None,
) -> None:
    """Print the JSON Schema of one kind of document, or of all, for editors and checks.

    \b
    Examples:
      roadstead schema Bundle
      roadstead schema > .roadstead/schema.json
    """
    from roadstead.stages.fleet import documents
    from roadstead.stages.fleet import schema as schemas

    with running.told():
        if kind is None:
            console.show_data(schemas.every_kind(), Output.JSON)
            return
        known = {name.lower(): name for name in documents.KINDS}
        if kind.lower() not in known:
            hint = nearest.hint(kind, documents.KINDS) or f"the kinds are {', '.join(documents.KINDS)}"
            raise errors.error(Problem(reasons.UNKNOWN_KIND, f"there is no kind {kind}", hint))
        console.show_data(schemas.schema(known[kind.lower()]), Output.JSON)
