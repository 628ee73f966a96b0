"""Simulated clusters in this process, for tests, the demo and rehearsals: made, read and told what fails.

    fleet = Fleet()
    one = fleet.add("c1", minor="1.34", ready_after=5)
    one.fail(Failing("*:broken", Way.PULL))
    one.apply(deployment)
    fleet.advance(60)
    one.get("apps/v1", "Deployment", "web", namespace="shop")["status"]

All clusters of a fleet live in the same time. Serving them over HTTP is `serving.running(*fleet.clusters)`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from msgspec import Struct

from roadstead.sim import ending, writing
from roadstead.sim.clock import Clock
from roadstead.sim.cluster import Cluster
from roadstead.sim.controllers import running
from roadstead.sim.controllers.machines import Failing
from roadstead.sim.controllers.world import World
from roadstead.sim.kinds import Kind
from roadstead.sim.writes import Write

Value = dict[str, Any]


class Member(Struct):
    """One cluster. `world` is None when it has no controllers."""

    cluster: Cluster
    world: World | None

    def apply(self, document: Value, *, manager: str = "test", force: bool = True) -> Value:
        """A server-side apply. Raises ApiError as the server answers it."""
        write = self._write(document["apiVersion"], document["kind"], document["metadata"], manager)
        return _loaded(writing.apply(write, document, force=force)[0])

    def get(self, api_version: str, kind: str, name: str, *, namespace: str = "") -> Value | None:
        return self.cluster.object(self._kind(api_version, kind), namespace, name)

    def list(self, api_version: str, kind: str, *, namespace: str = "") -> list[Value]:
        found = self.cluster.store.items(self._kind(api_version, kind).storage, namespace)
        return [_loaded(stored.data) for _, stored in found]

    def delete(
        self, api_version: str, kind: str, name: str, *, namespace: str = "", policy: str = "Background"
    ) -> None:
        """Nothing happens when it is not there."""
        write = self._write(api_version, kind, {"name": name, "namespace": namespace}, "test")
        found = write.current()
        if found is not None:
            ending.delete(write, *found, propagation=policy, grace=None)

    def fail(self, *failing: Failing) -> None:
        """From now on these images fail and no others; none: all are well."""
        if self.world is not None:
            running.fail_images(self.world, *failing)

    def _write(self, api_version: str, kind: str, metadata: Value, manager: str) -> Write:
        found = self._kind(api_version, kind)
        namespace = metadata.get("namespace") or "default" if found.namespaced else ""
        return Write(self.cluster, found, namespace, metadata.get("name", ""), manager)

    def _kind(self, api_version: str, kind: str) -> Kind:
        for each in self.cluster.kinds():
            if (each.api_version, each.kind) == (api_version, kind):
                return each
        raise KeyError(f"{self.cluster.name} serves no {kind} in {api_version}")


def _loaded(data: bytes) -> Value:
    found: Value = orjson.loads(data)
    return found


@dataclass(slots=True)
class Fleet:
    """`start`: the time stands still there, and moves by `advance` alone; else it is the real one."""

    start: datetime | None = None
    members: dict[str, Member] = field(default_factory=dict)
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = Clock(self.start)

    def add(
        self,
        name: str,
        *,
        minor: str = "",
        controllers: bool = True,
        nodes: int = 3,
        ready_after: float = 2.0,
        failing: tuple[Failing, ...] = (),
    ) -> Member:
        """`minor`: its version of Kubernetes, the newest known unless said."""
        cluster = Cluster(name, minor=minor, clock=self.clock)
        world = (
            running.start(cluster, nodes=nodes, ready_after=ready_after, failing=failing)
            if controllers
            else None
        )
        made = self.members[name] = Member(cluster, world)
        return made

    def remove(self, name: str) -> None:
        gone = self.members.pop(name)
        gone.cluster.close_watches()
        if gone.world is not None:
            gone.world.close()

    def __getitem__(self, name: str) -> Member:
        return self.members[name]

    @property
    def clusters(self) -> list[Cluster]:
        return [each.cluster for each in self.members.values()]

    def advance(self, seconds: float = 0.0) -> None:
        self.clock.advance(seconds)
