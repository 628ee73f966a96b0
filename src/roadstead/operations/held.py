"""All that holds bundles back in a process that serves, whoever said so, and where that stands.

People decide by command; beside that hold documents in Git, the mark of break-glass in a cluster, and inventories,
which carry a decision that neither Git nor the database knows any more. What each does to a bundle is the engine's.
"""

from collections.abc import Iterator
from datetime import datetime

from roadstead.engine import holding
from roadstead.engine.keeper import Keeper
from roadstead.engine.revision_loop import Desired
from roadstead.model.decision import Decision, DecisionKind, Held, Origin
from roadstead.operations import holds
from roadstead.operations.serve import Serving
from roadstead.stages.fleet import naming
from roadstead.stages.fleet.holds import Active
from roadstead.world.inventory.names import NAMESPACE


def elsewhere(serving: Serving) -> Iterator[Held]:
    """All that stands and is no decision made by command."""
    desired, now = serving.reconciling.following.desired, serving.shared.world.now
    if desired is not None:
        for hold in desired.resolution.holds:
            yield from _document(desired, hold, now)
    for name, keeper in serving.reconciling.keepers.items():
        yield from _in_cluster(serving, name, keeper, now)


def _document(desired: Desired, hold: Active, now: datetime) -> Iterator[Held]:
    """Nothing where the document selects nothing: without names it would seem to hold everything."""
    spec, until = hold.entry.model.spec, hold.end
    bundles = tuple(naming.held(desired.documents, hold.entry))
    if not (now < until and bundles and hold.clusters):
        return
    made = Decision(
        id=f"Hold/{hold.entry.name}",
        kind=DecisionKind.HOLD,
        actor=spec.owner,
        reason=spec.reason,
        made=now,
        until=until,
        clusters=() if hold.clusters >= desired.resolution.clusters.keys() else tuple(sorted(hold.clusters)),
        bundles=() if "*" in spec.bundles and not hold.entry.source else bundles,
        action=holds.FREEZE if hold.freezes else str(spec.do),
    )
    yield Held(made, Origin.GIT, str(hold.entry.place))


def _in_cluster(serving: Serving, name: str, keeper: Keeper, now: datetime) -> Iterator[Held]:
    if glass := keeper.glass:
        made = _hold(f"break-glass/{name}", glass.by, glass.reason, glass.since, name, until=glass.until)
        yield Held(made, Origin.CLUSTER, name)
    for bundle, one in (keeper.inventories or {}).items():
        if one.parent.hold and (found := holding.carried(one.parent.hold, serving.shared.decisions, now)):
            id, secret = f"inventory/{bundle}@{name}", f"{name}: Secret/{NAMESPACE}/{one.parent.name}"
            yield Held(
                _hold(id, "", found.why, now, name, bundle, until=found.until), Origin.INVENTORY, secret
            )


def _hold(id: str, actor: str, reason: str, made: datetime, *where: str, until: datetime | None) -> Decision:
    """`where` is the cluster, and the bundle unless it is for all of them."""
    cluster, *bundles = where
    return Decision(
        id=id,
        kind=DecisionKind.HOLD,
        actor=actor,
        reason=reason,
        made=made,
        until=until,
        clusters=(cluster,),
        bundles=tuple(bundles),
        action=holds.FREEZE,
    )
