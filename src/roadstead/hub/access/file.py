"""The --access file, kept current: read anew when it changed, looked at when somebody asks.

A new version that is wrong changes nothing: the one before goes on to count, and what is wrong is told once and
stands in `problem`. At the start there is none before, so a wrong file ends the process.
"""

from collections.abc import Callable
from pathlib import Path

from roadstead.hub.access import rules
from roadstead.hub.access.rules import Rules
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError

Tell = Callable[[str, tuple[Problem, ...]], None]
_Mark = tuple[int, int, int]


class AccessFile:
    """`tell` hears a message, and problems if there are any. Raises UsageError where the file is wrong now."""

    def __init__(self, path: Path, tell: Tell) -> None:
        self.path = path
        self.problem: Problem | None = None
        self._tell = tell
        self._mark = _mark(path)
        self._rules = self._read()

    def current(self) -> Rules:
        mark = _mark(self.path)
        if mark != self._mark:
            self._mark = mark
            self._renew()
        return self._rules

    def _renew(self) -> None:
        try:
            self._rules = self._read()
        except RoadsteadError as error:
            self.problem = error.problem
            self._tell(f"{self.path} is wrong; what it said before goes on to count", error.problems)
            return
        self.problem = None
        self._tell(f"{self.path} was read anew", ())

    def _read(self) -> Rules:
        try:
            data = self.path.read_bytes()
        except OSError as cause:
            problem = Problem(reasons.BAD_ARGUMENT, f"--access: {cause}", "name a file that can be read")
            raise errors.error(problem) from cause
        return rules.read(data, file=str(self.path))


def _mark(path: Path) -> _Mark | None:
    """None where there is no file: that is a change, too."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
