"""A served fleet of simulated clusters with its edge over HTTP, in this process.

async with hubs.serving(tmp_path) as hub:
    status, text = await hub.ask("GET", "/readyz")
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from roadstead.hub import app, server
from roadstead.hub.access import gate, identity, tokens
from roadstead.hub.access.identity import Options
from roadstead.hub.metrics import Metrics
from roadstead.hub.webhooks import PROVIDERS, Secrets
from roadstead.model.person import Role
from tests.engine import fleets

SECRET = b"not-so-secret"
TOKENS = {role: f"rst_{role}-of-everything" for role in Role}


def access(**more: Any) -> dict[str, Any]:
    """An --access file: one token for each role, which has it everywhere."""
    return {
        "tokens": [{"name": str(role), "hash": tokens.hashed(token)} for role, token in TOKENS.items()],
        "grants": [{"role": str(role), "tokens": [str(role)]} for role in Role],
        **more,
    }


def bearer(role: Role = Role.VIEWER) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[role]}"}


@asynccontextmanager
async def serving(
    folder: Path, *, clusters: int = 1, rules: dict[str, Any] | None = None, options: Options | None = None
) -> AsyncIterator[Any]:
    """`fleet` of tests/engine with `ask(method, path, …)`; `secret` is the file of all webhooks' secret, `access`
    that of `rules`, `address` the hub's, `said` what it told of its access file."""
    secret = folder / "secret"
    secret.write_bytes(SECRET + b"\n")
    chosen = options or Options(file=folder / "access.yaml")
    (folder / "access.yaml").write_text(yaml.safe_dump(rules or access()))
    async with fleets.simulated(folder, clusters=clusters) as fleet:
        fleet.commit()
        fleet.said = []
        asking = identity.opened(
            chosen, state=folder, tell=lambda *told: fleet.said.append(told), clock=time.monotonic
        )
        counted = Metrics()
        fleet.also = counted.hear
        with server.listen("127.0.0.1:0") as listening:
            async with fleet.served() as opened, aiohttp.ClientSession() as session:
                routes = app.app(
                    opened,
                    counted,
                    Secrets(dict.fromkeys(PROVIDERS, secret)),
                    identity=asking,
                    hosts=gate.LOOPBACK,
                )
                async with server.running(routes, listening):

                    async def ask(
                        method: str, path: str, *, body: bytes | None = None, **headers: str
                    ) -> tuple[int, str]:
                        url = server.shown(listening) + path
                        sent = {name.replace("_", "-"): value for name, value in headers.items()}
                        async with session.request(method, url, data=body, headers=sent) as answer:
                            return answer.status, await answer.text()

                    fleet.ask, fleet.secret, fleet.routes = ask, secret, routes
                    fleet.address, fleet.access = server.shown(listening), folder / "access.yaml"
                    fleet.identity, fleet.session = asking, session
                    await fleet.event("commit")
                    yield fleet
