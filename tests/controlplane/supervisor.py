"""The process between a test session and the servers it starts, so that none of them outlives it.

A program of its own (standard library only), started by `processes.py` with one argument, the directory
that everything it starts may write to. It reads one JSON command a line from standard input and answers
each with one line. When standard input ends, for whatever reason (a tidy end, Ctrl-C, a crash, SIGKILL of
the owner), it kills all that it started, stopped processes too, removes the directory and ends. It lives
in a session of its own: a Ctrl-C in the terminal reaches the owner alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

children: dict[str, subprocess.Popen[bytes]] = {}


def start(name: str, argv: list[str], log: str) -> dict[str, Any]:
    if name in children and children[name].poll() is None:
        raise OSError(f"{name} is running already")  # two of a name: the first would be lost, and never ended
    with Path(log).open("ab") as output:
        children[name] = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=Path(log).parent
        )
    return {"pid": children[name].pid}


def send(name: str, number: int) -> dict[str, Any]:
    children[name].send_signal(number)  # Popen never signals a pid that was already reaped
    if number == signal.SIGSTOP:  # a busy thread may still answer for a moment
        os.waitid(os.P_PID, children[name].pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    return {}


def poll(name: str) -> dict[str, Any]:
    return {"returncode": children[name].poll()}


COMMANDS: dict[str, Callable[..., dict[str, Any]]] = {"start": start, "send": send, "poll": poll}


def answer(line: bytes) -> dict[str, Any]:
    command = json.loads(line)
    try:
        return COMMANDS[command.pop("do")](**command)
    except OSError as error:
        return {"error": str(error)}


def serve() -> None:
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(json.dumps(answer(line)).encode() + b"\n")
        sys.stdout.buffer.flush()


def end(directory: str) -> None:
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    for child in children.values():
        child.kill()
    for child in children.values():
        child.wait()
    shutil.rmtree(directory, ignore_errors=True)


def stop(*_: object) -> None:
    raise SystemExit(0)


def main() -> None:
    for number in ENDING:
        signal.signal(number, stop)
    try:
        with contextlib.suppress(BrokenPipeError):  # the owner died while it was being answered
            serve()
    finally:
        end(sys.argv[1])
        os._exit(0)  # an owner that is gone must not make the flush of standard output fail


if __name__ == "__main__":
    main()
