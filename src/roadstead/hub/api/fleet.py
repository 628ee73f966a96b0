"""`/fleet`: what is followed, what is wrong with it, and the sums of everything."""

from collections import Counter
from datetime import datetime

from msgspec import Struct

from roadstead import __version__
from roadstead.hub.api import decisions, known, shown
from roadstead.hub.api.resource import Asked, Nothing, Resource
from roadstead.hub.api.shown import Counts, ProblemShown
from roadstead.model.decision import DecisionKind
from roadstead.model.status import Reach
from roadstead.operations import held
from roadstead.world.store.statuses import Where

_TOLD = 100  # problems; more of them are one cause, as a rule


class Fleet(Struct, kw_only=True):
    """`commit` counts; `problem` says why a newer one does not. `problems` are those of documents and clusters, the
    first hundred, of `found`. `clusters` are counted by reach, `bundles` on clusters by how they stand."""

    name: str
    hub: str
    version: str
    revision: str
    commit: str
    ref: str
    looked: datetime | None
    problem: ProblemShown | None
    problems: list[ProblemShown]
    found: int
    clusters: dict[Reach, int]
    bundles: Counts
    holds: int


async def fleet(asked: Asked[Nothing]) -> Fleet:
    serving, scope = asked.serving, asked.scope
    following = serving.reconciling.following
    desired = following.desired
    seen = scope.clusters
    clusters = [name for name in known.in_git(serving) if seen is None or name in seen]
    reached = Counter(shown.reach(serving, name) for name in clusters)
    wrong = [
        *shown.within(desired.problems if desired else (), scope),
        *(
            keeper.reach.problem.at(cluster=name)
            for name in clusters
            if (keeper := serving.reconciling.keepers.get(name)) and keeper.reach.problem
        ),
    ]
    followed = desired.snapshot.fleet if desired else None
    return Fleet(
        name=desired.fleet if desired else "",
        hub=serving.options.name,
        version=__version__,
        revision=desired.revision if desired else "",
        commit=followed.commit if followed else "",
        ref=followed.ref if followed else "",
        looked=following.looked,
        problem=shown.problem(following.problem) if following.problem else None,
        problems=[shown.problem(one) for one in wrong[:_TOLD]],
        found=len(wrong),
        clusters={reach: reached[reach] for reach in Reach},
        bundles=await serving.store.statuses.counts(Where(scope=scope)),
        holds=await _holds(asked),
    )


async def _holds(asked: Asked[Nothing]) -> int:
    """That stand and concern anything that may be read."""
    serving = asked.serving
    made = await serving.store.decisions.standing(serving.shared.world.now)
    standing = (*made, *(one.decision for one in held.elsewhere(serving)))
    return sum(one.kind is DecisionKind.HOLD and decisions.concerns(one, asked.scope) for one in standing)


RESOURCES = (Resource("/fleet", "What is followed, and the sums of everything.", Nothing, Fleet, fleet),)
