"""`roadstead audit`: who changed what, when and why, and whether that record is whole."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from roadstead.cli import console, moments, options, running, settings
from roadstead.cli.console import Output
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem

if TYPE_CHECKING:
    from roadstead.model.record import Linked

app = typer.Typer(
    help="See the record of every change and decision, and prove that it is whole.", no_args_is_help=True
)


@app.command()
def verify(
    database: options.DatabaseOption = None,
    hub: options.HubOption = None,
    fleet: Annotated[
        str | None,
        typer.Option(
            "--fleet",
            "-f",
            envvar="ROADSTEAD_FLEET",
            metavar="PATH|URL",
            help="The fleet repository, to hold the chain against what was anchored there.",
        ),
    ] = None,
    writer: Annotated[
        list[str] | None,
        typer.Option("--writer", metavar="NAME", help="Only this chain; may be given again."),
    ] = None,
    output: options.OutputOption = Output.TEXT,
    timeout: options.TimeoutOption = "10m",
) -> None:
    """Prove that no record was changed, removed, reordered or cut off; leave with 1 otherwise.

    Without --fleet the database is held against itself alone: whoever can write all of it
    can make up a chain that looks whole. What was anchored in Git nobody can change there.
    After a database was lost its chain is told as missing; --writer leaves it out.
    With --hub the records are fetched and verified here: what it leaves out at the end,
    only --fleet shows.

    \b
    Examples:
      roadstead audit verify --database hub.db --fleet https://git.example/shop/fleet
    """
    with running.told():
        database, hub = _source(database, hub)

    async def work(stop: asyncio.Event) -> int:
        from roadstead.engine import folders
        from roadstead.operations import audit
        from roadstead.report import records as report
        from roadstead.world import store

        deadline = settings.seconds("--timeout", timeout)
        known = await audit.anchors(fleet, cache=folders.cache(), deadline=deadline) if fleet else None
        only = frozenset(writer or ())
        if hub:
            async with _everything(database, hub) as found:
                verdicts = audit.verify_export([one async for one in found], known, only=only)
        else:
            async with store.look(database or "") as opened:
                verdicts = await audit.verify(opened, known, only=only)
        if output is Output.TEXT:
            console.show(report.verdict_lines(verdicts))
        else:
            console.show_data(report.verdict_data(verdicts), output)
        return running.code(failed=any(one.problems for one in verdicts))

    running.run(work)


@app.command()
def show(
    database: options.DatabaseOption = None,
    hub: options.HubOption = None,
    object: Annotated[
        str,
        typer.Option(
            "--object", metavar="KIND/NAMESPACE/NAME", help="Of this object; KIND/NAME or NAME finds more."
        ),
    ] = "",
    cluster: options.ClusterOption = None,
    bundle: options.BundleOption = None,
    actor: Annotated[
        str, typer.Option("--actor", metavar="NAME", help="What this person or process did.")
    ] = "",
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="Since then: 2h, 7d, or 2026-12-01T18:00Z.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest.")] = 50,
    output: options.OutputOption = Output.TEXT,
) -> None:
    """Show what was done, by whom, from which commit, with what result; the newest first.

    \b
    Examples:
      roadstead audit show --database hub.db --object Deployment/shop/web --since 7d
      roadstead audit show --database hub.db -c prod-eu-1 --actor ann -o json
    """
    with running.told():
        database, hub = _source(database, hub)
        moment = moments.read("--since", since) if since else None

    async def work(stop: asyncio.Event) -> int:
        from roadstead.cli import hub_answers, hubs
        from roadstead.operations import audit
        from roadstead.report import records as report
        from roadstead.world import store
        from roadstead.world.store.records import Where

        if hub:
            when = moment.isoformat() if moment else None
            asked = {"object": object, "cluster": cluster, "bundle": bundle, "actor": actor, "since": when}
            async with hubs.connected(hub) as opened:
                found = [one async for one in hub_answers.records(opened, most=limit, **asked)]
        else:
            where = Where(
                object=object,
                clusters=frozenset(cluster) if cluster else None,
                bundles=frozenset(bundle) if bundle else None,
                actor=actor,
                since=moment,
            )
            async with store.look(database or "") as records:
                found = list(await audit.show(records, where, limit=limit))
        if output is Output.TEXT:
            console.show(report.lines(found))
        else:
            console.show_data([report.data(one) for one in found], output)
        return 0

    running.run(work)


@app.command()
def export(database: options.DatabaseOption = None, hub: options.HubOption = None) -> None:
    """Print the whole record as JSON lines, chain by chain, each with its hash.

    \b
    Examples:
      roadstead audit export --database hub.db > record.jsonl
      roadstead audit export --hub https://roadstead.example > record.jsonl
    """
    with running.told():
        database, hub = _source(database, hub)

    async def work(stop: asyncio.Event) -> int:
        import orjson

        from roadstead.report import records as report

        async with _everything(database, hub) as found:
            async for one in found:
                sys.stdout.write(orjson.dumps(report.data(one)).decode() + "\n")
        sys.stdout.flush()
        return 0

    running.run(work)


@asynccontextmanager
async def _everything(database: str | None, hub: str | None) -> AsyncIterator[AsyncIterator["Linked"]]:
    """The whole record, chain by chain, each in its order."""
    from roadstead.cli import hub_answers, hubs
    from roadstead.operations import audit
    from roadstead.world import store

    if hub:
        async with hubs.connected(hub) as opened:
            yield hub_answers.whole_record(opened)
        return
    async with store.look(database or "") as records:
        yield audit.export(records)


def _source(database: str | None, hub: str | None) -> tuple[str | None, str | None]:
    """The one of them that is meant: each may come from the environment, too, and a flag wins over that. Raises
    UsageError where that leaves none or both."""
    flags = (database != os.environ.get("ROADSTEAD_DATABASE"), hub != os.environ.get("ROADSTEAD_HUB"))
    if database and hub and flags[0] != flags[1]:
        database, hub = (database, None) if flags[0] else (None, hub)
    if bool(database) == bool(hub):
        cause = "both --hub and --database are given" if hub else "whose record is meant is not said"
        hint = "give --hub, or the hub's --database, here or in the environment"
        raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, hint))
    return database, hub
