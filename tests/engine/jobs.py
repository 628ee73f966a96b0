"""Jobs for the worker processes of test_workers.py."""

import os
import subprocess
import sys
import time
from pathlib import Path

from roadstead.model import errors
from roadstead.model.errors import Place, Problem
from roadstead.model.reasons import BAD_YAML


def double(payload: bytes) -> bytes:
    return payload + payload


def who(payload: bytes) -> bytes:
    return str(os.getpid()).encode()


def at_home(payload: bytes) -> bytes:
    rendering = "is" if "roadstead.stages.render.bind" in sys.modules else "is not"
    return f"{Path.home()}\nrendering {rendering} imported".encode()


def sleep(payload: bytes) -> bytes:
    time.sleep(float(payload))
    return b"slept"


def wait(payload: bytes) -> bytes:
    """Until the file that says that it runs is gone."""
    note = Path(payload.decode())
    note.write_text(str(os.getpid()))
    while note.exists():
        time.sleep(0.01)
    return b"waited"


def spin(payload: bytes) -> bytes:
    """Never ends, and has a child that would outlive it."""
    child = subprocess.Popen(["sleep", "60"], stdin=subprocess.DEVNULL)
    Path(payload.decode()).write_text(f"{os.getpid()} {child.pid}")
    while True:
        pass


def die(payload: bytes) -> bytes:
    print("about to die", file=sys.stderr, flush=True)
    os.abort()


def die_once(payload: bytes) -> bytes:
    mark = Path(payload.decode())
    if not mark.exists():
        mark.touch()
        os._exit(3)
    return b"second time lucky"


def chatter(payload: bytes) -> bytes:
    print("noise from python", flush=True)
    os.write(1, b"noise from a library\n")
    subprocess.run(["echo", "noise from a child"], check=True)
    return payload


def refuse(payload: bytes) -> bytes:
    raise errors.error(Problem(BAD_YAML, "no mapping here", place=Place("web.yaml", 3, 1)))


def stumble(payload: bytes) -> bytes:
    return payload[int(payload)].to_bytes()


def devour(payload: bytes) -> bytes:
    return bytes(int(payload))[:1]


def environment(payload: bytes) -> bytes:
    return "\n".join(f"{name}={value}" for name, value in os.environ.items()).encode()
