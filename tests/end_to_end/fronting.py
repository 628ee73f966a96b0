"""A loopback server between the command and a real API server, which answers some requests by itself.

async with interfering(cluster) as front:
    front.answer("PATCH", "/configmaps/web", status=429, headers={"Retry-After": "1"})
    ... front.url is the server's address for a kubeconfig ...
"""

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from tests.controlplane.cluster import Cluster

_PER_HOP = {"host", "transfer-encoding", "content-length", "content-encoding", "connection", "authorization"}


@dataclass
class Rule:
    method: str
    part: str
    status: int
    headers: dict[str, str]
    left: int


@dataclass
class Front:
    """`told` are the answers that were not the API server's own."""

    url: str = ""
    rules: list[Rule] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def answer(
        self, method: str, part: str, *, status: int, headers: dict[str, str] | None = None, times: int = 1
    ) -> None:
        """Answer the next requests with `part` in their path so; dry runs are let through."""
        self.rules.append(Rule(method, part, status, headers or {}, times))

    def takes(self, request: web.BaseRequest) -> Rule | None:
        for rule in self.rules:
            fits = (
                request.method == rule.method and rule.part in request.path and "dryRun" not in request.query
            )
            if fits and rule.left:
                rule.left -= 1
                self.told.append(f"{request.method} {request.path} {rule.status}")
                return rule
        return None


@asynccontextmanager
async def interfering(cluster: Cluster) -> AsyncIterator[Front]:
    front = Front()
    tls = ssl.create_default_context(cadata=cluster.authority.decode())
    token = {"Authorization": f"Bearer {cluster.tokens['admin']}"}
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=tls), auto_decompress=False
    ) as session:

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            rule = front.takes(request)
            if rule:
                return _refusal(rule)
            sent = {name: value for name, value in request.headers.items() if name.lower() not in _PER_HOP}
            async with session.request(
                request.method,
                cluster.url + request.path_qs,
                headers=sent | token,
                data=await request.read() or None,
            ) as answer:
                kept = {name: value for name, value in answer.headers.items() if name.lower() not in _PER_HOP}
                if encoding := answer.headers.get("Content-Encoding"):
                    kept["Content-Encoding"] = encoding
                passed = web.StreamResponse(status=answer.status, headers=kept)
                await passed.prepare(request)
                async for piece in answer.content.iter_any():
                    await passed.write(piece)
                return passed

        runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        front.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield front
        finally:
            await runner.cleanup()


def _refusal(rule: Rule) -> web.Response:
    reasons = {409: "Conflict", 429: "TooManyRequests"}
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": f"the front says {rule.status}",
        "reason": reasons.get(rule.status, ""),
        "code": rule.status,
    }
    return web.Response(
        status=rule.status,
        text=json.dumps(status),
        content_type="application/json",
        headers=rule.headers,
    )
