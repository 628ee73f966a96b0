"""What several resources show alike: a problem, a bundle on a cluster."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec import Struct

from roadstead.model.errors import Problem
from roadstead.model.person import Scope
from roadstead.model.status import Reach, Standing, Status
from roadstead.operations.serve import Serving
from roadstead.report import problems as report

Counts = dict[Standing, int]


class ProblemShown(Struct, kw_only=True, omit_defaults=True, rename={"field_": "field"}):
    """Something that is wrong, as everywhere: why, what to do, and where as far as known."""

    severity: str
    reason: str
    category: str
    cause: str
    hint: str = ""
    action: str = ""
    bundle: str = ""
    cluster: str = ""
    object: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    field_: str = ""


def problem(one: Problem) -> ProblemShown:
    return msgspec.convert(report.data(one), ProblemShown)


def within(found: Iterable[Problem], scope: Scope) -> list[Problem]:
    """Those that may be read. What names neither bundle nor cluster takes a scope over everything."""
    return [one for one in found if scope.holds(one.bundle, one.cluster)]


class StatusShown(Struct, kw_only=True):
    """A bundle on a cluster: four digests (rendered from Git, meant for it, written to it, last seen ready), and how
    it stands since when. `reach` is that of the cluster: while it is not `reachable`, the rest is as of `seen`."""

    cluster: str
    bundle: str
    standing: Standing
    reach: Reach
    since: datetime | None
    seen: datetime | None
    staged: str
    released: str
    applied: str
    ready: str
    commit: str
    reason: str
    message: str
    objects: int
    unready: int
    drifted: int
    added: int


_SAME = [name for name in StatusShown.__struct_fields__ if name not in ("cluster", "bundle", "reach")]


def status(one: Status, serving: Serving) -> StatusShown:
    same = {name: getattr(one, name) for name in _SAME}
    return StatusShown(
        cluster=one.key.cluster, bundle=one.key.bundle, reach=reach(serving, one.key.cluster), **same
    )


def reach(serving: Serving, cluster: str) -> Reach:
    keeper = serving.reconciling.keepers.get(cluster)
    return keeper.reach.now if keeper else Reach.UNKNOWN
