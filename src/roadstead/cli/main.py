"""The command `roadstead`: one verb per file, grouped as people look for them. start.py runs it."""

from typing import Annotated

import typer

from roadstead import __version__
from roadstead.cli import (
    alert,
    apply,
    audit,
    cluster,
    demo,
    drift,
    events,
    explain,
    facts,
    get,
    history,
    hold,
    init,
    login,
    plan,
    rehearse,
    render,
    schema,
    serve,
    status,
    suspend,
    sync,
    token,
    validate,
)

app = typer.Typer(
    name="roadstead",
    help="GitOps for fleets of Kubernetes clusters: Git says, every cluster follows, nothing drifts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)

_WRITE, _SEE, _ACT = "Describe the fleet", "See what is and would be", "Make it so"

app.command(rich_help_panel=_WRITE)(demo.demo)
app.command(rich_help_panel=_WRITE)(init.init)
app.command(rich_help_panel=_WRITE)(validate.validate)
app.command(rich_help_panel=_WRITE)(schema.schema)
app.add_typer(cluster.app, name="cluster", rich_help_panel=_WRITE)
app.add_typer(get.app, name="get", rich_help_panel=_SEE)
app.command(rich_help_panel=_SEE)(facts.facts)
app.command(rich_help_panel=_SEE)(render.render)
app.command(rich_help_panel=_SEE)(plan.plan)
app.command(rich_help_panel=_SEE)(rehearse.rehearse)
app.command(rich_help_panel=_SEE)(status.status)
app.command(rich_help_panel=_SEE)(drift.drift)
app.command(rich_help_panel=_SEE)(events.events)
app.command(rich_help_panel=_SEE)(history.history)
app.command(rich_help_panel=_SEE)(explain.explain)
app.add_typer(audit.app, name="audit", rich_help_panel=_SEE)
app.command(rich_help_panel=_ACT)(apply.apply)
app.command(rich_help_panel=_ACT)(serve.serve)
app.add_typer(hold.app, name="hold", rich_help_panel=_ACT)
app.add_typer(alert.app, name="alert", rich_help_panel=_ACT)
app.command(rich_help_panel=_ACT)(sync.sync)
app.command(rich_help_panel=_ACT)(suspend.suspend)
app.command(rich_help_panel=_ACT)(suspend.resume)
app.command(rich_help_panel=_ACT)(login.login)
app.command(rich_help_panel=_ACT)(login.logout)
app.add_typer(token.app, name="token", rich_help_panel=_ACT)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"roadstead {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    pass


def narrow(verb: str) -> None:
    """Leave only this verb in `app`, if there is one of that name: building the options of all takes longer."""
    commands = [one for one in app.registered_commands if one.callback and one.callback.__name__ == verb]
    groups = [one for one in app.registered_groups if one.name == verb]
    if commands or groups:
        app.registered_commands, app.registered_groups = commands, groups
