"""`roadstead sync`: let a hub look now, at Git or at bundles, and not when it would."""

import asyncio

from roadstead.cli import console, options, running
from roadstead.report.lines import Line, counted


def sync(
    hub: options.HubArgument,
    bundles: options.BundlesArgument = None,
    cluster: options.ClusterOption = None,
) -> None:
    """Let the hub look at Git now; with names, at these bundles on these clusters, whatever they wait for.

    It takes the role operator, and nothing is waited for: see `roadstead events --follow`.

    \b
    Examples:
      roadstead sync --hub https://roadstead.example
      roadstead sync storefront -c prod-eu-1
    """

    async def work(stop: asyncio.Event) -> int:
        from roadstead.cli import hubs

        async with hubs.connected(hub) as opened:
            body = {"bundles": bundles or [], "clusters": cluster or []}
            asked = (await opened.post("/sync", body))["asked"]
        named = bool(bundles or cluster)
        told = f"{counted(asked, 'bundle')} on clusters are looked at" if named else "Git is looked at"
        console.show([Line(told)])
        return 0

    running.run(work)
