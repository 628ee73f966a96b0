"""`roadstead plan`: what would change, on which clusters, and why."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadstead.cli import console, groups, options, running, start
from roadstead.cli.console import PlanOutput

if TYPE_CHECKING:
    from roadstead.report.plans import FleetPlan


@groups.spread
def plan(
    *,
    chosen: options.Chosen,
    output: options.PlanOutputOption = PlanOutput.TEXT,
    before: Annotated[
        str | None,
        typer.Option("--from", metavar="REV", help="Compare two revisions instead, without any cluster."),
    ] = None,
    after: Annotated[
        str | None,
        typer.Option("--to", metavar="REV", help="The newer of the two; default: the fleet as it stands."),
    ] = None,
    facts: options.FactsOption = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Keep the plan for `apply --plan FILE`.")
    ] = None,
    deleting: options.Deleting,
    detailed_exitcode: options.DetailedExitCode = False,
    timeout: options.TimeoutOption = "10m",
) -> None:
    """Show what would change on every cluster, and change nothing.

    Live objects are compared by server-side dry run where anything may differ; what the
    server could not be asked is marked as predicted. With --from, two revisions are
    compared on recorded facts, with no cluster at all.

    \b
    Examples:
      roadstead plan
      roadstead plan storefront -l tier=production
      roadstead plan --from origin/main -o markdown > comment.md
      roadstead plan --save change.plan && roadstead apply --plan change.plan
    """
    asked = chosen.given(timeout, facts=facts)
    offline = before is not None or after is not None

    async def work(stop: asyncio.Event) -> int:
        from roadstead.engine import ahead, world

        wanted = asked.settings()
        async with world.local(wanted) as opened:
            with start.importing():
                if not offline:
                    opened.ahead = await ahead.read(opened)
                from roadstead.operations import compare, saved
                from roadstead.operations import plan as planning

            wishes = deleting.wishes()
            if offline:
                found = await compare.revisions(opened, before=before, after=after)
            else:
                found = await planning.fleet(opened, wishes)
        _print(found.report, output)
        if save is not None:
            saved.write(save, saved.of(found, wanted, wishes))
        return running.code(
            failed=found.report.failed, changes=detailed_exitcode and found.report.changes_anything
        )

    running.run(work)


def _print(found: "FleetPlan", output: PlanOutput) -> None:
    from roadstead.report import plans

    if output is PlanOutput.TEXT:
        console.show(plans.lines(found))
    elif output is PlanOutput.MARKDOWN:
        console.show_raw(plans.markdown(found))
    else:
        console.show_data(plans.data(found), output)
