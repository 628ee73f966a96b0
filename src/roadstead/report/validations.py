"""What is wrong in a fleet repository, and how large it is."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from roadstead.model.errors import Problem, Severity
from roadstead.report import problems as problem_report
from roadstead.report.lines import Line, Style, counted


class Validated(Struct, frozen=True):
    fleet: str
    revision: str
    clusters: int
    bundles: int
    assignments: int
    problems: tuple[Problem, ...]

    @property
    def failed(self) -> bool:
        return any(problem.severity is Severity.ERROR for problem in self.problems)


def lines(found: Validated) -> Iterator[Line]:
    yield from problem_report.lines(found.problems)
    errors = sum(problem.severity is Severity.ERROR for problem in found.problems)
    warnings = len(found.problems) - errors
    size = f"{counted(found.clusters, 'cluster')}, {counted(found.bundles, 'bundle')}, {counted(found.assignments, 'assignment')}"
    verdict = (
        f"{counted(errors, 'error')}, {counted(warnings, 'warning')}" if found.problems else "no problems"
    )
    style = Style.ERROR if errors else Style.TITLE
    yield Line(f"fleet {found.fleet} at {found.revision}: {size}; {verdict}", style)


def data(found: Validated) -> dict[str, Any]:
    return {
        "fleet": found.fleet,
        "revision": found.revision,
        "clusters": found.clusters,
        "bundles": found.bundles,
        "assignments": found.assignments,
        "problems": [problem_report.data(problem) for problem in found.problems],
    }
