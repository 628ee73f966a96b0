"""`roadstead init`: a small fleet repository that works."""

from pathlib import Path
from typing import Annotated

import typer

from roadstead.cli import console, options, running
from roadstead.report.lines import Line, Style


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="[FOLDER]", help="Where; made if it is not there.")
    ] = Path(),
    name: Annotated[str, typer.Option("--name", help="The fleet's name; default: the folder's.")] = "",
    context: Annotated[
        list[str] | None,
        typer.Option(
            "--context",
            metavar="[NAME=]CONTEXT",
            help="A cluster by its kubeconfig context; may be given again. Default: the current context.",
        ),
    ] = None,
    kubeconfig: options.KubeconfigOption = None,
) -> None:
    """Write a small, complete fleet repository: two applications, two profiles, your clusters.

    No file that exists is touched. The first cluster gets the profile development, the
    others production.

    \b
    Examples:
      roadstead init shop --context dev=kind-dev --context prod=kind-prod
      cd shop && roadstead validate && roadstead plan
    """
    from roadstead.operations import init as starting

    with running.told():
        made = starting.fleet(folder, name=name, contexts=context or (), kubeconfig=kubeconfig)
        console.show(Line(f"wrote {path}") for path in made.files)
        if made.repository_made:
            console.show([Line("made it a Git repository; nothing is committed yet")])
        there = "" if folder.resolve() == Path.cwd() else f"cd {folder} && "
        console.show([Line(f"next: {there}roadstead validate && roadstead plan", Style.TITLE)])
