"""`roadstead events`: what happens in the fleet that a hub keeps."""

import asyncio
import sys
from typing import Annotated, Any

import typer

from roadstead.cli import console, moments, options, running
from roadstead.cli.console import Output
from roadstead.report.lines import Line, Style


def events(
    hub: options.HubArgument,
    bundles: options.BundlesArgument = None,
    cluster: options.ClusterOption = None,
    selector: options.SelectorOption = None,
    bundle_selector: options.BundleSelectorOption = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind", metavar="KIND", help="Only of this kind (drift, applied, …); may be given again."
        ),
    ] = None,
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="Since then: 2h, 7d, or 2026-12-01T18:00Z.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest.")] = 50,
    follow: Annotated[
        bool,
        typer.Option("--follow", help="Go on with what comes, also over breaks; with -o json a line each."),
    ] = False,
    output: options.OutputOption = Output.TEXT,
) -> None:
    """Show what happened in the fleet, the oldest first, and with --follow what happens.

    \b
    Examples:
      roadstead events --hub https://roadstead.example --since 2h
      roadstead events storefront --kind drift --follow -o json
    """
    with running.told():
        moment = moments.read("--since", since) if since else None

    async def work(stop: asyncio.Event) -> int:
        import msgspec

        from roadstead.cli import hubs
        from roadstead.model.events import Event
        from roadstead.report import events as report

        asked = {
            "bundle": bundles,
            "bundleSelector": bundle_selector,
            "cluster": cluster,
            "selector": selector,
            "kind": kind,
        }
        async with hubs.connected(hub) as opened:
            when = moment.isoformat() if moment else None
            page = [one async for one in opened.items("/events", most=limit, since=when, **asked)]
            found = [msgspec.convert(one, Event) for one in reversed(page)]
            if not follow:
                _show(report, found, output)
                return 0
            last = found[-1].id if found else 0
            _each(report, found, output)
            async for told in opened.follow("/stream", after=last, what=["events"], **asked):
                if told.kind == "event":
                    _each(report, [msgspec.convert(told.data, Event)], output)
                elif told.kind in ("lost", "back", "gone"):
                    console.show([Line(_said(told.kind, told.data), Style.WARNING)], stderr=True)
        return 0

    running.run(work)


def _show(report: Any, found: list[Any], output: Output) -> None:
    if output is Output.TEXT:
        console.show(report.lines(found))
    else:
        console.show_data([report.data(one) for one in found], output)


def _each(report: Any, found: list[Any], output: Output) -> None:
    """A line, or a document, for each."""
    import orjson

    for one in found:
        if output is Output.TEXT:
            console.show(report.lines([one]))
        elif output is Output.JSON:
            sys.stdout.write(orjson.dumps(report.data(one)).decode() + "\n")
            sys.stdout.flush()
        else:
            console.show_raw("---\n")
            console.show_data(report.data(one), output)


def _said(kind: str, data: dict[str, Any]) -> str:
    if kind == "lost":
        return f"the hub is gone: {data['cause']}; it is asked again"
    if kind == "back":
        return "the hub is back; nothing was missed"
    return f"events up to {data['oldest']} are kept no more; what follows begins after them"
