"""`roadstead status`: is everything as Git says, and is it well?"""

import asyncio
from typing import TYPE_CHECKING

from roadstead.cli import console, groups, options, running, settings, start
from roadstead.cli.console import Output

if TYPE_CHECKING:
    from roadstead.report.statuses import FleetStatus


@groups.spread
def status(
    *,
    chosen: options.Chosen,
    output: options.OutputOption = Output.TEXT,
    detailed_exitcode: options.DetailedExitCode = False,
    timeout: options.TimeoutOption = "2m",
    hub: options.HubOption = None,
) -> None:
    """Show where every bundle stands on every cluster: in sync, pending or drifted; ready or not.

    \b
    Examples:
      roadstead status
      roadstead status storefront -l tier=production -o json
      roadstead status --detailed-exitcode || echo "something needs a look"
      roadstead status --hub https://roadstead.example
    """
    asked = chosen.given(timeout)

    async def work(stop: asyncio.Event) -> int:
        from roadstead.report import statuses

        found = await (_of_hub(hub, asked) if hub else _of_clusters(asked))
        if output is Output.TEXT:
            console.show(statuses.lines(found))
        else:
            console.show_data(statuses.data(found), output)
        return running.code(failed=found.failed, changes=detailed_exitcode and not found.is_fine)

    running.run(work)


async def _of_clusters(asked: settings.Given) -> "FleetStatus":
    from roadstead.engine import ahead, world

    async with world.local(asked.settings()) as opened:
        with start.importing():
            opened.ahead = await ahead.read(opened)
            from roadstead.operations import status as standing

        return await standing.fleet(opened)


async def _of_hub(hub: str, asked: settings.Given) -> "FleetStatus":
    from roadstead.cli import hub_answers, hubs

    deadline = settings.seconds("--timeout", asked.timeout)
    chosen = {
        "cluster": asked.clusters,
        "selector": asked.selector,
        "bundle": asked.bundles,
        "bundleSelector": asked.bundle_selector,
    }
    async with hubs.connected(hub, deadline=deadline) as opened:
        return await hub_answers.status(opened, **chosen)
