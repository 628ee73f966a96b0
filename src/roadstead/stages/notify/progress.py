"""How a commit stands on the clusters and bundles of an Alert: what a commit status and a comment say of it."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from roadstead.model.alert import Alert
from roadstead.model.status import Standing, Status
from roadstead.objects import redact

_LISTED = 20
_BROKEN = (Standing.BLOCKED, Standing.FAILED)


class State(StrEnum):
    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"


class Progress(Struct, frozen=True):
    """`said` is one line, `details` a line for each bundle on a cluster that is not as it should be."""

    commit: str
    state: State
    said: str
    details: tuple[str, ...] = ()

    def markdown(self, alert: str, fleet: str) -> str:
        lines = [f"**{fleet}: {self.state}** at `{self.commit[:12]}` ({alert}): {self.said}", ""]
        lines += [f"- {one}" for one in self.details]
        return "\n".join(lines).rstrip() + "\n"


def concerned(alert: Alert, statuses: Sequence[Status]) -> list[Status]:
    """Of these, what the Alert is about."""
    return [
        one
        for one in statuses
        if (alert.everywhere or one.key.cluster in alert.clusters) and alert.has_bundle(one.key.bundle)
    ]


def judge(commit: str, statuses: Sequence[Status], *, looked: bool, frozen: str) -> Progress:
    """`looked` tells whether every cluster has held the commit against what is there; before, nothing that was
    ready proves anything. `frozen` is why the commit does not count at all."""
    if frozen:
        return Progress(commit, State.FAILURE, redact.text(frozen))
    broken = [one for one in statuses if one.standing in _BROKEN]
    others = [one for one in statuses if one.standing not in _BROKEN and not _is_ready(one)]
    details = [_line(one) for one in (*broken, *others)[:_LISTED]]
    if len(broken) + len(others) > _LISTED:
        details.append(f"and {len(broken) + len(others) - _LISTED} more")
    count = f"{len(statuses) - len(broken) - len(others)} of {len(statuses)} ready"
    if broken and looked:
        return Progress(commit, State.FAILURE, f"{count}; {_line(broken[0])}", tuple(details))
    if others or not looked:
        return Progress(commit, State.PENDING, count, tuple(details))
    return Progress(commit, State.SUCCESS, count)


def _is_ready(one: Status) -> bool:
    return one.standing is Standing.READY and one.applied == one.staged


def _line(one: Status) -> str:
    said = f"{one.key.bundle} on {one.key.cluster}: {one.standing}"
    return redact.text(f"{said}: {one.message}" if one.message else said)
