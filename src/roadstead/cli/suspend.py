"""`roadstead suspend`, `roadstead resume`: holds by way of a hub, for who may not push to the fleet repository."""

import asyncio
from typing import Annotated, Any

import typer

from roadstead.cli import console, groups, moments, options, running
from roadstead.cli.console import Output
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem

_LIFTED_BY = {  # by how the ids begin that `roadstead hold list --hub` shows
    "Hold": "remove the document from Git",
    "break-glass": "remove the annotation roadstead.dev/break-glass of the cluster's namespace roadstead-system",
    "inventory": "remove the annotation roadstead.dev/hold of the Secret that `roadstead hold list --hub` names",
}


@groups.spread
def suspend(
    *,
    hub: options.HubArgument,
    reason: options.ReasonOption,
    until: options.UntilOption,
    named: options.Named,
    everything: options.EverythingOption = False,
    leave_drift: options.LeaveDriftOption = False,
    output: options.OutputOption = Output.TEXT,
) -> None:
    """Hold bundles as they are, by way of the hub: nothing is written to them until the end.

    It takes the role operator of everything that is held, counts at once, and is on the
    record with your name. Labels hold what has them now. The hub brings it to Git, where `roadstead hold list` shows it.

    \b
    Examples:
      roadstead suspend storefront -c prod-gcp-3 --until 4h --reason INC-4711
      roadstead suspend -l tier=production -L team=shop --until 4h --reason INC-4711
      roadstead suspend --all --until 1h --reason "network work"
    """
    with running.told():
        end = moments.read("--until", until, future=True)

    async def work(stop: asyncio.Event) -> int:
        from roadstead.cli import hubs

        body = {
            **named.body,
            "all": everything,
            "leaveDrift": leave_drift,
            "until": end.isoformat(),
            "reason": reason,
        }
        async with hubs.connected(hub) as opened:
            _show(await opened.post("/holds", body), output)
        return 0

    running.run(work)


def resume(
    hub: options.HubArgument,
    hold: Annotated[str, typer.Argument(metavar="HOLD", help="Its id, as `roadstead suspend` shows it.")],
    reason: options.ReasonOption,
    output: options.OutputOption = Output.TEXT,
) -> None:
    """Lift a hold before its end, by way of the hub.

    Your own take the role operator; those of others take approver.

    \b
    Examples:
      roadstead resume hold-20261201t180000z-3fa2b1 --reason "solved"
    """

    with running.told():
        where, elsewhere, _ = hold.partition("/")
        if elsewhere:
            cause = f"{hold} is no decision made by command, so no command lifts it"
            hint = _LIFTED_BY.get(where, "list them with `roadstead hold list --hub`")
            raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, hint))

    async def work(stop: asyncio.Event) -> int:
        from roadstead.cli import hubs

        async with hubs.connected(hub) as opened:
            _show(await opened.post(f"/holds/{hold}/lift", {"reason": reason}), output)
        return 0

    running.run(work)


def _show(told: dict[str, Any], output: Output) -> None:
    from datetime import UTC, datetime

    import msgspec

    from roadstead.model.decision import Decision
    from roadstead.report import holds as report

    made, now = msgspec.convert(told, Decision), datetime.now(UTC)
    if output is Output.TEXT:
        console.show(report.lines([made], now))
    else:
        console.show_data(report.data([made], now), output)
