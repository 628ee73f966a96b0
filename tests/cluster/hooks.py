"""Webhooks that a test answers: a server on loopback with a certificate of its own."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from tests.controlplane.authority import Authority

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Hook:
    """`authority`: in PEM, what signed its certificate."""

    url: str
    authority: bytes


@asynccontextmanager
async def listening(handler: Handler, directory: Path) -> AsyncIterator[Hook]:
    authority = Authority("webhooks")
    certificate, key = authority.server("webhooks").write(directory, "webhook")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    runner = web.ServerRunner(web.Server(handler, access_log=None), shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    try:
        yield Hook(f"https://127.0.0.1:{runner.addresses[0][1]}/asked", authority.certificate)
    finally:
        await runner.cleanup()
