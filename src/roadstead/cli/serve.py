"""`roadstead serve`: keep the fleet as Git says, without anybody running a command."""

import asyncio
from contextlib import AsyncExitStack
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from roadstead.cli import config_file, guarding, options, running, settings
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem


class LogFormat(StrEnum):
    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


def _env(name: str) -> str:
    return f"ROADSTEAD_{name}"


def serve(
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            envvar=_env("CONFIG"),
            is_eager=True,
            callback=config_file.defaults,
            help="Read flags from this file, one `name: value` a line. Flags and environment go before it.",
        ),
    ] = None,
    fleet: options.FleetOption = ".",
    branch: Annotated[
        str | None,
        typer.Option(
            "--branch",
            metavar="REF",
            envvar=_env("BRANCH"),
            help="Follow this branch or tag; default: Git's own.",
        ),
    ] = None,
    keys: Annotated[
        str,
        typer.Option(
            "--verify",
            metavar="KEYS",
            envvar=_env("VERIFY"),
            help="Follow only commits or tags signed by one of this set of keys of this machine.",
        ),
    ] = "",
    accept: Annotated[
        list[str] | None,
        typer.Option(
            "--accept",
            metavar="COMMIT",
            envvar=_env("ACCEPT"),
            help="Follow this commit although history was rewritten before it.",
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            "--database",
            metavar="URL",
            envvar=_env("DATABASE"),
            help="sqlite:///FILE or postgresql://…; default: hub.db in Roadstead's state folder.",
        ),
    ] = None,
    listen: Annotated[
        str, typer.Option("--listen", metavar="HOST:PORT", envvar=_env("LISTEN"), help="Serve HTTP here.")
    ] = "127.0.0.1:8420",
    access: guarding.AccessOption = None,
    anonymous: guarding.AnonymousOption = None,
    tls_cert: guarding.CertificateOption = None,
    tls_key: guarding.KeyOption = None,
    insecure_listen: guarding.InsecureOption = False,
    proxy: guarding.ProxyOption = None,
    host: guarding.HostOption = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            metavar="NAME",
            envvar=_env("NAME"),
            help="Who writes, in inventories and on the record; default: hub@HOST. Keep it, and give it to no other.",
        ),
    ] = None,
    interval: Annotated[
        str, typer.Option("--interval", metavar="TIME", envvar=_env("INTERVAL"), help="Look at Git so often.")
    ] = "1m",
    hooks: Annotated[
        list[str] | None,
        typer.Option(
            "--webhook-secret",
            metavar="PROVIDER=FILE",
            envvar=_env("WEBHOOK_SECRETS"),
            help="Take webhooks of github, gitlab, bitbucket, gitea or forgejo, signed with what the file holds; "
            "may be given again.",
        ),
    ] = None,
    secrets: options.SecretsOption = None,
    keep_events: Annotated[
        str,
        typer.Option(
            "--keep-events", metavar="TIME", envvar=_env("KEEP_EVENTS"), help="Forget events after that long."
        ),
    ] = "90d",
    keep_record: Annotated[
        str | None,
        typer.Option(
            "--keep-record",
            metavar="TIME",
            envvar=_env("KEEP_RECORD"),
            help="Forget the record's oldest sealed segments after that long; default: never.",
        ),
    ] = None,
    keep_size: Annotated[
        str | None,
        typer.Option(
            "--keep-size",
            metavar="SIZE",
            envvar=_env("KEEP_SIZE"),
            help="While the database is larger (10Gi), forget the oldest events, and segments of the record.",
        ),
    ] = None,
    traces_to: Annotated[
        str,
        typer.Option(
            "--traces",
            metavar="URL",
            envvar=[_env("TRACES"), "OTEL_EXPORTER_OTLP_ENDPOINT"],
            help="Send traces to this collector (OTLP over HTTP); needs roadstead[otel].",
        ),
    ] = "",
    kubeconfig: options.KubeconfigOption = None,
    log_format: Annotated[
        LogFormat, typer.Option("--log-format", envvar=_env("LOG_FORMAT"), help="How to write logs.")
    ] = LogFormat.AUTO,
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
    asked = settings.Given(fleet=fleet, kubeconfig=kubeconfig, timeout="10m")
    guard = guarding.Guarding(
        access, anonymous, tls_cert, tls_key, insecure_listen, tuple(proxy or ()), tuple(host or ())
    )

    async def work(stop: asyncio.Event) -> int:
        from roadstead.engine import folders
        from roadstead.hub import app, logs, server, traces
        from roadstead.hub.metrics import Metrics
        from roadstead.hub.webhooks import PROVIDERS, Secrets
        from roadstead.model.events import Event
        from roadstead.operations import serve as operation

        files = {key: Path(value) for key, value in settings.pairs("--webhook-secret", hooks or ()).items()}
        if unknown := sorted(files.keys() - PROVIDERS.keys()):
            cause = f"--webhook-secret: there is no provider {', '.join(unknown)}"
            raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, f"it is one of {', '.join(PROVIDERS)}"))
        logs.configure(text=None if log_format is LogFormat.AUTO else log_format is LogFormat.TEXT)
        chosen = operation.Options(
            operation.followed(asked.settings(), branch=branch, keys=keys),
            database or f"sqlite:///{folders.state() / 'hub.db'}",
            name or operation.default_name(),
            settings.seconds("--interval", interval),
            tuple(accept or ()),
            settings.keep(keep_events, keep_record, keep_size),
            secrets,
        )
        counted = Metrics()

        def hear(event: Event) -> None:
            logs.hear(event)
            counted.hear(event)

        with server.listen(listen) as listening, traces.sent(traces_to, name=chosen.name):
            guard.check(listening)
            identity = guard.identity(chosen.settings.state, guarding.tell)
            tls, hosts = guard.tls(guarding.tell), guard.names(listening)
            async with operation.serving(chosen, hear, stop=stop) as serving, AsyncExitStack() as opened:
                routes = app.app(serving, counted, Secrets(files), identity=identity, hosts=hosts)
                answering = server.running(routes, listening, tls=tls, proxies=guard.proxies)
                await opened.enter_async_context(answering)
                address = server.shown(listening, secure=tls is not None)
                logs.say("serving", address=address, fleet=fleet, name=chosen.name)
                await stop.wait()
        logs.say("stopped")
        return 0

    running.run(work, writes=True, forever=True)
