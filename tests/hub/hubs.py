"""A served fleet of simulated clusters with its edge over HTTP, in this process.

async with hubs.serving(tmp_path) as hub:
    status, text = await hub.ask("GET", "/readyz")
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from roadstead.hub import app, server
from roadstead.hub.metrics import Metrics
from roadstead.hub.webhooks import PROVIDERS, Secrets
from tests.engine import fleets

SECRET = b"not-so-secret"


@asynccontextmanager
async def serving(folder: Path, *, clusters: int = 1) -> AsyncIterator[Any]:
    """`fleet` of tests/engine with `ask(method, path, …)`; `secret` is the file of all webhooks' secret."""
    secret = folder / "secret"
    secret.write_bytes(SECRET + b"\n")
    async with fleets.simulated(folder, clusters=clusters) as fleet:
        fleet.commit()
        counted = Metrics()
        fleet.also = counted.hear
        with server.listen("127.0.0.1:0") as listening:
            async with fleet.served() as opened, aiohttp.ClientSession() as session:
                routes = app.app(opened, counted, Secrets(dict.fromkeys(PROVIDERS, secret)))
                async with server.running(routes, listening):

                    async def ask(
                        method: str, path: str, *, body: bytes | None = None, **headers: str
                    ) -> tuple[int, str]:
                        url = server.shown(listening) + path
                        sent = {name.replace("_", "-"): value for name, value in headers.items()}
                        async with session.request(method, url, data=body, headers=sent) as answer:
                            return answer.status, await answer.text()

                    fleet.ask, fleet.secret = ask, secret
                    await fleet.event("commit")
                    yield fleet
