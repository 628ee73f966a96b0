"""Our own client on a test cluster."""

from contextlib import asynccontextmanager

from roadstead.world.kube import client, kubeconfig
from tests.controlplane.cluster import Cluster


@asynccontextmanager
async def connected(cluster: Cluster, user: str = "", name: str = ""):
    """As `admin`, or as the test cluster's `viewer` or `limited`."""
    context = f"{cluster.name}-{user}" if user else cluster.name
    access = kubeconfig.load([cluster.kubeconfig]).access(context)
    async with client.connect(access, cluster=name or cluster.name) as connection:
        yield connection
