"""The console script: the command with nothing in its way at its start and at its end.

What a command allocates while it starts lives until it ends, so the collector finds nothing there; and what is
left when it ends is freed by the system. Both together are a fifth of a second, a third of `roadstead --help`.
"""

import errno
import gc
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

_UNWRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
_NEW_OBJECTS = 50_000  # after so many the collector looks; by default 700


def run() -> NoReturn:
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # until a verb listens; no traceback of imports
    _open_streams()
    gc.set_threshold(_NEW_OBJECTS)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it looks for them in all that is installed
    with importing():
        from roadstead.cli import main
    main.narrow(next(iter(sys.argv[1:]), ""))
    try:
        main.app()
    except SystemExit as ended:
        _leave(ended.code)
    except OSError as error:
        if error.errno not in _UNWRITTEN:
            raise
        _leave(f"error: what was to be said cannot be written: {error.strerror}")
    _leave(0)


def _open_streams() -> None:
    """Streams that are there and take all text. One that was closed leads nowhere, or the first connection would
    be given its number; and text is UTF-8, as with kubectl, whatever the locale says."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


@contextmanager
def importing() -> Iterator[None]:
    """For what imports much: what is allocated meanwhile is never looked at."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _leave(code: str | int | None) -> NoReturn:
    """End the process at once, with all that was said written. Exit handlers are not run: nothing of ours has
    any, and what needs an end has a context that is closed by now."""
    if isinstance(code, str):
        sys.stderr.write(f"{code}\n")
        code = 1
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:  # nobody listens any more
        code = code or 1
    os._exit(code or 0)
