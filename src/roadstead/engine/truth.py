"""What of the things that were told is no longer so, though no event said its end: asked of the store.

An end may happen while nobody looks: while the process is down, by a commit that removes what was wrong, or as one
of those things whose end is no event. Whatever the store cannot tell stays as it was told.
"""

from collections.abc import Callable, Iterable

from roadstead.model.ids import Key
from roadstead.model.status import Reach, Standing, Status, Trouble
from roadstead.stages.notify.subjects import Subject
from roadstead.world.store.opening import Store

_DRIFT = (Trouble.DRIFTED, Trouble.CONTESTED)
_WRONG = (Standing.BLOCKED, Standing.FAILED, Standing.UNREACHABLE, Standing.DRIFTED, Standing.FROZEN)


async def ended(
    store: Store, told: Iterable[Subject], *, goes_by_git: Callable[[str], bool]
) -> frozenset[Subject]:
    """`goes_by_git` tells whether a cluster, or with "" the process, goes by Git's newest state. Raises
    TransientError while the database does not answer."""
    found: set[Subject] = set()
    for one in told:
        if one.kind in ("frozen", "apply-failed") and not one.bundle:
            over = goes_by_git(one.cluster)
        elif one.kind in ("drift", "contest"):
            troubles = await store.deviations.of(Key(one.bundle, one.cluster))
            over = not any(each.object == one.object and each.trouble in _DRIFT for each in troubles)
        elif one.kind == "cluster-unreachable":
            cluster = await store.clusters.get(one.cluster)
            over = cluster is None or cluster.reach is Reach.REACHABLE
        elif one.kind == "not-seen":
            over = await store.clusters.get(one.cluster) is None
        else:
            over = _is_well(one, await store.statuses.get(Key(one.bundle, one.cluster)))
        if over:
            found.add(one)
    return frozenset(found)


def _is_well(one: Subject, status: Status | None) -> bool:
    """Of a bundle that failed, could not be applied, or was held."""
    if status is None:
        return True
    if one.kind == "apply-failed":
        return status.standing is not Standing.BLOCKED and not status.reason
    if one.kind == "unhealthy" and status.unready:
        return False
    return status.standing not in _WRONG
