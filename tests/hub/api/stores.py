"""The API over a real store and a real state of Git, of a hub that does not reconcile: what is in it, tests say.

async with stores.serving(tmp_path) as hub:
    status, answer = await hub.get("/statuses", standing=["failed"])
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from roadstead.engine import revision_loop
from roadstead.engine import world as worlds
from roadstead.engine.reconcile import Reconciling
from roadstead.engine.shared import Shared
from roadstead.engine.world import Settings
from roadstead.hub import app, server
from roadstead.hub.access import identity, tokens
from roadstead.hub.access.identity import Options as Access
from roadstead.hub.metrics import Metrics
from roadstead.hub.webhooks import Secrets
from roadstead.model.ids import Key
from roadstead.model.status import ClusterStatus, Deviation, Reach, Standing, Status, Trouble
from roadstead.operations.serve import Options, Serving
from roadstead.world import store
from tests.end_to_end.story import Story
from tests.engine import fleets
from tests.hub import hubs

NOON = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)
WEB_IN_PRODUCTION = "rst_web-in-production"
CLUSTERS = {"c1": "production", "c2": "production", "c3": "development"}
BUNDLES = ("db", "web")


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def rules() -> dict[str, Any]:
    """Everybody of tests/hub, and somebody who sees the bundle web on production clusters alone."""
    found = hubs.access()
    found["tokens"].append({"name": "web", "hash": tokens.hashed(WEB_IN_PRODUCTION)})
    where = {"bundles": {"names": ["web"]}, "clusters": {"matchLabels": {"tier": "production"}}}
    found["grants"].append({"role": "viewer", "tokens": ["web"], **where})
    return found


@dataclass
class Hub:
    serving: Serving
    address: str
    session: aiohttp.ClientSession
    token: str

    @property
    def store(self) -> store.Store:
        return self.serving.store

    @asynccontextmanager
    async def asked(
        self, path: str, *, headers: dict[str, str] | None = None, token: str | None = None, **query: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        shown = {"Authorization": f"Bearer {token or self.token}", **(headers or {})}
        pairs = [
            (name, str(one))
            for name, value in query.items()
            for one in (value if isinstance(value, list) else [value])
        ]
        url = f"{self.address}/api/v1{path}"
        async with self.session.get(url, params=pairs, headers=shown) as answer:
            yield answer

    async def get(self, path: str, **how: Any) -> tuple[int, Any]:
        async with self.asked(path, **how) as answer:
            return answer.status, await answer.json(content_type=None)

    async def items(self, path: str, **how: Any) -> list[Any]:
        status, answer = await self.get(path, **how)
        assert status == 200, answer
        return answer["items"]

    @asynccontextmanager
    async def stream(self, **how: Any) -> AsyncIterator["Stream"]:
        async with self.asked("/stream", **how) as answer, asyncio.timeout(240):
            assert answer.status == 200, await answer.text()
            assert await answer.content.readuntil(b"\n\n") == b"retry: 2000\n\n"
            yield Stream(answer.content)


@dataclass
class Stream:
    content: aiohttp.StreamReader

    async def next(self) -> tuple[str, str, Any]:
        """The kind, id and data of the next message that has any. Raises EOFError where the stream ended."""
        while True:
            block = (await self.content.readuntil(b"\n\n")).decode()
            if not block:
                raise EOFError
            fields = dict(line.split(": ", 1) for line in block.splitlines() if line and line[0] != ":")
            if "data" in fields:
                return fields["event"], fields.get("id", ""), json.loads(fields["data"])


@asynccontextmanager
async def serving(
    folder: Path,
    *,
    url: str | None = None,
    clusters: Mapping[str, str] = CLUSTERS,
    bundles: Iterable[str] = BUNDLES,
) -> AsyncIterator[Hub]:
    """Git has the bundles on each of the clusters, which have a tier; nothing was seen of any of them yet."""
    story = Story(folder, folder / "none", "shop")
    for name, tier in clusters.items():
        story.cluster(name, name, tier=tier)
    for name in bundles:
        story.bundle(name, files={"all.yaml": []}, labels={"team": "shop"} if name == "web" else {})
    story.commit("first")
    (folder / "access.yaml").write_text(yaml.safe_dump(rules()))
    settings = Settings(
        fleet=str(story.repository), revision="main", cache=folder / "cache", state=folder / "state"
    )
    asking = identity.opened(
        Access(file=folder / "access.yaml"), state=folder, tell=lambda *_: None, clock=time.monotonic
    )
    options = Options(settings, url or f"sqlite:///{await fleets.database(folder)}", "hub@test")
    async with contextlib.AsyncExitStack() as stack:
        world = await stack.enter_async_context(worlds.hub(settings, options.name))
        opened = await stack.enter_async_context(store.open(options.database, writer=options.name))
        shared = Shared(world, opened, lambda event: None)
        reconciling = Reconciling(shared, interval=3600)
        reconciling.following.desired = await revision_loop.read(world)
        made = Serving(options, shared, reconciling)
        routes = app.app(made, Metrics(), Secrets(), identity=asking)
        listening = stack.enter_context(server.listen("127.0.0.1:0"))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        await stack.enter_async_context(server.running(routes, listening))
        viewer = hubs.TOKENS[hubs.Role.VIEWER]
        yield Hub(made, server.shown(listening), session, viewer)


async def fill(hub: Hub) -> None:
    """Both bundles on all clusters; web failed on c2 and drifted on c3, which cannot be reached."""
    standings = {Key("web", "c2"): Standing.FAILED, Key("web", "c3"): Standing.DRIFTED}
    keys = [Key(bundle, cluster) for bundle in BUNDLES for cluster in CLUSTERS]
    await hub.store.statuses.put(
        *(
            Status(
                key,
                standings.get(key, Standing.READY),
                since=NOON,
                seen=NOON,
                message="Deployment/web/web: no image" if standings.get(key) is Standing.FAILED else "",
            )
            for key in keys
        )
    )
    lost = ClusterStatus("c3", reach=Reach.UNREACHABLE, since=NOON, reason="Unreachable", message="no route")
    await hub.store.clusters.put(ClusterStatus("c1", reach=Reach.REACHABLE, since=NOON, seen=NOON), lost)
    drifted = Key("web", "c3")
    found = Deviation(
        drifted,
        "Deployment/web/web",
        Trouble.DRIFTED,
        NOON,
        "spec.replicas",
        "kubectl-edit",
        at(-5),
        "3",
        "1",
    )
    unready = Deviation(drifted, "Pod/web/x", Trouble.UNREADY, NOON, message="failed: no image")
    await hub.store.deviations.replace(drifted, (found, unready))


async def pages(hub: Hub, path: str, **query: Any) -> list[Any]:
    """All items, page by page."""
    items: list[Any] = []
    while True:
        status, answer = await hub.get(path, **query)
        assert status == 200, answer
        items += answer["items"]
        if answer["after"] is None:
            return items
        query["after"] = answer["after"]


def names(items: list[Any]) -> list[str]:
    return [f"{one['bundle']}@{one['cluster']}" for one in items]
