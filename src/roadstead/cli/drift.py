"""`roadstead drift`: what was changed behind Git's back, by whom, and when."""

import asyncio
from typing import Annotated

import typer

from roadstead.cli import console, groups, options, progress, running, start
from roadstead.cli.console import Output


@groups.spread
def drift(
    *,
    chosen: options.Chosen,
    output: options.OutputOption = Output.TEXT,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on and tell drift as it happens.")] = False,
    correct: Annotated[
        bool,
        typer.Option("--correct", help="Put back what drifted, where its bundle does not say otherwise."),
    ] = False,
    detailed_exitcode: options.DetailedExitCode = False,
    timeout: options.TimeoutOption = "2m",
) -> None:
    """Show what was changed on the clusters since it was applied: old and new value, who, when.

    Who changed a field is known as far as the API server keeps it: a removed field leaves
    no trace of who removed it. With --watch this goes on until Ctrl-C.

    \b
    Examples:
      roadstead drift
      roadstead drift -c prod-eu-1 --correct
      roadstead drift --watch
    """
    asked = chosen.given(timeout)

    async def work(stop: asyncio.Event) -> int:
        from roadstead.engine import ahead, world

        wanted = asked.settings()
        async with world.local(wanted) as opened:
            with start.importing():
                opened.ahead = await ahead.read(opened)
                from roadstead.engine.bundle_plan import Wishes
                from roadstead.operations import apply as applying
                from roadstead.operations import drift as drifting
                from roadstead.report import drifts, outcomes

            planned = await drifting.fleet(opened)
            found = drifting.of(planned).report
            failed = found.failed
            if output is Output.TEXT:
                console.show(drifts.lines(found))
            else:
                console.show_data(drifts.data(found), output)
            with progress.shown("correcting", quiet=output is not Output.TEXT) as watchers:
                if correct and not watch:
                    kept = drifting.in_the_way(planned)
                    console.show_problems(kept)
                    request = applying.Request(Wishes(), False, drifting.correctable, watchers)
                    done = await applying.fleet(opened, planned.desired, request, stop=stop)
                    failed = failed or done.failed or bool(kept)
                    if output is Output.TEXT:
                        console.show(outcomes.lines(done))
                if watch:
                    opened.unlimited()
                    problems = await drifting.watch(
                        opened,
                        planned,
                        correct=watchers if correct else None,
                        tell=drifting.Telling(
                            lambda seen: console.show(
                                drifts.seen_lines(seen.key, seen.object, seen.change, opened.now)
                            ),
                            lambda cluster, what, problem: console.show(
                                drifts.sight_lines(cluster, what, problem, opened.now)
                            ),
                        ),
                        stop=stop,
                    )
                    console.show_problems(problems)
        return running.code(failed=failed, changes=detailed_exitcode and bool(drifts.count(found)))

    running.run(work, writes=True)
