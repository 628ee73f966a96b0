"""`roadstead get`: what the documents come to: clusters with their labels, bundles, assignments."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from roadstead.cli import console, options, running, settings
from roadstead.cli.console import Output

if TYPE_CHECKING:
    from roadstead.report.listings import Table

app = typer.Typer(
    help="List clusters, bundles and assignments as the documents make them.", no_args_is_help=True
)


@app.command()
def clusters(
    fleet: options.FleetOption = ".",
    revision: options.RevisionOption = None,
    cluster: options.ClusterOption = None,
    selector: options.SelectorOption = None,
    output: options.OutputOption = Output.TEXT,
    labels: Annotated[bool, typer.Option("--labels", help="Show the labels, too.")] = False,
) -> None:
    """List the fleet's clusters with their state, access and profiles.

    \b
    Examples:
      roadstead get clusters --labels
      roadstead get clusters -l tier=production -o json
    """
    asked = settings.Given(fleet, revision, None, None, cluster, selector)
    _list("clusters", asked, output, wide=labels)


@app.command()
def bundles(
    fleet: options.FleetOption = ".",
    revision: options.RevisionOption = None,
    bundle_selector: options.BundleSelectorOption = None,
    output: options.OutputOption = Output.TEXT,
    labels: Annotated[bool, typer.Option("--labels", help="Show the labels, too.")] = False,
) -> None:
    """List the bundles with their sources and how many clusters they go to.

    \b
    Examples:
      roadstead get bundles
      roadstead get bundles -L team=shop --labels
    """
    asked = settings.Given(fleet, revision, bundle_selector=bundle_selector)
    _list("bundles", asked, output, wide=labels)


@app.command()
def assignments(
    bundle: options.BundlesArgument = None,
    fleet: options.FleetOption = ".",
    revision: options.RevisionOption = None,
    cluster: options.ClusterOption = None,
    selector: options.SelectorOption = None,
    bundle_selector: options.BundleSelectorOption = None,
    output: options.OutputOption = Output.TEXT,
) -> None:
    """List which bundle goes to which cluster, with the variables that it gets there and why.

    \b
    Examples:
      roadstead get assignments storefront
      roadstead get assignments -c prod-eu-1 -o yaml
    """
    asked = settings.Given(
        fleet, revision, None, None, cluster, selector, bundle, bundle_selector=bundle_selector
    )
    _list("assignments", asked, output)


def _list(what: str, asked: settings.Given, output: Output, *, wide: bool = False) -> None:
    async def work(stop: asyncio.Event) -> int:
        from roadstead.engine import world
        from roadstead.operations import listing

        async with world.local(asked.settings()) as opened:
            table: Table = await listing.of(opened, what, wide=wide)
        if output is Output.TEXT:
            console.show(table.lines())
        else:
            console.show_data(table.data, output)
        return 0

    running.run(work)
