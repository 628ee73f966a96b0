"""Connections through a SOCKS5 proxy. The proxy resolves the server's name, as kubectl lets it; TLS to the server
is spoken as without a proxy, `tls-server-name` included.
"""

import asyncio
from typing import Any

import aiohttp
import python_socks
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from python_socks.async_.asyncio import Proxy


class Connector(aiohttp.TCPConnector):
    def __init__(self, proxy: str, **settings: Any) -> None:
        super().__init__(resolver=_Names(), **settings)
        # Which name counts is Go's to say: there, socks5 and socks5h are the same.
        self._address = proxy.replace("socks5h://", "socks5://", 1)

    async def _wrap_create_connection(
        self, *args: Any, addr_infos: Any, req: Any, timeout: aiohttp.ClientTimeout, **settings: Any
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        host, port = addr_infos[0][4][:2]
        proxy = Proxy.from_url(self._address, rdns=True)
        try:
            settings["sock"] = await proxy.connect(host, port, timeout=timeout.sock_connect)
        except python_socks.ProxyTimeoutError as late:
            raise aiohttp.ConnectionTimeoutError("the proxy gives no connection") from late
        except python_socks.ProxyConnectionError as cause:
            raise aiohttp.ClientConnectionError(f"no connection to the proxy: {_words(cause)}") from cause
        except python_socks.ProxyError as cause:
            raise aiohttp.ClientConnectionError(f"the proxy refuses: {_words(cause)}") from cause
        return await self._wrap_existing_connection(*args, req=req, timeout=timeout, **settings)


class _Names(AbstractResolver):
    """Leaves names as they are, for the proxy to resolve."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host=host, port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is open."""


def _words(cause: BaseException) -> str:
    return (str(cause) or type(cause).__name__).lower()
