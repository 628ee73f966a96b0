"""Reach clusters: from a Cluster document to a connection that is known to be the right one."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from roadstead.engine import machine
from roadstead.engine.world import World
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.model.facts import Facts
from roadstead.model.fleet import AccessKind, Cluster
from roadstead.world.kube import client as kube
from roadstead.world.kube import facts as kube_facts
from roadstead.world.kube.access import Access
from roadstead.world.kube.client import Client, Limits

_LEAST = 1.0  # seconds for a request, also where the run has no time left
_CONNECT = 10.0  # seconds for a connection


def access(world: World, cluster: Cluster) -> Access:
    """How this machine reaches a cluster. Raises UsageError when it cannot."""
    kind = cluster.access.kind
    if kind is AccessKind.CONTEXT:
        return world.kubeconfig.access(cluster.access.name or cluster.name)
    if kind is AccessKind.PROVIDER:
        from roadstead.world.kube import kubeconfig

        path, context = machine.provider(cluster.access.name, cluster.name)
        return kubeconfig.load([path]).access(context)
    if kind is AccessKind.IN_CLUSTER:
        from roadstead.world.kube import in_cluster

        return in_cluster.access()
    cause = f"access by {cluster.access} is not for the command line"
    hint = "reach it by a context of your kubeconfig, or leave it to the hub or its agent"
    raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, hint, cluster=cluster.name))


@asynccontextmanager
async def connected(world: World, cluster: Cluster) -> AsyncIterator[Client]:
    """A connection to the cluster that the document means; raises before anything is read of another."""
    left = max(_LEAST, world.remaining)  # no request takes longer than the run may
    limits = Limits(deadline=min(world.settings.request, left), connect=min(_CONNECT, left))
    async with kube.connect(access(world, cluster), cluster=cluster.name, limits=limits) as client:
        if cluster.identity:
            found = await client.identity()
            if found != cluster.identity:
                raise errors.error(
                    Problem(
                        reasons.IDENTITY_CHANGED,
                        f"kube-system has uid {found}, the document says {cluster.identity}",
                        hint=reasons.IDENTITY_CHANGED.remedy,
                        cluster=cluster.name,
                        place=cluster.place,
                    )
                )
        yield client


async def facts(
    world: World, fleet: str, client: Client, before: Facts | None, *, whole: bool = True
) -> Facts:
    """The cluster's facts as they are now; a change is recorded on this machine. Of its schemas, all, or none that
    nobody wants."""
    found = await kube_facts.ask(client, world.blobs, before=before, whole=whole)
    if before is None or (before.digest, before.schemas, before.identity) != (
        found.digest,
        found.schemas,
        found.identity,
    ):
        kube_facts.write(recorded_in(world, fleet), found, world.blobs)
    return found


def forget(world: World, fleet: str, cluster: str) -> None:
    """Keep no record of a cluster that leaves the fleet."""
    with contextlib.suppress(OSError):
        (recorded_in(world, fleet) / f"{cluster}.json").unlink()


def recorded_in(world: World, fleet: str) -> Path:
    return world.settings.state / "facts" / fleet


def recorded(world: World, fleet: str) -> Mapping[str, Facts]:
    """What is on record: in the folder that was named, else on this machine."""
    given = world.settings.facts
    return kube_facts.read(given if given else recorded_in(world, fleet), world.blobs)


def assumed(cluster: Cluster) -> Facts | None:
    """What the document says of a cluster that nobody asked."""
    if not cluster.kubernetes:
        return None
    return Facts(cluster.name, cluster.kubernetes, assumed=True)
