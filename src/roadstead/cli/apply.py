"""`roadstead apply`: make the clusters as Git says."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadstead.cli import console, groups, options, progress, running, start
from roadstead.cli.console import Output

if TYPE_CHECKING:
    from roadstead.operations.plan import Planned
    from roadstead.operations.saved import Saved


@groups.spread
def apply(
    *,
    chosen: options.Chosen,
    output: options.OutputOption = Output.TEXT,
    plan: Annotated[
        Path | None,
        typer.Option("--plan", metavar="FILE", help="Do exactly what this saved plan says, or nothing."),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Wait until everything is ready.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before changing clusters.")] = False,
    deleting: options.Deleting,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Write although another writer holds the inventory.")
    ] = False,
    timeout: options.TimeoutOption = "10m",
) -> None:
    """Make every cluster as Git says, and tell what was done.

    On a terminal the plan is shown first and a person is asked; elsewhere it is carried
    out. Ctrl-C stops after the writes under way; running again goes on from there. What
    is as it should be is not written, so applying twice changes nothing.

    \b
    Examples:
      roadstead apply
      roadstead apply storefront -c prod-eu-1 --wait
      roadstead apply --plan change.plan --yes
    """
    asked = chosen.given(timeout)
    asking = not yes and sys.stdin.isatty() and plan is None

    async def work(stop: asyncio.Event) -> int:
        from roadstead.engine import ahead, world

        kept = _saved(plan) if plan is not None else None
        wanted = kept.narrowed(asked.settings()) if kept else asked.settings()
        async with world.local(wanted) as opened:
            with start.importing():
                opened.ahead = await ahead.read(opened)
                from roadstead.engine import labelling
                from roadstead.operations import apply as applying
                from roadstead.operations import plan as planning
                from roadstead.operations import saved
                from roadstead.report import outcomes

            wishes = deleting.wishes(take_over=take_over)
            if asking:
                found = await planning.fleet(opened, wishes)
                if not _agreed(found):
                    return running.code(failed=found.report.failed)
                kept = saved.of(found, wanted, wishes)
                desired = found.desired
            else:
                desired = await labelling.decided(opened)
            if kept:
                kept.check(desired)
            with progress.shown("applying", quiet=output is not Output.TEXT) as watchers:
                request = applying.Request(
                    kept.wishes if kept else wishes,
                    wait,
                    kept.approve if kept else None,
                    watchers,
                )
                done = await applying.fleet(opened, desired, request, stop=stop)
        if output is Output.TEXT:
            console.show(outcomes.lines(done))
        else:
            console.show_data(outcomes.data(done), output)
        return running.code(failed=done.failed)

    running.run(work, writes=True)


def _saved(plan: Path) -> "Saved":
    from roadstead.operations import saved

    return saved.read(plan)


def _agreed(found: "Planned") -> bool:
    """Show the plan and ask, when there is anything to agree to."""
    from roadstead.report import plans

    console.show(plans.lines(found.report))
    if not found.report.changes_anything:
        return False
    with running.asking():
        return typer.confirm("Change the clusters so?", default=False)
