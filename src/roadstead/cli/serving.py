"""The flags of `serve` by what they are about: what is followed, what is kept, what is told. Who may ask it is guarding.py.

Each is also a variable of the environment (ROADSTEAD_…) and a line of the file of --config.
"""

from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import Struct

from roadstead.cli import options, settings
from roadstead.language import quantities
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem

if TYPE_CHECKING:
    from roadstead.engine.world import Settings
    from roadstead.hub.webhooks import Secrets
    from roadstead.world.store import Keep


def _option(flag: str, metavar: str | None, help: str, *, variable: str | list[str] = "") -> Any:
    """`--keep-size` is ROADSTEAD_KEEP_SIZE, where no other variable is named."""
    usual = "ROADSTEAD_" + flag.removeprefix("--").replace("-", "_").upper()
    return typer.Option(flag, metavar=metavar, envvar=variable or usual, help=help)


class Following(Struct, frozen=True):
    fleet: Annotated[
        str,
        typer.Option(
            "--fleet",
            "-f",
            envvar="ROADSTEAD_FLEET",
            metavar="PATH|URL",
            help="The fleet repository: a Git URL, or a folder, of which what is committed counts.",
        ),
    ] = "."
    branch: Annotated[
        str | None, _option("--branch", "REF", "Follow this branch or tag; default: Git's own.")
    ] = None
    keys: Annotated[
        str,
        _option(
            "--verify",
            "KEYS",
            "Follow only commits or tags signed by one of this set of keys of this machine.",
        ),
    ] = ""
    accept: Annotated[
        list[str] | None,
        _option("--accept", "COMMIT", "Follow this commit although history was rewritten before it."),
    ] = None
    interval: Annotated[str, _option("--interval", "TIME", "Look at Git so often.")] = "1m"
    hooks: Annotated[
        list[str] | None,
        _option(
            "--webhook-secret",
            "PROVIDER=FILE",
            "Take webhooks of github, gitlab, bitbucket, gitea or forgejo, signed with what the file holds; "
            "may be given again.",
            variable="ROADSTEAD_WEBHOOK_SECRETS",
        ),
    ] = None
    kubeconfig: options.KubeconfigOption = None

    @property
    def seconds(self) -> float:
        return settings.seconds("--interval", self.interval)

    def settings(self) -> "Settings":
        from roadstead.operations import serve

        given = settings.Given(fleet=self.fleet, kubeconfig=self.kubeconfig, timeout="10m")
        return serve.followed(given.settings(), branch=self.branch, keys=self.keys)

    def secrets(self) -> "Secrets":
        """Of webhooks."""
        from roadstead.hub.webhooks import PROVIDERS, Secrets

        files = {
            name: Path(file) for name, file in settings.pairs("--webhook-secret", self.hooks or ()).items()
        }
        if unknown := sorted(files.keys() - PROVIDERS.keys()):
            cause = f"--webhook-secret: there is no provider {', '.join(unknown)}"
            raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, f"it is one of {', '.join(PROVIDERS)}"))
        return Secrets(files)


class Keeping(Struct, frozen=True):
    database: Annotated[
        str | None,
        _option(
            "--database",
            "URL",
            "sqlite:///FILE or postgresql://…; default: hub.db in Roadstead's state folder.",
        ),
    ] = None
    name: Annotated[
        str | None,
        _option(
            "--name",
            "NAME",
            "Who writes, in inventories and on the record; default: hub@HOST. Keep it, and give it to no other.",
        ),
    ] = None
    events: Annotated[str, _option("--keep-events", "TIME", "Forget events after that long.")] = "90d"
    record: Annotated[
        str | None,
        _option(
            "--keep-record",
            "TIME",
            "Forget the record's oldest sealed segments after that long; default: never.",
        ),
    ] = None
    size: Annotated[
        str | None,
        _option(
            "--keep-size",
            "SIZE",
            "While the database is larger (10Gi), forget the oldest events, and segments of the record.",
        ),
    ] = None

    @property
    def url(self) -> str:
        from roadstead.engine import folders

        return self.database or f"sqlite:///{folders.state() / 'hub.db'}"

    def keep(self) -> "Keep":
        """How long the database remembers, and how much."""
        from roadstead.world.store import Keep

        return Keep(
            events=timedelta(seconds=settings.seconds("--keep-events", self.events)),
            records=timedelta(seconds=settings.seconds("--keep-record", self.record))
            if self.record
            else None,
            most=_bytes("--keep-size", self.size) if self.size else 0,
        )


class LogFormat(StrEnum):
    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


class Telling(Struct, frozen=True):
    secrets: options.SecretsOption = None
    traces: Annotated[
        str,
        _option(
            "--traces",
            "URL",
            "Send traces to this collector (OTLP over HTTP); needs roadstead[otel].",
            variable=["ROADSTEAD_TRACES", "OTEL_EXPORTER_OTLP_ENDPOINT"],
        ),
    ] = ""
    logs: Annotated[LogFormat, _option("--log-format", None, "How to write logs.")] = LogFormat.AUTO

    @property
    def as_text(self) -> bool | None:
        return None if self.logs is LogFormat.AUTO else self.logs is LogFormat.TEXT


def _bytes(flag: str, text: str) -> int:
    try:
        return int(quantities.parse(text))
    except ValueError as cause:
        problem = Problem(reasons.BAD_ARGUMENT, f"{flag}: {cause}", "write 500Mi or 10Gi")
        raise errors.error(problem) from cause
