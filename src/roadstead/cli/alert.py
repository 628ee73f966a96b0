"""`roadstead alert`: try the receivers of an Alert."""

import asyncio
from typing import Annotated

import typer

from roadstead.cli import console, options, running, settings
from roadstead.report.lines import Line

app = typer.Typer(help="Try whether alerts arrive.", no_args_is_help=True)


@app.callback()
def group() -> None:
    pass


@app.command()
def test(
    name: Annotated[str, typer.Argument(metavar="ALERT", help="The Alert's name.")],
    fleet: options.FleetOption = ".",
    revision: options.RevisionOption = None,
    secrets: options.SecretsOption = None,
    timeout: options.TimeoutOption = "2m",
) -> None:
    """Send a test message to every receiver of an Alert, and say what came back.

    It reads the Alert from the fleet repository and secrets from this machine, as the hub
    does: run it where the hub runs.

    \b
    Examples:
      roadstead alert test drift-to-slack
      roadstead alert test drift-to-slack --secrets /run/secrets/roadstead
    """

    async def work(stop: asyncio.Event) -> int:
        from roadstead.engine import world
        from roadstead.operations import alerts

        asked = settings.Given(fleet, revision, timeout=timeout).settings()
        async with world.local(asked) as opened:
            tried = await alerts.test(opened, name, secrets=secrets)
        console.show([Line(f"{one.receiver}: {one.said}") for one in tried if one.problem is None])
        console.show_problems([one.problem.at(bundle=str(one.receiver)) for one in tried if one.problem])
        return running.code(failed=any(one.problem for one in tried))

    running.run(work)
