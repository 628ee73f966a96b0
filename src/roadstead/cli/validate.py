"""`roadstead validate`: is the fleet repository right?"""

import asyncio
from typing import Annotated

import typer

from roadstead.cli import console, options, running, settings
from roadstead.cli.console import Output


def validate(
    fleet: options.FleetOption = ".",
    revision: options.RevisionOption = None,
    output: options.OutputOption = Output.TEXT,
    render: Annotated[
        bool, typer.Option("--render", help="Render every bundle for every cluster, too, on recorded facts.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on warnings, too.")] = False,
    facts: options.FactsOption = None,
    timeout: options.TimeoutOption = "10m",
) -> None:
    """Check every document of the fleet, and what they say together; needs no cluster.

    Each problem names file, line, column and field, and all are told at once. What this
    version reads but does not act on yet is a warning. With --render also what only the
    content tells is found, like a placeholder with a slip in its name.

    \b
    Examples:
      roadstead validate
      roadstead validate --render --strict --facts facts/
      roadstead validate -f https://git.example/platform/fleet -o json
    """
    asked = settings.Given(fleet, revision, None, facts, None, None, None, timeout)

    async def work(stop: asyncio.Event) -> int:
        from roadstead.engine import world
        from roadstead.operations import validate as checking
        from roadstead.report import validations

        async with world.local(asked.settings()) as opened:
            found = await checking.fleet(opened, render=render)
        if output is Output.TEXT:
            console.show(validations.lines(found))
        else:
            console.show_data(validations.data(found), output)
        return running.code(failed=found.failed or (strict and bool(found.problems)))

    running.run(work)
