"""Problems as lines and as data: the same problem on many clusters is told once. So is what one error
freezes, why many objects were not even tried, what a server warns of at many, and that a cluster is away."""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.model import reasons
from roadstead.model.errors import Problem, Severity
from roadstead.model.ids import ObjectId
from roadstead.report.lines import Line, Style, counted, listed

_SAME_FOR_MANY = (reasons.INTERRUPTED, reasons.DEPENDENCY_NOT_READY, reasons.API_WARNING)


def lines(problems: Iterable[Problem]) -> Iterator[Line]:
    for group in grouped(problems):
        problem = group.problem
        style = Style.ERROR if problem.severity is Severity.ERROR else Style.WARNING
        where = f"  [{group.where}]" if group.where else ""
        yield Line(f"{problem.severity}: {problem}{where}", style)
        if hint := hint_of(problem):
            yield Line(f"  hint: {hint}", Style.FAINT)


def hint_of(problem: Problem) -> str:
    """What to do; for an error always, and be it what its reason says in general."""
    return problem.hint or (problem.reason.remedy if problem.severity is Severity.ERROR else "")


class Group(Struct):
    """A problem, and where it happened: in itself, if at one place only."""

    problem: Problem
    objects: list[ObjectId] = field(default_factory=list)
    bundles: list[str] = field(default_factory=list)
    clusters: list[str] = field(default_factory=list)

    @property
    def where(self) -> str:
        """Where it happened, if at several places."""
        objects = [str(one) for one in self.objects]
        several = (("object", objects), ("bundle", self.bundles), ("cluster", self.clusters))
        return "; ".join(
            f"{counted(len(names), noun)}: {listed(sorted(names))}"
            for noun, names in several
            if len(names) > 1
        )

    def add(self, problem: Problem) -> None:
        if problem.object and problem.object not in self.objects:
            self.objects.append(problem.object)
        for name, names in ((problem.bundle, self.bundles), (problem.cluster, self.clusters)):
            if name and name not in names:
                names.append(name)

    def told(self) -> "Group":
        problem = replace(
            self.problem,
            object=self.objects[0] if len(self.objects) == 1 else None,
            bundle=self.bundles[0] if len(self.bundles) == 1 else "",
            cluster=self.clusters[0] if len(self.clusters) == 1 else "",
        )
        return replace(self, problem=problem)


def grouped(problems: Iterable[Problem]) -> list[Group]:
    """Errors first, each with the clusters it happened on."""
    found: dict[Problem, Group] = {}
    away: dict[tuple[str, Severity], Problem] = {}
    for problem in problems:
        key = replace(problem, cluster="", retry_after=None)
        if problem.reason is reasons.UNREACHABLE and problem.cluster:
            alone = replace(key, object=None, bundle="")
            key = away.setdefault((problem.cluster, problem.severity), alone)
        if problem.reason is reasons.FROZEN:
            key = replace(key, bundle="")
        if problem.reason in _SAME_FOR_MANY:
            key = replace(key, object=None)
        found.setdefault(key, Group(key)).add(problem)
    first = sorted(found.values(), key=lambda group: group.problem.severity is not Severity.ERROR)
    return [group.told() for group in first]


def data(problem: Problem) -> dict[str, Any]:
    """What is known and nothing else, for JSON and YAML."""
    place = problem.place
    known: dict[str, Any] = {
        "severity": str(problem.severity),
        "reason": problem.reason.name,
        "category": str(problem.category),
        "cause": problem.cause,
        "hint": hint_of(problem),
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
