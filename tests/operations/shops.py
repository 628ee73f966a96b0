"""A fleet of one bundle on two clusters, simulated here, and the operations of a person on it."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from roadstead.engine import revision_loop, world
from roadstead.engine.bundle_plan import Wishes
from roadstead.engine.bundle_step import Watchers
from roadstead.engine.world import Settings
from roadstead.operations import apply as applying
from roadstead.report.outcomes import FleetOutcome
from roadstead.sim import kubeconfig, serving
from roadstead.sim.cluster import Received
from roadstead.sim.fleet import Fleet
from tests.end_to_end.story import namespace
from tests.engine.pools import Here
from tests.world.git.repositories import Repository

FLEET = """
apiVersion: roadstead.dev/v1alpha1
kind: Fleet
metadata: {name: shop}
---
apiVersion: roadstead.dev/v1alpha1
kind: Bundle
metadata: {name: web}
spec: {source: {path: apps/web}, clusters: {all: true}}
---
apiVersion: roadstead.dev/v1alpha1
kind: Cluster
metadata: {name: old}
---
apiVersion: roadstead.dev/v1alpha1
kind: Cluster
metadata: {name: new}
"""
SILENT = Watchers(lambda key, outcome: None, lambda key, one, health: None, lambda key, bundles: None)


@dataclass
class Shop:
    folder: Path
    live: Fleet
    repository: Repository
    opened: Any
    asked: list[Received] = field(default_factory=list)

    def says(self, *objects: dict[str, Any]) -> None:
        path = self.repository.folder / "apps/web/all.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump_all([namespace("shop"), *objects]))

    async def apply(self, *, wait: bool = True) -> FleetOutcome:
        request = applying.Request(Wishes(), wait=wait, approve=None, watchers=SILENT)
        desired = await revision_loop.read(self.opened)
        return await applying.fleet(self.opened, desired, request, stop=asyncio.Event())

    async def applied(self, *objects: dict[str, Any]) -> None:
        """Now Git and the clusters say so; what is asked of them is counted from here."""
        self.says(*objects)
        done = await self.apply()
        assert not done.failed, done.all_problems()
        self.asked.clear()


@asynccontextmanager
async def shop_in(folder: Path, *, request: float = 30.0):
    live = Fleet()
    live.add("old", minor="1.34", ready_after=0.1)
    live.add("new", minor="1.37", ready_after=0.1)
    repository = Repository(folder / "fleet")
    repository.commit("first", {"roadstead.yaml": FLEET})
    async with serving.running(*live.clusters) as server:
        kubeconfig.write(folder / "kubeconfig", server, live.clusters)
        settings = Settings(
            fleet=str(repository.folder),
            kubeconfig=(folder / "kubeconfig",),
            cache=folder.parent / "cache",
            state=folder / "state",
            deadline=300,
            request=request,
        )
        async with world.local(settings) as opened:
            opened.pool = Here()
            made = Shop(folder, live, repository, opened)
            for cluster in live.clusters:
                cluster.received = made.asked.append
            yield made
