"""Run a verb: the event loop, signals, and how it ends.

Exit codes: 0 done, 1 something failed, 2 asked or written wrongly, 3 changes or drift found (only with
`--detailed-exitcode`), 130 interrupted. The first Ctrl-C asks work that writes to stop cleanly, after
the writes under way; a second one ends it at once.
"""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer

from roadstead.cli import console
from roadstead.model import reasons
from roadstead.model.errors import Problem, RoadsteadError, UsageError

FAILED = 1
MISUSED = 2
CHANGES = 3
INTERRUPTED = 130
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run(
    work: Callable[[asyncio.Event], Coroutine[Any, Any, int]], *, writes: bool = False, forever: bool = False
) -> NoReturn:
    """Run `work(stop)` to its end and leave with the exit code that it returns. Work that only reads is
    ended by the first signal; `writes` tells that it looks at `stop` and ends by itself, `forever` that to be
    stopped is how it is meant to end."""
    import uvloop

    try:
        ended = uvloop.run(_watched(work, writes=writes, forever=forever))
    except RoadsteadError as error:
        console.show_problems(error.problems)
        ended = _exit_code(error)
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.show_problems([Problem(reasons.INTERRUPTED, "stopped at once", reasons.INTERRUPTED.remedy)])
        ended = INTERRUPTED
    raise typer.Exit(ended)


@contextmanager
def asking() -> Iterator[None]:
    """For a question to the person, which holds the loop up: a signal meanwhile ends the command at once."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    loop = signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        yield
    except typer.Abort as cause:  # which Ctrl-D is, too
        raise KeyboardInterrupt from cause
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(loop, warn_on_full_buffer=False)


@contextmanager
def told() -> Iterator[None]:
    """For verbs that do no I/O worth a loop: problems are told and end the verb with their exit code."""
    try:
        yield
    except RoadsteadError as error:
        console.show_problems(error.problems)
        raise typer.Exit(_exit_code(error)) from error


def _exit_code(error: RoadsteadError) -> int:
    return MISUSED if isinstance(error, UsageError) else FAILED


def code(*, failed: bool, changes: bool = False) -> int:
    """The exit code of a verb that ran to its end."""
    if failed:
        return FAILED
    return CHANGES if changes else 0


async def _watched(
    work: Callable[[asyncio.Event], Coroutine[Any, Any, int]], *, writes: bool, forever: bool
) -> int:
    stop = asyncio.Event()
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def interrupted() -> None:
        if task and (stop.is_set() or not writes):
            task.cancel()
            return
        stop.set()
        console.err().print(
            "stopping after what is under way; press Ctrl-C again to stop at once", style="yellow"
        )

    for number in _SIGNALS:
        loop.add_signal_handler(number, interrupted)
    ended = await work(stop)
    return INTERRUPTED if stop.is_set() and not forever else ended
