"""What an apply did: changed objects one by one, the rest counted, failures with their reasons."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from msgspec import Struct

from roadstead.model import reasons
from roadstead.model.errors import Problem, Severity
from roadstead.model.health import WORST_FIRST, Health, State
from roadstead.model.ids import Key, ObjectId
from roadstead.model.outcome import ObjectOutcome, Outcome, Result
from roadstead.report import problems as problem_report
from roadstead.report.lines import Line, Style, counted, listed

_QUIET = (Result.UNCHANGED, Result.KEPT)
_STYLES = {
    Result.CREATED: Style.CREATE,
    Result.DELETED: Style.DELETE,
    Result.RECREATED: Style.DELETE,
    Result.FAILED: Style.ERROR,
}
_FINE = (State.READY, State.SUSPENDED)


class KeyOutcome(Struct, frozen=True):
    """One bundle on one cluster. `health` is empty where nobody waited."""

    outcome: Outcome
    health: tuple[tuple[ObjectId, Health], ...] = ()

    @property
    def key(self) -> Key:
        return self.outcome.key

    def unhealthy(self) -> list[tuple[ObjectId, Health]]:
        return [(one, health) for one, health in self.health if health.state not in _FINE]

    def problems(self) -> list[Problem]:
        """Objects that were not even tried add nothing to what kept their bundle from it, and is told."""
        where = {"bundle": self.key.bundle, "cluster": self.key.cluster}
        told = {problem.cause for problem in self.outcome.problems}
        found = [*self.outcome.problems]
        for one in self.outcome.objects:
            if one.problem and not (one.result is Result.SKIPPED and one.problem.cause in told):
                found.append(one.problem)
        return [problem.at(**where) for problem in found]


class FleetOutcome(Struct, frozen=True):
    fleet: str
    revision: str
    keys: tuple[KeyOutcome, ...]
    problems: tuple[Problem, ...] = ()

    def all_problems(self) -> list[Problem]:
        return list(dict.fromkeys([*self.problems, *(one for key in self.keys for one in key.problems())]))

    @property
    def failed(self) -> bool:
        broken = any(problem.severity is Severity.ERROR for problem in self.all_problems())
        return broken or any(key.unhealthy() for key in self.keys)

    def counts(self) -> Counter[Result]:
        return Counter(one.result for key in self.keys for one in key.outcome.objects)


def object_line(key: Key, one: ObjectOutcome) -> Line:
    """`prod-eu-1 storefront: created Deployment/shop/web`, as it happens."""
    why = f": {one.problem.reason}: {one.problem.cause}" if one.problem else ""
    notes = f"  ({'; '.join(one.notes)})" if one.notes else ""
    return Line(
        f"{key.cluster} {key.bundle}: {one.result} {one.id}{why}{notes}", _STYLES.get(one.result, Style.PLAIN)
    )


def health_line(key: Key, object_id: ObjectId, health: Health) -> Line:
    style = (
        Style.CREATE
        if health.state in _FINE
        else Style.ERROR
        if health.state is State.FAILED
        else Style.FAINT
    )
    message = f": {health.message}" if health.message else ""
    return Line(f"{key.cluster} {key.bundle}: {object_id} is {health.state}{message}", style)


def waits_line(key: Key, bundles: Collection[str]) -> Line:
    """So that nobody wonders why a run takes so long that was not asked to wait for anything."""
    return Line(
        f"{key.cluster} {key.bundle}: waits for {listed(sorted(bundles))} to be done and ready", Style.FAINT
    )


def is_quiet(one: ObjectOutcome) -> bool:
    """Objects that were not even tried are told together, at the end, with what kept them from it."""
    return one.result is Result.SKIPPED or (one.result in _QUIET and not one.problem)


def lines(found: FleetOutcome) -> Iterator[Line]:
    """What remains to be said at the end: problems, what is not ready, the sum."""
    told = found.all_problems()
    if told:
        yield from problem_report.lines(told)
    for key in found.keys:
        for object_id, health in key.unhealthy():
            yield health_line(key.key, object_id, health)
    if any(problem.reason is reasons.INTERRUPTED for problem in told):
        yield Line(_done(found))
    yield Line(summary(found), Style.ERROR if found.failed else Style.TITLE)


def _done(found: FleetOutcome) -> str:
    """`done before the stop: ingress, web on c1, c2; api on c1`."""
    clusters: dict[str, list[str]] = {}
    for key in found.keys:
        if not key.problems():
            clusters.setdefault(key.key.bundle, []).append(key.key.cluster)
    bundles: dict[str, list[str]] = {}
    for bundle, names in sorted(clusters.items()):
        bundles.setdefault(listed(sorted(names)), []).append(bundle)
    parts = [f"{listed(names)} on {where}" for where, names in bundles.items()]
    return f"done before the stop: {'; '.join(parts) or 'nothing'}"


def summary(found: FleetOutcome) -> str:
    counts = found.counts()
    done = ", ".join(f"{counts[result]} {result}" for result in Result if counts[result])
    done = done or ("nothing was done" if found.failed else "nothing to do")
    clusters = counted(len({key.key.cluster for key in found.keys}), "cluster")
    waited = [key for key in found.keys if key.health]
    ready = sum(not key.unhealthy() for key in waited)
    health = f"; {ready} of {len(waited)} ready" if waited else ""
    return f"fleet {found.fleet} at {found.revision}: {done} on {clusters}{health}"


def data(found: FleetOutcome) -> dict[str, Any]:
    return {
        "fleet": found.fleet,
        "revision": found.revision,
        "bundles": [_key_data(key) for key in found.keys],
        "problems": [problem_report.data(problem) for problem in found.all_problems()],
        "summary": {str(result): count for result, count in sorted(found.counts().items())},
    }


def _key_data(key: KeyOutcome) -> dict[str, Any]:
    return {
        "bundle": key.key.bundle,
        "cluster": key.key.cluster,
        "objects": [
            {"object": one.id._asdict(), "result": str(one.result), "notes": list(one.notes)}
            for one in key.outcome.objects
        ],
        "health": [
            {"object": one._asdict(), "state": str(health.state), "message": health.message}
            for one, health in key.health
        ],
    }


def worst(found: Sequence[Health]) -> Health:
    """A bundle is as its worst object is; the message counts the others like it."""
    for state in WORST_FIRST:
        same = [one for one in found if one.state is state]
        if same:
            more = f" (and {len(same) - 1} more)" if len(same) > 1 and same[0].message else ""
            return Health(state, same[0].message + more)
    return Health(State.READY, "it has no objects")
