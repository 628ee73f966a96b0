"""What Git says, by the labels that clusters have now: those computed from facts change with an upgrade, and of a
cluster that was never asked nobody knows them.

Clusters are asked before the fleet is resolved only where a selector wants such a label; else nothing is asked
twice. One that does not answer keeps what is on record, and its own step tells why.
"""

from roadstead.engine import clusters, fleet_loop, revision_loop
from roadstead.engine.revision_loop import Desired
from roadstead.engine.world import World
from roadstead.model import facts
from roadstead.model.errors import RoadsteadError
from roadstead.model.fleet import Cluster
from roadstead.stages.fleet import selection
from roadstead.world import tasks

_AT_ONCE = 64


async def decided(world: World) -> Desired:
    """`revision_loop.decided`; read once more where a cluster's labels turn out to be others."""
    desired = await revision_loop.decided(world)
    by_person = facts.COMPUTED in world.settings.selector
    if not by_person and not any(selection.computed(desired.documents)):
        return desired
    recorded = clusters.recorded(world, desired.fleet)

    async def is_other(cluster: Cluster) -> bool:
        before = recorded.get(cluster.name)
        try:
            async with clusters.connected(world, cluster) as client:
                found = await clusters.facts(world, desired.fleet, client, before, whole=False)
        except RoadsteadError:
            return False
        return any(cluster.labels.get(key) != value for key, value in found.labels.items())

    wanted = fleet_loop.chosen(world, desired, by_labels=False)
    moved = await tasks.each(wanted, is_other, limit=_AT_ONCE)
    return await revision_loop.decided(world) if any(moved) else desired
