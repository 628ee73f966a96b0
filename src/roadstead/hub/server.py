"""Serve an app on an address, in the loop that is running, until told to stop; then end soon, open streams or not."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.world import tasks

_GRACE = 2  # seconds that answers under way have to end


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the command line's."""
        yield


def listen(address: str) -> socket.socket:
    """A socket on `HOST:PORT`; port 0 takes a free one. Raises UsageError for what cannot be listened on."""
    host, _, port = address.rpartition(":")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host.strip("[]"), int(port)), family=family)
    except (OSError, ValueError, OverflowError) as cause:
        problem = Problem(reasons.BAD_ARGUMENT, f"--listen {address}: {cause}", "give HOST:PORT that is free")
        raise errors.error(problem) from cause


@asynccontextmanager
async def running(
    app: Starlette,
    listening: socket.socket,
    *,
    tls: ssl.SSLContext | None = None,
    proxies: Sequence[str] = (),
) -> AsyncIterator[None]:
    """What `proxies` (addresses, networks) tell of whom they ask for is believed."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        timeout_graceful_shutdown=_GRACE,
    )
    config.load()
    config.ssl = tls
    server = _Server(config)
    async with tasks.group() as start:
        serving = start(server.serve(sockets=[listening]))
        try:
            yield
        finally:
            server.should_exit = True
            await asyncio.wait([serving], timeout=2 * _GRACE)
            serving.cancel()


def is_loopback(listening: socket.socket) -> bool:
    return ipaddress.ip_address(listening.getsockname()[0]).is_loopback


def shown(listening: socket.socket, *, secure: bool = False) -> str:
    host, port = listening.getsockname()[:2]
    return f"http{'s' if secure else ''}://{f'[{host}]' if ':' in host else host}:{port}"
