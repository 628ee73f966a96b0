"""Send one cluster's requests: connections, TLS, proxy, credentials, deadlines. Knows HTTP, not Kubernetes.

At most `connections` requests are under way at once; a deadline runs from the moment that a request has
its connection, so a long queue is no reason to call a server unreachable. Watches have connections of
their own. Nothing is tried twice, with two exceptions: once again with new credentials after a 401, and
a GET (or a PUT or DELETE, which our requests guard by resourceVersion or uid) whose kept connection turned
out to be closed, which aiohttp repeats.
"""

import asyncio
import io
import ssl
import time
import zlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from msgspec import Struct
from yarl import URL

from roadstead import __version__
from roadstead.model import errors
from roadstead.world import meter
from roadstead.world.kube import connection, credentials, proxies, tls
from roadstead.world.kube.access import Access
from roadstead.world.kube.credentials import Credential
from roadstead.world.kube.requests import Request

USER_AGENT = f"roadstead/{__version__}"
_KEPT_ALIVE = 60.0  # API servers close idle connections after 90 s: be the first
_CHUNK = 1 << 18
_LARGE_BODY = 1 << 20


class Answer(Struct, frozen=True):
    status: int
    headers: Mapping[str, str]
    body: bytes
    warnings: Sequence[str] = ()  # the headers of this name


class Transport:
    """Used between `open` and `close`. `requests` counts what was sent, by verb and resource."""

    def __init__(
        self, access: Access, *, connections: int, connect_seconds: float, login_seconds: float
    ) -> None:
        self.access = access
        self.requests: Counter[tuple[str, str]] = Counter()
        self._slots = asyncio.Semaphore(connections)
        self._connect_seconds = connect_seconds
        self._login_seconds = login_seconds
        self._credentials = credentials.of(access.login)
        self._proxy = proxies.choose(access)
        self._secure = access.server.startswith("https:")
        self._fixed = (("User-Agent", USER_AGENT),)
        self._encoding = "gzip" if access.compression else "identity"
        self._secured: tuple[Credential, ssl.SSLContext] | None = None
        self._session: aiohttp.ClientSession | None = None

    def open(self) -> None:
        """Inside a running loop; no request is sent."""
        connector = self._connector(limit=0, keepalive_timeout=_KEPT_ALIVE)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_seconds),
            auto_decompress=False,
            read_bufsize=_CHUNK,
        )

    def _connector(self, **settings: Any) -> aiohttp.TCPConnector:
        if not proxies.is_socks(self._proxy):
            return aiohttp.TCPConnector(**settings)
        from roadstead.world.kube import socks  # here, as few clusters need it

        return socks.Connector(self._proxy, **settings)

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            if isinstance(session.connector, aiohttp.TCPConnector):
                # A tidy end of TLS waits for a server that may be silent, and outlives the loop.
                await session.connector.close(abort_ssl=True)
            await session.close()

    async def send(
        self, request: Request, headers: Sequence[tuple[str, str]] = (), *, deadline: float
    ) -> Answer:
        """The whole answer, whatever its status. Raises when there is none."""
        async with self._slots:
            credential = await self._credentials.current(deadline=self._login_seconds)
            answer = await self._once(request, headers, credential, deadline)
            if answer.status == 401 and await self._renewed(credential):
                credential = await self._credentials.current(deadline=self._login_seconds)
                answer = await self._once(request, headers, credential, deadline)
            return answer

    @asynccontextmanager
    async def stream(
        self, request: Request, headers: Sequence[tuple[str, str]] = (), *, deadline: float, silence: float
    ) -> AsyncIterator[tuple[Answer, AsyncGenerator[bytes]]]:
        """An answer that goes on: its body is read (`Answer.body`) when it is a refusal, else it comes in
        chunks. `deadline` is for the first line, `silence` for the longest pause between chunks."""
        credential = await self._credentials.current(deadline=self._login_seconds)
        response = await self._opened(request, headers, credential, deadline)
        if response.status == 401 and await self._renewed(credential):
            _abort(response)
            credential = await self._credentials.current(deadline=self._login_seconds)
            response = await self._opened(request, headers, credential, deadline)
        try:
            yield await self._streamed(response, deadline, silence)
        finally:
            _abort(response)

    async def _renewed(self, refused: Credential) -> bool:
        return await self._credentials.refresh(refused, deadline=self._login_seconds)

    async def _once(
        self, request: Request, headers: Sequence[tuple[str, str]], credential: Credential, deadline: float
    ) -> Answer:
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(deadline):
                options = self._options(request, headers, credential)
                async with self._running().request(request.method, self._url(request), **options) as response:
                    answer = await _read(response)
        except (aiohttp.ClientError, OSError) as cause:
            meter.unanswered(request.verb)
            raise self._unanswered(cause, deadline) from cause
        meter.answered(request.verb, answer.status, time.perf_counter() - begun)
        return answer

    async def _opened(
        self, request: Request, headers: Sequence[tuple[str, str]], credential: Credential, deadline: float
    ) -> aiohttp.ClientResponse:
        try:
            async with asyncio.timeout(deadline):
                options = self._options(request, headers, credential)
                response = await self._running().request(request.method, self._url(request), **options)
        except (aiohttp.ClientError, OSError) as cause:
            meter.unanswered(request.verb)
            raise self._unanswered(cause, deadline) from cause
        meter.opened(request.verb, response.status)
        return response

    async def _streamed(
        self, response: aiohttp.ClientResponse, deadline: float, silence: float
    ) -> tuple[Answer, AsyncGenerator[bytes]]:
        if response.status == 200:
            return Answer(200, response.headers, b""), self._chunks(response, silence)
        try:
            async with asyncio.timeout(deadline):
                return await _read(response), self._chunks(response, silence)
        except (aiohttp.ClientError, OSError) as cause:
            raise self._unanswered(cause, deadline) from cause

    async def _chunks(self, response: aiohttp.ClientResponse, silence: float) -> AsyncGenerator[bytes]:
        while True:
            try:
                async with asyncio.timeout(silence):
                    chunk = await response.content.readany()
            except (aiohttp.ClientError, OSError) as cause:
                raise self._unanswered(cause, silence) from cause
            if not chunk:
                return
            yield chunk

    def _options(
        self, request: Request, headers: Sequence[tuple[str, str]], credential: Credential
    ) -> dict[str, Any]:
        self.requests[request.verb, request.resource] += 1
        sent = [*self._fixed, *headers, *credential.headers.items()]
        sent += (("Accept", request.accept), ("Accept-Encoding", self._encoding))
        if request.content_type:
            sent.append(("Content-Type", request.content_type))
        options: dict[str, Any] = {"headers": sent, "allow_redirects": False}
        if request.body is not None:
            large = len(request.body) > _LARGE_BODY  # aiohttp warns of bytes as long as that
            options["data"] = io.BytesIO(request.body) if large else request.body
        if self._secure:
            options["ssl"] = self._context(credential)
            if self.access.trust.server_name:
                options["server_hostname"] = self.access.trust.server_name
        if self._proxy and not proxies.is_socks(self._proxy):
            options["proxy"] = self._proxy
        return options

    def _context(self, credential: Credential) -> ssl.SSLContext:
        """Looked up by content only when the credential is another one."""
        if self._secured is None or self._secured[0] is not credential:
            self._secured = (credential, tls.context(self.access.trust, credential.certificate))
        return self._secured[1]

    def _url(self, request: Request) -> URL:
        return URL(self.access.server + request.target, encoded=True)

    def _running(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the client is used outside of its `async with`")
        return self._session

    def _unanswered(self, cause: Exception, seconds: float) -> errors.RoadsteadError:
        seconds = self._connect_seconds if isinstance(cause, aiohttp.ConnectionTimeoutError) else seconds
        return errors.error(
            connection.problem(
                cause,
                address=self.access.server,
                seconds=seconds,
                proxy=proxies.without_password(self._proxy),
            )
        )


def _abort(response: aiohttp.ClientResponse) -> None:
    """A stream that is left is cut: a tidy end of TLS would wait for the server, which is still talking."""
    connection = response.connection
    if connection is not None and connection.transport is not None:
        connection.transport.abort()
    response.close()


async def _read(response: aiohttp.ClientResponse) -> Answer:
    body = await response.read()
    if response.headers.get("Content-Encoding") == "gzip":
        try:
            body = zlib.decompress(body, 31)
        except zlib.error as cause:
            raise aiohttp.ClientPayloadError(f"the answer's compression is broken: {cause}") from cause
    return Answer(response.status, response.headers, body, response.headers.getall("Warning", ()))
