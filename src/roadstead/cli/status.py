"""`roadstead status`: is everything as Git says, and is it well?"""

import asyncio

from roadstead.cli import console, options, running, settings
from roadstead.cli.console import Output


def status(
    bundles: options.BundlesArgument = None,
    fleet: options.FleetOption = ".",
    revision: options.RevisionOption = None,
    cluster: options.ClusterOption = None,
    selector: options.SelectorOption = None,
    kubeconfig: options.KubeconfigOption = None,
    output: options.OutputOption = Output.TEXT,
    detailed_exitcode: options.DetailedExitCode = False,
    timeout: options.TimeoutOption = "2m",
) -> None:
    """Show where every bundle stands on every cluster: in sync, pending or drifted; ready or not.

    \b
    Examples:
      roadstead status
      roadstead status storefront -l tier=production -o json
      roadstead status --detailed-exitcode || echo "something needs a look"
    """
    asked = settings.Given(fleet, revision, kubeconfig, None, cluster, selector, bundles, timeout)

    async def work(stop: asyncio.Event) -> int:
        from roadstead.engine import world
        from roadstead.operations import status as standing
        from roadstead.report import statuses

        async with world.local(asked.settings()) as opened:
            found = await standing.fleet(opened)
        if output is Output.TEXT:
            console.show(statuses.lines(found))
        else:
            console.show_data(statuses.data(found), output)
        return running.code(failed=False, changes=detailed_exitcode and not found.is_fine)

    running.run(work)
