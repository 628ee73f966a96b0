"""What can go wrong, as data (`Problem`) and as exceptions that carry one or several of them.

Stages collect problems per object and raise when they cannot go on; the engine alone turns them into
status and retries. The one format, from correctness.md:

    <cluster> <Kind/namespace/name>: <action> failed (<Reason>): <cause>
    <file>:<line>:<column>: <field>: <Reason>: <cause>

A cause is lower case and ends in what was found. No text here may hold a secret value.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from roadstead.model.ids import ObjectId
from roadstead.model.reasons import Category, Reason


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class Place(Struct, frozen=True):
    """Where in somebody's files: lines and columns count from 1, 0 means unknown."""

    file: str = ""
    line: int = 0
    column: int = 0
    field: str = ""

    def __bool__(self) -> bool:
        return self != NOWHERE

    def __str__(self) -> str:
        where = self.file
        if self.line:
            where += f":{self.line}" + (f":{self.column}" if self.column else "")
        return ": ".join(part for part in (where, self.field) if part)


NOWHERE = Place()


class Problem(Struct, frozen=True):
    reason: Reason
    cause: str
    hint: str = ""
    severity: Severity = Severity.ERROR
    place: Place = NOWHERE
    bundle: str = ""
    cluster: str = ""
    object: ObjectId | None = None
    action: str = ""
    retry_after: float | None = None  # seconds, when the server said so
    fields: tuple[str, ...] = ()  # the object's fields that the server named: spec.ports[0].port

    @property
    def category(self) -> Category:
        return self.reason.category

    def __str__(self) -> str:
        subject = " ".join(str(part) for part in (self.cluster, self.object or self.bundle) if part)
        where = ": ".join(part for part in (str(self.place), subject) if part)
        what = f"{self.action} failed ({self.reason})" if self.action else str(self.reason)
        return ": ".join(part for part in (where, what, self.cause) if part)

    def at(self, **where: Any) -> "Problem":
        """The same problem, told where it happened; what is known already stays."""
        missing = {name: value for name, value in where.items() if value and not getattr(self, name)}
        return replace(self, **missing)


class RoadsteadError(Exception):
    """Carries at least one problem. The subclass is the category of the worst of them."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)

    @property
    def problem(self) -> Problem:
        return self.problems[0]


class TransientError(RoadsteadError):
    """May pass by itself: retry with backoff."""


class StalledError(RoadsteadError):
    """A person must change something first."""


class ConflictError(RoadsteadError):
    """The world moved: read it and plan again."""


class UsageError(RoadsteadError):
    """What was asked or written makes no sense; nothing was tried."""


_CLASSES = {
    Category.TRANSIENT: TransientError,
    Category.STALLED: StalledError,
    Category.CONFLICT: ConflictError,
    Category.USAGE: UsageError,
}
_WORST_FIRST = (Category.USAGE, Category.STALLED, Category.CONFLICT, Category.TRANSIENT)


def error(problems: Problem | Iterable[Problem]) -> RoadsteadError:
    """The exception for these problems: `raise errors.error(Problem(...)) from cause`."""
    found = (problems,) if isinstance(problems, Problem) else tuple(problems)
    categories = {problem.category for problem in found}
    worst = next(category for category in _WORST_FIRST if category in categories)
    return _CLASSES[worst](*found)
