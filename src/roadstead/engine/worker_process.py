"""The inside of a worker process: read a job, run its function, answer, until stdin ends.

Started by engine/workers.py alone, which owns deadlines and replacement. A job is a function named
"module:function" from bytes to bytes; what it prints goes to stderr, never into the answers. The
process ends by itself when its parent is gone: stdin ends, and a job under way is ended by an alarm.

Frames: 8 bytes of length, then the content. Request: 8 bytes of deadline in seconds, 2 bytes of name
length, name, payload. Answer: one byte of `Status`, payload.
"""

import importlib
import os
import resource
import shutil
import signal
import struct
import sys
import traceback
from enum import IntEnum
from typing import BinaryIO

from roadstead.model import wire
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.reasons import INTERNAL_FAULT, RENDER_FAILED

LENGTH = struct.Struct(">Q")
REQUEST = struct.Struct(">QH")
_GRACE = 5  # seconds that the parent has to notice the deadline first


class Status(IntEnum):
    DONE = 0
    FAILED = 1  # the payload holds problems


def main() -> None:
    home, memory = sys.argv[1], int(sys.argv[2])
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory and sys.platform == "linux":  # other systems do not enforce it
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    for module in sys.argv[3:]:
        importlib.import_module(module)
    try:
        while request := _read(sys.stdin.buffer):
            status, payload = _work(request)
            answers.write(LENGTH.pack(len(payload) + 1) + bytes((status,)))
            answers.write(payload)
            answers.flush()
    except BrokenPipeError:
        pass  # the parent is gone
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _read(stream: BinaryIO) -> bytes:
    """One frame; empty when the stream ended."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return b""
    (length,) = LENGTH.unpack(head)
    content = stream.read(length)
    return content if len(content) == length else b""


def _work(request: bytes) -> tuple[Status, bytes]:
    deadline, length = REQUEST.unpack_from(request)
    name = request[REQUEST.size : REQUEST.size + length].decode()
    signal.alarm(deadline + _GRACE)
    try:
        module, _, function = name.partition(":")
        job = getattr(importlib.import_module(module), function)
        return Status.DONE, job(request[REQUEST.size + length :])
    except RoadsteadError as failure:
        return Status.FAILED, wire.dump(failure.problems)
    except MemoryError:
        problem = Problem(
            RENDER_FAILED, "the worker's memory limit is reached", hint="make the input smaller"
        )
        return Status.FAILED, wire.dump([problem])
    except Exception as fault:  # noqa: BLE001  whatever a job raises must reach the parent as an answer
        frame = traceback.extract_tb(fault.__traceback__)[-1]
        cause = f"{type(fault).__name__} in {os.path.basename(frame.filename)}:{frame.lineno}: {fault}"  # noqa: PTH119
        return Status.FAILED, wire.dump([Problem(INTERNAL_FAULT, cause)])
    finally:
        signal.alarm(0)


if __name__ == "__main__":
    main()
