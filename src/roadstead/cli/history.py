"""`roadstead history`: the commits that a hub has followed, and what became of them."""

import asyncio
from typing import Annotated

import typer

from roadstead.cli import console, options, running
from roadstead.cli.console import Output


def history(
    hub: options.HubArgument,
    source: Annotated[
        str, typer.Option("--source", metavar="NAME", help="Of this Source; default: the fleet repository.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest.")] = 20,
    output: options.OutputOption = Output.TEXT,
) -> None:
    """Show the commits that the hub has seen, the newest first, and which of them count.

    \b
    Examples:
      roadstead history --hub https://roadstead.example
    """

    async def work(stop: asyncio.Event) -> int:
        import msgspec

        from roadstead.cli import hubs
        from roadstead.model.status import Commit
        from roadstead.report import events as report

        async with hubs.connected(hub) as opened:
            page = [one async for one in opened.items("/history", most=limit, source=source)]
        found = [msgspec.convert(one, Commit) for one in page]
        if output is Output.TEXT:
            console.show(report.history(found))
        else:
            console.show_data(report.history_data(found), output)
        return 0

    running.run(work)
