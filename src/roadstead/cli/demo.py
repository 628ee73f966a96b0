"""`roadstead demo`: a guided story on a fleet of simulated clusters."""

import asyncio
import os
import shlex
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from roadstead.cli import console, running
from roadstead.report.lines import Line, Style

if TYPE_CHECKING:
    from roadstead.operations.demo.playground import Playground
    from roadstead.operations.demo.story import Command, Edit, Hub, Scene, Step

_WIDEST = 100


def demo(
    folder: Annotated[
        Path | None,
        typer.Option("--folder", metavar="FOLDER", help="Where; its repository stays. Default: a new one."),
    ] = None,
    script: Annotated[
        bool, typer.Option("--script", help="Tell it without stopping, check its claims, and end.")
    ] = False,
) -> None:
    """Tell a story on six simulated clusters that really happens, and let you play on.

    Needs no cluster and no containers: the API servers are simulated in this process,
    the commands are the real ones. It stays up at the end, until Ctrl-C, which removes
    everything. Without a terminal it is told as with --script.

    \b
    Examples:
      roadstead demo
      roadstead demo --folder /tmp/market
    """
    alone = script or not (sys.stdin.isatty() and sys.stdout.isatty())

    async def work(stop: asyncio.Event) -> int:
        from roadstead.operations.demo import playground

        try:
            async with playground.opened(folder) as opened:
                if alone:
                    return await _scripted(opened)
                await _told(opened)
        except asyncio.CancelledError:
            gone = "the clusters are gone" if folder else "everything is removed"
            console.show([Line(), Line(gone, Style.FAINT)])
        return 0

    running.run(work)


async def _scripted(opened: "Playground") -> int:
    from roadstead.operations.demo import story

    failed: list[str] = []
    _introduce(opened)
    for number, scene in enumerate(story.SCENES, start=1):
        failed += await _scene(opened, scene, f"{number}/{len(story.SCENES)}", listening=True)
    if failed:
        console.show([Line(), Line("The story went wrong:", Style.ERROR), *map(Line, failed)])
    return running.code(failed=bool(failed))


async def _told(opened: "Playground") -> None:
    from roadstead.operations.demo import story

    _introduce(opened)
    _exports(opened)
    for number, scene in enumerate(story.SCENES, start=1):
        await _enter(f"Enter to go on with: {scene.title}")
        await _scene(opened, scene, f"{number}/{len(story.SCENES)}", listening=False)
    _say("That was the story. The clusters stay up until Ctrl-C: go on in another terminal.")
    _exports(opened)
    console.show(
        [
            Line("roadstead drift --watch --correct      # and meanwhile, in a third one:"),
            Line("kubectl --context hamburg --namespace shop delete service front"),
            Line("roadstead rehearse      # what you changed in the repository, on copies of these"),
        ]
    )
    await asyncio.Event().wait()


async def _scene(opened: "Playground", scene: "Scene", number: str, *, listening: bool) -> list[str]:
    """Tell it; gives the claims that do not hold, as far as they can be heard."""
    failed: list[str] = []
    console.show([Line(), Line(f"{number}  {scene.title}", Style.TITLE)])
    _say(scene.text)
    for step in scene.steps:
        failed += await _step(opened, step, listening=listening)
    console.show([Line()])
    _say(scene.look)
    return failed


async def _step(opened: "Playground", step: "Step", *, listening: bool) -> list[str]:
    from roadstead.operations.demo import story, teller

    if isinstance(step, story.Edit):
        console.show([Line(), Line(f"# {_edited(step)}", Style.FAINT)])
        teller.edit(opened, step)
        return []
    if isinstance(step, story.Hub):
        return await _serve(opened, step, listening=listening)
    return await _run(opened, step, listening=listening)


async def _run(opened: "Playground", command: "Command", *, listening: bool) -> list[str]:
    from roadstead.operations.demo import teller

    console.show([Line(), Line(f"$ {command.line}", Style.CREATE)])
    ended = await teller.run(opened, command, listening=listening)
    if not listening:
        return []
    console.show_raw(ended.output)
    return [one for one in [teller.wrong(command, ended)] if one]


async def _serve(opened: "Playground", hub: "Hub", *, listening: bool) -> list[str]:
    from roadstead.operations.demo import teller

    failed: list[str] = []

    async def act() -> None:
        for command in hub.steps:
            failed.extend(await _run(opened, command, listening=listening))
        console.show([Line()])

    console.show([Line(), Line(f"$ {hub.line} &", Style.CREATE)])
    missed = await teller.serve(opened, hub, hear=console.show_raw, act=act)
    return [*failed, *([missed] if missed else [])]


def _edited(step: "Edit") -> str:
    """The first line that is new."""
    new = next(line for line in step.after.splitlines() if line not in step.before)
    return f"in {step.path}: {new.strip()}"


def _introduce(opened: "Playground") -> None:
    _say(f"A fleet repository lies in {opened.repository}, with simulated clusters to try it on.")


def _exports(opened: "Playground") -> None:
    lines = [f"export {name}={shlex.quote(value)}" for name, value in opened.exports.items()]
    lines += [f"export PATH={shlex.quote(str(Path(sys.executable).parent))}{os.pathsep}$PATH"]
    lines += [f"cd {shlex.quote(str(opened.repository))}"]
    console.show([Line(), *(Line(line, Style.FAINT) for line in lines), Line()])


def _say(text: str) -> None:
    """In lines that fit."""
    width = max(20, min(console.out().width, _WIDEST))
    console.show(Line(line) for line in textwrap.wrap(text, width, break_long_words=False))


async def _enter(text: str) -> None:
    """Until the person has pressed Enter, without holding up the clusters."""
    console.show([Line(text, Style.FAINT)])
    pressed = asyncio.Event()
    loop = asyncio.get_running_loop()
    terminal = sys.stdin.fileno()
    loop.add_reader(terminal, pressed.set)
    try:
        await pressed.wait()
    finally:
        loop.remove_reader(terminal)
    os.read(terminal, 4096)
