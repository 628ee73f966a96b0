"""Start other programs without holding up this one.

uvloop forks: with 500 MB of memory that takes 0.3 s and more, and nothing else goes on meanwhile. The standard
library shares the memory until the program runs (vfork), which takes a few milliseconds at any size. So programs are
started its way whatever the loop is, where the system tells of their end by a file descriptor (Linux).
"""

import asyncio
import os
from asyncio import subprocess, unix_events
from collections.abc import Mapping
from pathlib import Path
from typing import IO

_LIMIT = 1 << 16  # bytes that a stream reads ahead


async def start(
    *line: str,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    stdin: int | IO[bytes] | None = None,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
    start_new_session: bool = False,
) -> subprocess.Process:
    """As asyncio.create_subprocess_exec."""
    if not hasattr(os, "pidfd_open"):
        return await asyncio.create_subprocess_exec(
            *line,
            cwd=cwd,
            env=env,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=start_new_session,
        )
    loop = asyncio.get_running_loop()
    protocol = subprocess.SubprocessStreamProtocol(limit=_LIMIT, loop=loop)
    connected: asyncio.Future[None] = loop.create_future()
    transport = unix_events._UnixSubprocessTransport(  # type: ignore[attr-defined]
        loop,
        protocol,
        line,
        False,
        stdin,
        stdout,
        stderr,
        bufsize=0,
        waiter=connected,
        cwd=cwd,
        env=env,
        start_new_session=start_new_session,
    )
    _watch(loop, transport)
    try:
        await connected
    except BaseException:
        transport.close()  # which kills it
        await transport._wait()
        raise
    return subprocess.Process(transport, protocol, loop)


def _watch(loop: asyncio.AbstractEventLoop, transport: "unix_events._UnixSubprocessTransport") -> None:  # type: ignore[name-defined]
    """Tell the transport when its program ended."""
    ended = os.pidfd_open(transport.get_pid())

    def tell() -> None:
        loop.remove_reader(ended)
        os.close(ended)
        transport._process_exited(transport._proc.wait())

    loop.add_reader(ended, tell)
