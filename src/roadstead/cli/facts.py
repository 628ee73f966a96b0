"""`roadstead facts`: ask clusters what they are, and keep the answer for offline plans."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from roadstead.cli import console, options, running, settings
from roadstead.cli.console import Output


def facts(
    fleet: options.FleetOption = ".",
    revision: options.RevisionOption = None,
    cluster: options.ClusterOption = None,
    selector: options.SelectorOption = None,
    kubeconfig: options.KubeconfigOption = None,
    output: options.OutputOption = Output.TEXT,
    into: Annotated[
        Path | None,
        typer.Option(
            "--into", metavar="FOLDER", help="Write them there, too: commit it, and CI can plan offline."
        ),
    ] = None,
    timeout: options.TimeoutOption = "2m",
) -> None:
    """Ask clusters for their version, kinds and schemas, and record the answers.

    Renders and offline plans use what is on record. Every plan and apply that reaches a
    cluster refreshes its record on this machine by itself.

    \b
    Examples:
      roadstead facts
      roadstead facts --into facts/ && git add facts
      roadstead plan --from origin/main --facts facts/
    """
    asked = settings.Given(fleet, revision, kubeconfig, None, cluster, selector, None, timeout)

    async def work(stop: asyncio.Event) -> int:
        from roadstead.engine import world
        from roadstead.operations import facts as asking
        from roadstead.report import facts as text

        async with world.local(asked.settings()) as opened:
            found = await asking.fleet(opened, into=into)
        if output is Output.TEXT:
            console.show(text.lines(found.facts))
        else:
            console.show_data(text.data(found.facts), output)
        console.show_problems(found.problems)
        return running.code(failed=found.failed)

    running.run(work)
