"""Problems as lines and as data: the same problem on many clusters is told once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from roadstead.model.errors import Problem, Severity
from roadstead.report.lines import Line, Style, counted, listed


def lines(problems: Iterable[Problem]) -> Iterator[Line]:
    for problem, clusters in grouped(problems):
        style = Style.ERROR if problem.severity is Severity.ERROR else Style.WARNING
        where = "" if len(clusters) < 2 else f"  [{counted(len(clusters), 'cluster')}: {listed(clusters)}]"
        shown = problem if len(clusters) < 2 else replace(problem, cluster="")
        yield Line(f"{problem.severity}: {shown}{where}", style)
        if problem.hint:
            yield Line(f"  hint: {problem.hint}", Style.FAINT)


def grouped(problems: Iterable[Problem]) -> list[tuple[Problem, list[str]]]:
    """Errors first, each with the clusters it happened on."""
    found: dict[Problem, list[str]] = defaultdict(list)
    for problem in problems:
        clusters = found[replace(problem, cluster="", retry_after=None)]
        if problem.cluster and problem.cluster not in clusters:
            clusters.append(problem.cluster)
    first = sorted(found.items(), key=lambda item: item[0].severity is not Severity.ERROR)
    return [
        (replace(problem, cluster=clusters[0] if clusters else ""), clusters) for problem, clusters in first
    ]


def data(problem: Problem) -> dict[str, Any]:
    """What is known and nothing else, for JSON and YAML."""
    place = problem.place
    known: dict[str, Any] = {
        "severity": str(problem.severity),
        "reason": problem.reason.name,
        "category": str(problem.category),
        "cause": problem.cause,
        "hint": problem.hint,
        "action": problem.action,
        "bundle": problem.bundle,
        "cluster": problem.cluster,
        "object": str(problem.object) if problem.object else "",
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "field": place.field,
    }
    return {name: value for name, value in known.items() if value}
