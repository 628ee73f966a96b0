"""`roadstead sync`: let a hub look now, at Git or at bundles, and not when it would."""

import asyncio
from typing import Annotated

import typer

from roadstead.cli import console, groups, options, running
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.report.lines import Line, counted


@groups.spread
def sync(
    *,
    hub: options.HubArgument,
    named: options.Named,
    accept: Annotated[
        str,
        typer.Option(
            "--accept", metavar="COMMIT", help="Let this commit follow, though history was rewritten."
        ),
    ] = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; for --accept.")] = "",
) -> None:
    """Let the hub look at Git now; with names or labels, at these bundles on these clusters, whatever they wait for.

    It takes the role operator, with --accept admin, and nothing is waited for: see
    `roadstead events --follow`.

    \b
    Examples:
      roadstead sync --hub https://roadstead.example
      roadstead sync storefront -c prod-eu-1
      roadstead sync -L team=shop -l tier=production
      roadstead sync --accept 4be1c2… --reason "secret removed from history"
    """
    with running.told():
        if accept and not (named.is_all and reason):
            cause, hint = "--accept is for the whole fleet, and says why", "give it --reason, and no names"
            raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, hint))

    async def work(stop: asyncio.Event) -> int:
        from roadstead.cli import hubs

        async with hubs.connected(hub) as opened:
            if accept:
                await opened.post("/accept", {"commit": accept, "reason": reason})
                console.show([Line(f"{accept} may follow; Git is looked at")])
                return 0
            asked = (await opened.post("/sync", named.body))["asked"]
        told = "Git is looked at" if named.is_all else f"{counted(asked, 'bundle')} on clusters are looked at"
        console.show([Line(told)])
        return 0

    running.run(work)
