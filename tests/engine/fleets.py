"""A served fleet in this process: simulated clusters, a Git repository, and what the loop says.

async with fleets.simulated(tmp_path, clusters=3) as fleet:
    fleet.story.bundle("web", files={"all.yaml": [config_map("a", "web", x="1")]})
    fleet.story.commit()
    async with fleet.served() as serving:
        await fleet.settled(1)
"""

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from roadstead.engine.world import Settings
from roadstead.model.events import Event
from roadstead.model.status import Standing
from roadstead.operations import serve
from roadstead.operations.serve import Options, Serving
from roadstead.sim import kubeconfig, serving, writing
from roadstead.sim.cluster import Cluster
from roadstead.sim.writing import Write
from roadstead.world import store
from tests.end_to_end.story import Story
from tests.engine.pools import Here

PATIENCE = 240.0


@dataclass
class Fleet:
    story: Story
    clusters: dict[str, Cluster]
    database: Path
    events: list[tuple[float, Event]] = field(default_factory=list)
    requests: list[Any] = field(default_factory=list)
    serving: Serving | None = None
    also: Callable[[Event], None] = lambda event: None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, event: Event) -> None:
        self.events.append((time.perf_counter(), event))
        self.also(event)
        self._news.set()

    @asynccontextmanager
    async def served(
        self, *, interval: float = 3600.0, name: str = "hub@test", keys: str = "", request: float = 30.0
    ) -> AsyncIterator[Serving]:
        folder = self.story.folder
        settings = Settings(
            fleet=str(self.story.repository),
            revision="main",
            keys=keys,
            kubeconfig=(self.story.kubeconfig,),
            cache=folder.parent / "cache",
            state=folder / "state",
            request=request,
        )
        options = Options(settings, f"sqlite:///{self.database}", name, interval)
        async with serve.serving(options, self.hear, stop=asyncio.Event()) as opened:
            opened.shared.world.pool = Here()
            self.serving = opened
            yield opened

    @property
    def mark(self) -> int:
        return len(self.events)

    async def event(self, kind: str, since: int = 0, **wanted: str) -> Event:
        async with asyncio.timeout(PATIENCE):
            while True:
                for _, event in self.events[since:]:
                    if event.kind == kind and all(getattr(event, key) == one for key, one in wanted.items()):
                        return event
                self._news.clear()
                await self._news.wait()

    def of(self, kind: str, since: int = 0) -> list[Event]:
        return [event for _, event in self.events[since:] if event.kind == kind]

    async def settled(self, count: int, *, commit: str = "", clusters: set[str] | None = None) -> None:
        """So many bundles on clusters are ready, as the newest commit says."""
        assert self.serving
        ends = time.monotonic() + PATIENCE
        while True:
            page = (await self.serving.store.statuses.page(limit=5000)).items
            found = [one for one in page if clusters is None or one.key.cluster in clusters]
            fine = [
                one
                for one in found
                if one.standing is Standing.READY
                and one.applied == one.staged
                and commit.startswith(one.commit if commit else "")
            ]
            if len(fine) == count:
                return
            others = [one for one in found if one not in fine]
            assert time.monotonic() < ends, f"{len(fine)} of {count} are ready: {others[:5]}"
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await self._news.wait()

    def commit(self, message: str = "change") -> str:
        made = self.story.commit(message)
        if self.serving:
            self.serving.reconciling.poke()
        return made

    def data(self, cluster: str, name: str, namespace: str) -> dict[str, str] | None:
        one = self.clusters[cluster]
        found = one.object(one.builtin("configmaps"), namespace, name)
        return found.get("data", {}) if found else None

    def edit(
        self, cluster: str, name: str, namespace: str, *, manager: str = "kubectl-edit", **data: str
    ) -> None:
        """As somebody would behind our back."""
        one = self.clusters[cluster]
        kind = one.builtin("configmaps")
        live = one.object(kind, namespace, name)
        assert live is not None
        writing.replace(
            Write(one, kind, namespace, name, manager), {**live, "data": {**live.get("data", {}), **data}}
        )

    def annotate_namespace(self, cluster: str, name: str, **annotations: str) -> None:
        one = self.clusters[cluster]
        kind = one.builtin("namespaces")
        live = one.object(kind, "", name)
        assert live is not None
        live["metadata"]["annotations"] = {key.replace("_", "-"): value for key, value in annotations.items()}
        writing.replace(Write(one, kind, "", name, "kubectl-annotate"), live)

    def writes(self, since: int = 0) -> list[str]:
        return [
            f"{name} {one.method} {one.path}"
            for name, one in self.requests[since:]
            if one.method != "GET" and "dryRun" not in one.path and one.user_agent.startswith("roadstead")
        ]


@asynccontextmanager
async def simulated(folder: Path, *, clusters: int = 1) -> AsyncIterator[Fleet]:
    found = [Cluster(f"c{number}") for number in range(1, clusters + 1)]
    requests: list[Any] = []
    for one in found:
        one.received = lambda received, name=one.name: requests.append((name, received))  # type: ignore[misc]
    async with serving.running(*found) as server:
        path = folder / "kubeconfig"
        kubeconfig.write(path, server, found)
        story = Story(folder, path, "t-fleet")
        for one in found:
            story.cluster(one.name, one.name)
        named = {one.name: one for one in found}
        yield Fleet(story, named, await database(folder), requests=requests)


async def database(folder: Path) -> Path:
    """One with tables in it: they are made once, and copied."""
    made = folder.parent / "tables.db"
    if not made.exists():
        async with store.open(f"sqlite:///{made}", writer="nobody"):
            pass
    return Path(shutil.copy(made, folder / "hub.db"))
