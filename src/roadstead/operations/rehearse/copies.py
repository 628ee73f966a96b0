"""Simulated clusters made of a snapshot, served on loopback, and a world in which they are the fleet's clusters.

A copy has the supported Kubernetes version that is nearest to its model's. All live in one time, which `Turning`
moves while nothing else happens.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct
from msgspec.structs import replace

from roadstead.engine.revision_loop import Desired
from roadstead.engine.world import World
from roadstead.model.fleet import AccessKind, ClusterAccess
from roadstead.model.ids import GroupKind
from roadstead.operations.rehearse.snapshot import Snapshot, Taken
from roadstead.sim import knowledge, kubeconfig, loading, serving
from roadstead.sim.clock import Clock
from roadstead.sim.cluster import Cluster, Received
from roadstead.sim.controllers import running

_TICK, _STEP = 0.02, 2.0  # so many seconds of theirs in one of ours
_SETTLE = 300.0  # seconds of theirs, in which what is there gets ready before anything changes
WORKED_ON = frozenset(  # by the controllers of simulated clusters; others' readiness nobody can tell
    GroupKind(group, kind)
    for group, names in {
        "": "Namespace PersistentVolumeClaim Pod ReplicationController ResourceQuota Service",
        "apiextensions.k8s.io": "CustomResourceDefinition",
        "apps": "DaemonSet Deployment ReplicaSet StatefulSet",
        "batch": "CronJob Job",
        "policy": "PodDisruptionBudget",
    }.items()
    for kind in names.split()
)


class Copy(Struct, frozen=True):
    """`left_out` are objects and versions that the copy does not serve."""

    taken: Taken
    cluster: Cluster
    left_out: tuple[str, ...]


class Copies(Struct, frozen=True):
    world: World
    by_name: Mapping[str, Copy]
    clock: Clock


@asynccontextmanager
async def opened(world: World, snapshot: Snapshot) -> AsyncIterator[Copies]:
    """`world` is the real one: its workers and its cache are used, its clusters are not."""
    clock = Clock()
    made = {taken.cluster: _copy(taken, clock) for taken in snapshot.clusters}
    clock.advance(_SETTLE)
    clusters = [copy.cluster for copy in made.values()]
    for cluster in clusters:
        cluster.unasked = {}  # from now on: what was there already, nobody is asked about
    with TemporaryDirectory(prefix="roadstead-rehearsal-") as folder:
        async with serving.running(*clusters) as server:
            place = Path(folder)
            kubeconfig.write(place / "kubeconfig", server, clusters)
            settings = replace(
                world.settings, kubeconfig=(place / "kubeconfig",), facts=None, state=place / "state"
            )
            yield Copies(World(settings, world.pool, world.renders, time.monotonic()), made, clock)


def _copy(taken: Taken, clock: Clock) -> Copy:
    cluster = Cluster(taken.cluster, minor=nearest(taken.version), clock=clock)
    left_out = loading.load(cluster, taken.objects)
    running.start(cluster)
    return Copy(taken, cluster, tuple(left_out))


def nearest(version: str) -> str:
    """The supported minor next to a version; of two, the newer, which has removed more."""
    wanted = _minor(version)
    return min(knowledge.supported(), key=lambda one: (abs(_minor(one)[1] - wanted[1]), -_minor(one)[1]))


def _minor(version: str) -> tuple[int, int]:
    major, minor, *_ = (*version.split("."), "0")
    return int(major), int(minor)


def meant(desired: Desired, names: Mapping[str, Copy]) -> Desired:
    """What Git says, of the copies: reached by contexts of their names."""
    clusters = {
        name: replace(cluster, access=ClusterAccess(AccessKind.CONTEXT, name))
        for name, cluster in desired.resolution.clusters.items()
        if name in names
    }
    return replace(desired, resolution=replace(desired.resolution, clusters=clusters))


class Turning:
    """Turns the copies' time forward from the first write on, and sets `over` when nobody has asked anything of
    them for so many of their seconds: what is not ready then will not be."""

    def __init__(self, copies: Copies, seconds: float, over: asyncio.Event) -> None:
        self._clock = copies.clock
        self._seconds = seconds
        self._over = over
        self._begun = False
        self._quiet = 0.0
        for copy in copies.by_name.values():
            copy.cluster.received = self._heard

    async def run(self) -> None:
        while not self._over.is_set():
            await asyncio.sleep(_TICK)
            if self._begun:
                self._clock.advance(_STEP)
                self._quiet += _STEP
            if self._quiet >= self._seconds:
                self._over.set()

    def _heard(self, received: Received) -> None:
        if received.method != "GET":
            self._begun = True
        if "watch=" not in received.path:
            self._quiet = 0.0
