"""Which controllers there are, and starting them in a cluster.

    world = running.start(cluster, nodes=3, ready_after=2.0)
    world.machines.failing = (Failing("*:broken", Way.PULL),)

Without `start` a cluster is an API server alone, as one is whose controller manager is down.
"""

import uuid

from roadstead.sim.cluster import Cluster
from roadstead.sim.controllers import (
    balancers,
    budgets,
    claims,
    cronjobs,
    daemonsets,
    deployments,
    endpoints,
    garbage,
    jobs,
    machines,
    namespaces,
    pods,
    quotas,
    replicasets,
    roles,
    statefulsets,
)
from roadstead.sim.controllers.machines import Failing, Machines
from roadstead.sim.controllers.world import World

CONTROLLERS = (
    namespaces.CONTROLLER,
    garbage.CONTROLLER,
    deployments.CONTROLLER,
    replicasets.REPLICA_SET,
    replicasets.REPLICATION_CONTROLLER,
    statefulsets.CONTROLLER,
    daemonsets.CONTROLLER,
    jobs.CONTROLLER,
    cronjobs.CONTROLLER,
    pods.CONTROLLER,
    endpoints.CONTROLLER,
    balancers.CONTROLLER,
    claims.CLAIM_CONTROLLER,
    claims.VOLUME_CONTROLLER,
    budgets.CONTROLLER,
    quotas.CONTROLLER,
    roles.CONTROLLER,
)


def start(
    cluster: Cluster, *, nodes: int = 3, ready_after: float = 2.0, failing: tuple[Failing, ...] = ()
) -> World:
    roles.begin(cluster)
    world = World(cluster, Machines(nodes, ready_after, failing), CONTROLLERS)
    version = cluster.knowledge.version["gitVersion"]
    for number, name in enumerate(world.machines.names()):
        made = machines.node(name, number, version=version, now=cluster.now())
        metadata = {
            **made["metadata"],
            "uid": str(uuid.uuid4()),
            "creationTimestamp": cluster.now(),
        }
        world.stamp(machines.NODES, {"kind": "Node", "apiVersion": "v1", **made, "metadata": metadata})
    return world


def fail_images(world: World, *failing: Failing) -> None:
    """From now on these fail and no others; pods that are on their way learn of it at once."""
    world.machines.failing = failing
    pods.look_again(world)
