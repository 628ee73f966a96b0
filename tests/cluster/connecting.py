"""Our own client on a test cluster."""

import asyncio
from contextlib import asynccontextmanager

from roadstead.model.ids import GroupKind
from roadstead.world.kube import client, kubeconfig
from tests.controlplane.cluster import Cluster


@asynccontextmanager
async def connected(cluster: Cluster, user: str = "", name: str = ""):
    """As `admin`, or as the test cluster's `viewer` or `limited`."""
    context = f"{cluster.name}-{user}" if user else cluster.name
    access = kubeconfig.load([cluster.kubeconfig]).access(context)
    async with client.connect(access, cluster=name or cluster.name) as connection:
        yield connection


async def until_allowed(acting: client.Client, verb: str, kind: GroupKind, namespace: str = "") -> None:
    """What was granted holds a moment later: servers learn of roles by watches."""
    resource = (await acting.resources()).find(kind)
    assert resource is not None
    async with asyncio.timeout(120):
        while not await acting.access_review(verb, resource, namespace):
            await asyncio.sleep(0.02)
