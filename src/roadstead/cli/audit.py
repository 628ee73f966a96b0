"""`roadstead audit`: who changed what, when and why, and whether that record is whole."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from roadstead.cli import console, options, running, settings
from roadstead.cli.console import Output
from roadstead.language import durations
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem

app = typer.Typer(
    help="See the record of every change and decision, and prove that it is whole.", no_args_is_help=True
)


@app.command()
def verify(
    database: options.DatabaseOption,
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

    \b
    Examples:
      roadstead audit verify --database hub.db --fleet https://git.example/shop/fleet
    """

    async def work(stop: asyncio.Event) -> int:
        from roadstead.engine import folders
        from roadstead.operations import audit
        from roadstead.report import records as report
        from roadstead.world import store

        deadline = settings.seconds("--timeout", timeout)
        known = await audit.anchors(fleet, cache=folders.cache(), deadline=deadline) if fleet else None
        async with store.look(database) as opened:
            verdicts = await audit.verify(opened, known, only=frozenset(writer or ()))
        if output is Output.TEXT:
            console.show(report.verdict_lines(verdicts))
        else:
            console.show_data(report.verdict_data(verdicts), output)
        return running.code(failed=any(one.problems for one in verdicts))

    running.run(work)


@app.command()
def show(
    database: options.DatabaseOption,
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
        moment = _moment(since) if since else None

    async def work(stop: asyncio.Event) -> int:
        from roadstead.operations import audit
        from roadstead.report import records as report
        from roadstead.world import store
        from roadstead.world.store.records import Where

        where = Where(
            object=object,
            clusters=frozenset(cluster) if cluster else None,
            bundles=frozenset(bundle) if bundle else None,
            actor=actor,
            since=moment,
        )
        async with store.look(database) as opened:
            found = await audit.show(opened, where, limit=limit)
        if output is Output.TEXT:
            console.show(report.lines(found))
        else:
            console.show_data([report.data(one) for one in found], output)
        return 0

    running.run(work)


@app.command()
def export(database: options.DatabaseOption) -> None:
    """Print the whole record as JSON lines, chain by chain, each with its hash.

    \b
    Examples:
      roadstead audit export --database hub.db > record.jsonl
    """

    async def work(stop: asyncio.Event) -> int:
        import orjson

        from roadstead.operations import audit
        from roadstead.report import records as report
        from roadstead.world import store

        async with store.look(database) as opened:
            async for one in audit.export(opened):
                sys.stdout.write(orjson.dumps(report.data(one)).decode() + "\n")
        sys.stdout.flush()
        return 0

    running.run(work)


def _moment(text: str) -> datetime:
    try:
        return datetime.now(UTC) - timedelta(seconds=durations.parse(text))
    except ValueError:
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError as cause:
        hint = "write a length of time such as 7d, or a moment such as 2026-12-01T18:00Z"
        raise errors.error(Problem(reasons.BAD_ARGUMENT, f"--since: {text}", hint)) from cause
    return found if found.tzinfo else found.replace(tzinfo=UTC)
