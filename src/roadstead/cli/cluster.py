"""`roadstead cluster add`: write down a cluster after asking it who it is."""

import asyncio
from typing import Annotated

import typer

from roadstead.cli import console, options, running, settings
from roadstead.report.lines import Line

app = typer.Typer(help="Add clusters to the fleet repository.", no_args_is_help=True)


@app.callback()
def clusters() -> None:
    """Add clusters to the fleet repository."""


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The cluster's name in the fleet.")],
    context: Annotated[
        str, typer.Option("--context", help="Its kubeconfig context; default: the one of the same name.")
    ] = "",
    profile: Annotated[
        list[str] | None, typer.Option("--profile", metavar="PROFILE", help="In order; may be given again.")
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option("--label", metavar="KEY=VALUE", help="May be given again.")
    ] = None,
    file: Annotated[
        str, typer.Option("--file", metavar="PATH", help="In the repository; default: beside the others.")
    ] = "",
    fleet: options.FleetOption = ".",
    kubeconfig: options.KubeconfigOption = None,
    timeout: options.TimeoutOption = "30s",
) -> None:
    """Ask a cluster who it is, and write its document: name, profiles, identity, version.

    The identity is the uid of its namespace kube-system: a wrong context or a rebuilt
    cluster is noticed from then on. A cluster that has a document gets what was learned.

    \b
    Examples:
      roadstead cluster add prod-eu-1 --profile production --profile aws
      roadstead cluster add edge-7 --context admin@edge-7 --label region=north
    """
    asked = settings.Given(fleet=fleet, kubeconfig=kubeconfig, timeout=timeout)

    async def work(stop: asyncio.Event) -> int:
        from roadstead.engine import world
        from roadstead.operations import clusters as adding

        labels = settings.labels(label or ())
        async with world.local(asked.settings()) as opened:
            edit = await adding.add(
                opened, name, context=context or name, profiles=tuple(profile or ()), labels=labels, path=file
            )
        verb = "wrote" if edit.created else "updated"
        console.show([Line(f"{verb} {edit.path}; look at it and commit it")])
        return 0

    running.run(work)
