"""Receivers on loopback that answer as they are told to, and remember what they got.

async with receiving.receiver() as one:
    one.answers = [429, {"status": 500}]      # in this order, then 200
"""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web


@dataclass
class Got:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    address: str = ""
    got: list[Got] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)  # a status, or {status, headers, json}
    always: Any = 200
    hangs: bool = False
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        path = request.path_qs
        self.got.append(Got(request.method, path, {k.lower(): v for k, v in request.headers.items()}, body))
        self._news.set()
        if self.hangs:
            await asyncio.sleep(3600)
        answer = self.answers.pop(0) if self.answers else self.always
        answer = answer(self.got[-1]) if callable(answer) else answer
        told = answer if isinstance(answer, dict) else {"status": answer}
        text = json.dumps(told["json"]) if "json" in told else told.get("text", "")
        return web.Response(status=told.get("status", 200), headers=told.get("headers"), text=text)

    async def until(self, count: int, *, patience: float = 240.0) -> list[Got]:
        async with asyncio.timeout(patience):
            while len(self.got) < count:
                self._news.clear()
                await self._news.wait()
        return self.got


@asynccontextmanager
async def receiver(tls: tuple[Path, Path] | None = None) -> AsyncIterator[Receiver]:
    """`tls`: certificate and key."""
    made = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    made.address = f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()
