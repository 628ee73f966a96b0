"""Where every bundle stands on every cluster: in sync with Git or not, well or not."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from roadstead.model.errors import Problem, Severity
from roadstead.model.health import Health, State
from roadstead.model.ids import Key
from roadstead.report import problems as problem_report
from roadstead.report import tables
from roadstead.report.lines import Line, Style, counted

_FINE = (State.READY, State.SUSPENDED)


class KeyStatus(Struct, frozen=True):
    """`applied` is the commit applied last, `pending` how many objects an apply would write (None: some, that were
    not counted), `drifted` how many are not as they were applied; `blocked` and `frozen` tell that no apply would
    change that, `unreachable` that all of this is as it was when the cluster was seen last."""

    key: Key
    applied: str
    objects: int
    pending: int | None
    drifted: int
    blocked: bool
    frozen: bool
    health: Health
    problems: tuple[Problem, ...] = ()
    unreachable: bool = False

    @property
    def sync(self) -> str:
        if self.unreachable:
            return "unreachable"
        if self.blocked:
            return "blocked"
        if self.frozen:
            return "frozen"
        if self.drifted:
            return f"{self.drifted} drifted"
        if self.pending is None:
            return "pending"
        return f"{self.pending} pending" if self.pending else "in sync"

    @property
    def is_fine(self) -> bool:
        return self.sync in ("in sync", "frozen") and self.health.state in _FINE


class FleetStatus(Struct, frozen=True):
    fleet: str
    revision: str
    keys: tuple[KeyStatus, ...]
    problems: tuple[Problem, ...]

    @property
    def failed(self) -> bool:
        """Whether something could not be looked at: what is shown is then not all there is."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)

    @property
    def is_fine(self) -> bool:
        return not self.failed and all(key.is_fine for key in self.keys)


def lines(found: FleetStatus) -> Iterator[Line]:
    rows = [(_cells(key), Style.PLAIN if key.is_fine else Style.CHANGE) for key in found.keys]
    yield from tables.lines(("CLUSTER", "BUNDLE", "SYNC", "HEALTH", "OBJECTS", "APPLIED", "MESSAGE"), rows)
    told = [*found.problems, *(problem for key in found.keys for problem in key.problems)]
    if told:
        yield Line()
        yield from problem_report.lines(told)
    yield Line()
    well = sum(key.is_fine for key in found.keys)
    yield Line(
        f"fleet {found.fleet} at {found.revision}: {well} of {counted(len(found.keys), 'bundle')} in sync and ready",
        Style.TITLE,
    )


def _cells(key: KeyStatus) -> tuple[str, ...]:
    return (
        key.key.cluster,
        key.key.bundle,
        key.sync,
        str(key.health.state) if key.objects else "-",
        str(key.objects),
        key.applied or "never",
        key.health.message if key.health.state not in _FINE and key.objects else "",
    )


def data(found: FleetStatus) -> dict[str, Any]:
    return {
        "fleet": found.fleet,
        "revision": found.revision,
        "bundles": [
            {
                "bundle": key.key.bundle,
                "cluster": key.key.cluster,
                "sync": key.sync,
                "pending": key.pending,
                "drifted": key.drifted,
                "objects": key.objects,
                "applied": key.applied,
                "health": {"state": str(key.health.state), "message": key.health.message},
            }
            for key in found.keys
        ],
        "problems": [
            problem_report.data(problem)
            for problem in (*found.problems, *(one for key in found.keys for one in key.problems))
        ],
    }
