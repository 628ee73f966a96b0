"""`roadstead serve`: keep the fleet as Git says, without anybody running a command."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from roadstead.cli import config_file, groups, guarding, running, serving


@groups.spread
def serve(
    *,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            envvar="ROADSTEAD_CONFIG",
            is_eager=True,
            callback=config_file.defaults,
            help="Read flags from this file, one `name: value` a line. Flags and environment go before it.",
        ),
    ] = None,
    following: serving.Following,
    listen: Annotated[
        str,
        typer.Option("--listen", metavar="HOST:PORT", envvar="ROADSTEAD_LISTEN", help="Serve HTTP here."),
    ] = "127.0.0.1:8420",
    guard: guarding.Guarding,
    keeping: serving.Keeping,
    telling: serving.Telling,
) -> None:
    """Keep the fleet as Git says until told to stop: commits are applied, drift is put back.

    Follows a branch by webhook and by poll, and every cluster by watches. What cannot be
    read, or is not signed as asked, changes nothing: everything stays at the last good
    state. Commits count, a working tree does not.

    \b
    Examples:
      roadstead serve --fleet https://git.example/platform/fleet --branch main
      roadstead serve --fleet . --database postgresql://hub@db.example/roadstead
      roadstead serve --config /etc/roadstead/hub.yaml
    """

    async def work(stop: asyncio.Event) -> int:
        from roadstead.hub import app, logs, outages, server, traces
        from roadstead.hub.metrics import Metrics
        from roadstead.model.events import Event
        from roadstead.operations import serve as operation

        hooks = following.secrets()
        logs.configure(text=telling.as_text)
        chosen = operation.Options(
            following.settings(),
            keeping.url,
            keeping.name or operation.default_name(),
            following.seconds,
            tuple(following.accept or ()),
            keeping.keep(),
            telling.secrets,
        )
        counted = Metrics()

        def hear(event: Event) -> None:
            logs.hear(event)
            counted.hear(event)

        with server.listen(listen) as listening, traces.sent(telling.traces, name=chosen.name):
            guard.check(listening)
            identity = guard.identity(chosen.settings.state, guarding.tell)
            tls, hosts = guard.tls(guarding.tell), guard.names(listening)
            async with operation.serving(chosen, hear, stop=stop) as served, AsyncExitStack() as opened:
                routes = app.app(served, counted, hooks, identity=identity, hosts=hosts)
                answering = server.running(routes, listening, tls=tls, proxies=guard.proxies or ())
                await opened.enter_async_context(answering)
                address = server.shown(listening, secure=tls is not None)
                logs.say("serving", address=address, fleet=following.fleet, name=chosen.name)
                await outages.told(lambda: served.store.problem, stop)
        logs.say("stopped")
        return 0

    running.run(work, writes=True, forever=True)
