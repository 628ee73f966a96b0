"""Start, signal and watch server processes through the supervisor.

Commands are short and synchronous (a millisecond or two), so they may be sent from any event loop or from
none; waiting for a process to end polls, and is a coroutine.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp

from tests.controlplane import direct, supervisor


class Supervisor:
    """The owner's end of one supervisor. `close` ends all of its processes and removes the directory."""

    def __init__(self, directory: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", supervisor.__file__, str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )

    def command(self, do: str, **arguments: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise OSError(answer["error"])
        return answer

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        with self._process:  # closes the pipes, then waits
            pass


class Server:
    """One process that may be started again after it ended, with the same arguments."""

    def __init__(self, owner: Supervisor, name: str, *, argv: list[str], log: Path) -> None:
        self.name = name
        self.argv = argv
        self.log = log
        self.pid = 0
        self._owner = owner

    def start(self) -> None:
        self.pid = self._owner.command("start", name=self.name, argv=self.argv, log=str(self.log))["pid"]

    def send(self, number: signal.Signals) -> None:
        self._owner.command("send", name=self.name, number=int(number))

    def returncode(self) -> int | None:
        """None while it runs; minus the signal's number when one ended it."""
        code: int | None = self._owner.command("poll", name=self.name)["returncode"]
        return code

    async def ended(self, *, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while self.returncode() is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} still runs after {timeout:.0f} s")
            await asyncio.sleep(0.01)

    def complaint(self) -> str:
        """The last lines it wrote: why it does not come up."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join([f"last lines of {self.name}:", *lines[-15:]])


async def ready(server: Server, check: Callable[[], Awaitable[bool]], *, timeout: float) -> None:
    """Wait until `check` gives True; it may fail in any way that a server which is not up yet makes it fail."""
    deadline = time.monotonic() + timeout
    failure: Exception | None = None
    while time.monotonic() < deadline:
        try:
            if await check():
                return
        except (aiohttp.ClientError, TimeoutError, direct.RequestFailed) as error:
            failure = error
        if server.returncode() is not None:
            raise RuntimeError(f"{server.name} ended before it was ready\n{server.complaint()}")
        await asyncio.sleep(0.05)
    raise TimeoutError(f"{server.name} was not ready after {timeout:.0f} s: {failure}\n{server.complaint()}")
