"""`roadstead hold`: keep bundles as they are for a while, when a commit would come too late."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from roadstead.cli import console, moments, options, running, settings
from roadstead.cli.console import Output
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem

app = typer.Typer(
    help="Hold bundles as they are, for a night without commits; recorded in Git, with an end.",
    no_args_is_help=True,
)


@app.command()
def add(
    reason: options.ReasonOption,
    until: options.UntilOption,
    cluster: options.ClusterOption = None,
    selector: options.SelectorOption = None,
    bundle: options.BundleOption = None,
    bundle_selector: options.BundleSelectorOption = None,
    everything: options.EverythingOption = False,
    leave_drift: options.LeaveDriftOption = False,
    fleet: options.FleetOption = ".",
    database: options.DatabaseInstead = None,
    timeout: options.TimeoutOption = "2m",
) -> None:
    """Hold bundles as they are: nothing is written to them until the end, or until the hold is lifted.

    It stands for every run from now on, and within half a minute for hubs that serve the
    fleet; `roadstead suspend` holds by way of a hub, at once. It is kept in
    refs/roadstead/decisions of the fleet repository. What should last belongs into a Hold
    document. Labels hold what has them now. Where Git does not answer, name the hub's database: the hub goes by it, and
    brings it to Git later.

    \b
    Examples:
      roadstead hold add -c prod-gcp-3 --until 4h --reason INC-4711
      roadstead hold add -b storefront --leave-drift --until 2026-12-01T18:00Z --reason "load test"
    """
    with running.told():
        end = moments.read("--until", until, future=True)
        if not (cluster or bundle or selector or bundle_selector or everything):
            cause, hint = "what to hold is not said", "give --cluster, --bundle, labels, or --all"
            raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, hint))

    async def work(stop: asyncio.Event) -> int:
        from roadstead.engine import world
        from roadstead.operations import deciding, holds
        from roadstead.operations.selecting import Selected
        from roadstead.report import holds as report

        action = holds.LEAVE_DRIFT if leave_drift else holds.FREEZE
        named = Selected(tuple(bundle or ()), tuple(cluster or ()), selector or "", bundle_selector or "")
        asked = holds.Asked(named, action, reason, end)
        async with (
            world.local(settings.Given(fleet, timeout=timeout).settings()) as opened,
            deciding.kept(opened, database) as kept,
        ):
            made = await holds.add(opened, asked, kept=kept)
            console.show(report.lines([made], opened.now))
        return 0

    running.run(work, writes=True)


@app.command(name="list")
def list_(
    every: Annotated[
        bool, typer.Option("--ended", help="Also those that have ended or were lifted.")
    ] = False,
    fleet: options.FleetOption = ".",
    database: options.DatabaseInstead = None,
    hub: options.HubOption = None,
    output: options.OutputOption = Output.TEXT,
    timeout: options.TimeoutOption = "2m",
) -> None:
    """List the holds that were made by command; asked of a hub, all that holds, wherever it stands.

    \b
    Examples:
      roadstead hold list
      roadstead hold list --hub https://roadstead.example
    """

    async def work(stop: asyncio.Event) -> int:
        from roadstead.engine import world
        from roadstead.operations import deciding, holds
        from roadstead.report import holds as report

        async with (
            world.local(settings.Given(fleet, timeout=timeout).settings()) as opened,
            deciding.kept(opened, database) as kept,
        ):
            book = await kept.read()
            found, now = holds.of(book, opened.now, every=every), opened.now
        if output is Output.TEXT:
            console.show(report.lines(found, now))
        else:
            console.show_data(report.data(found, now), output)
        console.show_problems(book.problems)
        return running.code(failed=bool(book.problems))

    async def ask(stop: asyncio.Event) -> int:
        from roadstead.cli import hub_answers, hubs
        from roadstead.report import holds as report

        async with hubs.connected(str(hub)) as opened:
            found, now = await hub_answers.holds(opened, every=every), datetime.now(UTC)
        if output is Output.TEXT:
            console.show(report.all_lines(found, now))
        else:
            console.show_data(report.all_data(found, now), output)
        return 0

    running.run(ask if hub else work)


@app.command()
def remove(
    hold: Annotated[str, typer.Argument(metavar="HOLD", help="Its id, as `roadstead hold list` shows it.")],
    reason: options.ReasonOption,
    fleet: options.FleetOption = ".",
    database: options.DatabaseInstead = None,
    timeout: options.TimeoutOption = "2m",
) -> None:
    """Lift a hold before its end.

    \b
    Examples:
      roadstead hold remove hold-20261201t180000z-3fa2b1 --reason "solved"
    """

    async def work(stop: asyncio.Event) -> int:
        from roadstead.engine import world
        from roadstead.operations import deciding, holds
        from roadstead.report import holds as report

        async with (
            world.local(settings.Given(fleet, timeout=timeout).settings()) as opened,
            deciding.kept(opened, database) as kept,
        ):
            lifted = await holds.remove(opened, hold, reason=reason, kept=kept)
            console.show(report.lines([lifted], opened.now))
        return 0

    running.run(work, writes=True)
