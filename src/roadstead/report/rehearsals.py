"""What a rehearsal showed: per cluster what would change and what would go wrong; the same on many shown once."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from roadstead.model import reasons
from roadstead.model.errors import Problem, Severity
from roadstead.model.health import Health
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.model.outcome import Result
from roadstead.report import problems as problem_report
from roadstead.report.lines import Line, Style, counted, listed
from roadstead.report.outcomes import FleetOutcome, KeyOutcome

_POD = re.compile(r"\bPod [-.a-z0-9]+")
_SAME = (Result.UNCHANGED, Result.SKIPPED, Result.KEPT)


class Rehearsed(Struct, frozen=True):
    """A copy: its model's version, its own, the kinds that somebody works on there, what it lacks. `unasked`: objects
    by the webhook or policy that would judge them in the real cluster, and nobody could ask here."""

    cluster: str
    version: str
    simulated: str
    worked_on: frozenset[GroupKind]
    notes: tuple[str, ...]
    unasked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Rehearsal(Struct, frozen=True):
    """`unread` are problems of clusters of which there is no copy; `seconds` of their time were waited for."""

    outcome: FleetOutcome
    copies: tuple[Rehearsed, ...]
    unread: tuple[Problem, ...]
    seconds: float

    def of(self, cluster: str) -> list[KeyOutcome]:
        return [key for key in self.outcome.keys if key.key.cluster == cluster]

    def broken(self, copy: Rehearsed) -> bool:
        return any(
            finding.style is Style.ERROR for key in self.of(copy.cluster) for finding in findings(copy, key)
        ) or any(one.cluster == copy.cluster for one in self._errors())

    def _errors(self) -> list[Problem]:
        found = [*self.unread, *self.outcome.problems]
        return [one for one in found if one.severity is Severity.ERROR]

    @property
    def failed(self) -> bool:
        return bool(self._errors()) or any(self.broken(copy) for copy in self.copies)


class Finding(Struct, frozen=True):
    """`sort` is refused, not served, not ready, or untold."""

    sort: str
    object: ObjectId | None
    text: str
    style: Style = Style.ERROR


def findings(copy: Rehearsed, key: KeyOutcome) -> list[Finding]:
    """What would go wrong with a bundle, and what nobody can tell."""
    found = [_refused(problem) for problem in key.problems()]
    told = {one.object for one in found}
    found += [_unready(copy, one, health) for one, health in key.unhealthy() if one not in told]
    return list(dict.fromkeys(found))


def _refused(problem: Problem) -> Finding:
    sort = "not served" if problem.reason is reasons.NO_SUCH_KIND else "refused"
    if problem.reason in (reasons.FROZEN, reasons.DEPENDENCY_NOT_READY):
        sort = "held back"
    style = Style.ERROR if problem.severity is Severity.ERROR else Style.WARNING
    return Finding(sort, problem.object, f"{problem.reason.name}: {problem.cause}", style)


def _unready(copy: Rehearsed, one: ObjectId, health: Health) -> Finding:
    told = f"{health.state}: {health.message}" if health.message else str(health.state)
    if one.group_kind in copy.worked_on:
        return Finding("never ready", one, told)
    return Finding("untold", one, f"nobody works on {one.kind} in a copy ({told})", Style.WARNING)


def lines(found: Rehearsal) -> Iterator[Line]:
    versions = sorted({copy.simulated for copy in found.copies})
    yield Line(
        f"fleet {found.outcome.fleet} at {found.outcome.revision}: rehearsed on "
        f"{_copies(len(found.copies))} (Kubernetes {', '.join(versions) or '-'})",
        Style.TITLE,
    )
    yield from problem_report.lines([*found.unread, *found.outcome.problems])
    for names, told in _grouped({copy.cluster: _cluster(found, copy) for copy in found.copies}):
        yield Line()
        yield Line(f"on {listed(names, most=6)}", Style.TITLE)
        yield from told
    yield from _unasked(found.copies)
    yield from _footnotes(found.copies)
    yield Line()
    yield _verdict(found)


def _copies(number: int) -> str:
    return "a copy of 1 cluster" if number == 1 else f"copies of {number} clusters"


def _grouped(told: dict[str, tuple[Line, ...]]) -> list[tuple[list[str], tuple[Line, ...]]]:
    """Alike are those that differ in names of Pods only."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, one in sorted(told.items()):
        groups[tuple(_POD.sub("Pod", line.text) for line in one)].append(name)
    return [(names, told[names[0]]) for names in groups.values()]


def _cluster(found: Rehearsal, copy: Rehearsed) -> tuple[Line, ...]:
    told: list[Line] = []
    for key in sorted(found.of(copy.cluster), key=lambda key: key.key.bundle):
        wrong = findings(copy, key)
        changed = [one for one in key.outcome.objects if one.result not in (*_SAME, Result.FAILED)]
        if not wrong and not changed:
            continue
        counts = Counter(str(one.result) for one in key.outcome.objects)
        summed = ", ".join(f"{count} {result}" for result, count in sorted(counts.items())) or "nothing done"
        well = "" if any(one.style is Style.ERROR for one in wrong) else "; well"
        told.append(Line(f"  {key.key.bundle}: {summed}{well}"))
        told += [Line(f"    {one.sort}: {_named(one)}", one.style) for one in wrong]
        told += [Line(f"    {one.result} {one.id}", Style.FAINT) for one in changed]
    return tuple(told) or (Line("  nothing changes"),)


def _named(one: Finding) -> str:
    return f"{one.object}: {one.text}" if one.object else one.text


def _unasked(copies: Sequence[Rehearsed]) -> Iterator[Line]:
    """Each once, whoever has it: what they would have said, nobody can tell."""
    objects: dict[str, set[str]] = defaultdict(set)
    clusters: dict[str, list[str]] = defaultdict(list)
    for copy in copies:
        for judge, judged in copy.unasked.items():
            objects[judge].update(judged)
            clusters[judge].append(copy.cluster)
    for judge in sorted(objects):
        named = listed(sorted(objects[judge]), most=3)
        told = f"not asked: {judge} about {counted(len(objects[judge]), 'object')} ({named})"
        yield Line(f"{told} on {listed(clusters[judge], most=6)}", Style.WARNING)


def _footnotes(copies: Sequence[Rehearsed]) -> Iterator[Line]:
    for copy in copies:
        if not copy.version.startswith(f"{copy.simulated}."):
            text = f"{copy.cluster} runs {copy.version}; its copy is {copy.simulated}, the nearest there is"
            yield Line(f"note: {text}", Style.FAINT)
        for note in copy.notes:
            yield Line(f"note: the copy of {copy.cluster} lacks {note}", Style.FAINT)


def _verdict(found: Rehearsal) -> Line:
    wrong = sum(found.broken(copy) for copy in found.copies)
    total = counted(len(found.copies), "cluster")
    minutes = f"{found.seconds:g} s of their time"
    if found.failed:
        return Line(f"{wrong} of {total} would not be well after {minutes}", Style.ERROR)
    return Line(f"all of {total} would be well", Style.TITLE)


def data(found: Rehearsal) -> dict[str, Any]:
    return {
        "fleet": found.outcome.fleet,
        "revision": found.outcome.revision,
        "seconds": found.seconds,
        "well": not found.failed,
        "clusters": [_data(found, copy) for copy in found.copies],
        "problems": [problem_report.data(one) for one in (*found.unread, *found.outcome.problems)],
    }


def _data(found: Rehearsal, copy: Rehearsed) -> dict[str, Any]:
    return {
        "cluster": copy.cluster,
        "version": copy.version,
        "simulated": copy.simulated,
        "well": not found.broken(copy),
        "bundles": [
            {
                "bundle": key.key.bundle,
                "objects": [
                    {"object": one.id._asdict(), "result": str(one.result)} for one in key.outcome.objects
                ],
                "findings": [
                    {
                        "sort": one.sort,
                        "object": one.object._asdict() if one.object else None,
                        "text": one.text,
                        "fails": one.style is Style.ERROR,
                    }
                    for one in findings(copy, key)
                ],
            }
            for key in found.of(copy.cluster)
        ],
        "notes": list(copy.notes),
        "unasked": [{"judge": judge, "objects": list(copy.unasked[judge])} for judge in sorted(copy.unasked)],
    }
