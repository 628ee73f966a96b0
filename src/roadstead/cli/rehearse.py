"""`roadstead rehearse`: carry a change out on simulated copies of the fleet's clusters."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from roadstead.cli import console, groups, options, progress, running, settings
from roadstead.cli.console import Output


@groups.spread
def rehearse(
    *,
    chosen: options.Chosen,
    output: options.OutputOption = Output.TEXT,
    snapshot: Annotated[
        Path | None,
        typer.Option("--snapshot", metavar="FILE", help="Copy what is in this file, and ask no cluster."),
    ] = None,
    save_snapshot: Annotated[
        Path | None,
        typer.Option("--save-snapshot", metavar="FILE", help="Keep what was read, for --snapshot."),
    ] = None,
    time: Annotated[
        str,
        typer.Option(
            "--time", metavar="TIME", help="How long, in the copies' time, objects may take to be ready."
        ),
    ] = "10m",
    deleting: options.Deleting,
    timeout: options.TimeoutOption = "10m",
) -> None:
    """Carry a change out on simulated copies of the clusters, and tell how it would end.

    Each copy has the version, definitions, namespaces and owned objects of its cluster, and
    Secrets without their values. The change is applied to the copies as `apply` would,
    and their time is turned forward. The real clusters are only read, or not asked at all.

    \b
    Examples:
      roadstead rehearse --revision release-42
      roadstead rehearse storefront -l tier=production --time 30m
      roadstead rehearse --save-snapshot fleet.snapshot
      roadstead rehearse --snapshot fleet.snapshot -o json
    """
    asked = chosen.given(timeout)
    wishes = deleting.wishes()

    async def work(stop: asyncio.Event) -> int:
        from roadstead.engine import revision_loop, world
        from roadstead.operations.rehearse import running as rehearsing
        from roadstead.operations.rehearse import snapshot as snapshots
        from roadstead.report import rehearsals

        seconds = settings.seconds("--time", time)
        kept = snapshots.read(snapshot) if snapshot is not None else None
        async with world.local(asked.settings()) as opened:
            desired = await revision_loop.read(opened)
            found = rehearsing.kept(opened, desired, kept) if kept else await rehearsing.read(opened, desired)
            if save_snapshot is not None:
                snapshots.write(save_snapshot, found.snapshot)
            with progress.shown("rehearsing", quiet=True) as watchers:
                told = await rehearsing.fleet(
                    opened, desired, found, wishes, seconds=seconds, watchers=watchers
                )
        if output is Output.TEXT:
            console.show(rehearsals.lines(told))
        else:
            console.show_data(rehearsals.data(told), output)
        return running.code(failed=told.failed)

    running.run(work)
