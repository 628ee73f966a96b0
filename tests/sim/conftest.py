"""Simulated clusters for tests of the simulation itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from roadstead.sim import serving
from roadstead.sim.cluster import Cluster


class Session:
    """Requests to one simulated cluster, as its admin: the code and the parsed answer."""

    def __init__(self, http: aiohttp.ClientSession, server: serving.Server, cluster: Cluster) -> None:
        self.http, self.server, self.cluster = http, server, cluster

    async def __call__(
        self, method: str, path: str, body: object = None, *, sort: str = "application/json", **headers: str
    ) -> tuple[int, Any]:
        headers |= {"Authorization": f"Bearer {self.cluster.tokens['admin']}", "Content-Type": sort}
        url = self.server.url(self.cluster) + path
        async with self.http.request(method, url, json=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)


@pytest_asyncio.fixture
async def simulated() -> AsyncIterator[Session]:
    cluster = Cluster("c1")
    async with serving.running(cluster) as server, aiohttp.ClientSession() as http:
        yield Session(http, server, cluster)


@pytest.fixture
def deployment() -> dict[str, Any]:
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "web:1"}]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template},
    }
