"""A small HTTPS server on loopback that answers as a test says, for what a real API server rarely does."""

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web

from roadstead.world.kube import client
from roadstead.world.kube.access import Access, Certificate, Login, Trust
from tests.controlplane.authority import Authority, Pair

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Server:
    """`seen` are the requests that came, as (method, path with query, headers)."""

    port: int
    authority: Authority
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def access(self, **changes) -> Access:
        return Access(self.url, **{"trust": Trust(self.authority.certificate)} | changes)

    def client(self, *, limits: client.Limits | None = None, **changes) -> client.Client:
        return client.connect(self.access(**changes), cluster="c1", limits=limits)


@asynccontextmanager
async def serving(
    handler: Handler,
    *,
    pair: Pair | None = None,
    authority: Authority | None = None,
    clients: Authority | None = None,
    keepalive: float = 75,
) -> AsyncIterator[Server]:
    """`pair` is the server's certificate, `clients` the authority of clients, if they must show one."""
    authority = authority or Authority("test")
    server = Server(0, authority)

    async def record(request: web.BaseRequest) -> web.StreamResponse:
        server.seen.append((request.method, request.path_qs, dict(request.headers)))
        return await handler(request)

    runner = web.ServerRunner(web.Server(record, keepalive_timeout=keepalive), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context(pair or authority.server(), clients))
    await site.start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        for connection in runner.server.connections if runner.server else ():
            if connection.transport is not None:  # clients that keep theirs are not waited for
                connection.transport.abort()
        await runner.cleanup()


def context(pair: Pair, clients: Authority | None = None) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        made.load_cert_chain(*pair.write(Path(folder), "server"))
    if clients is not None:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(cadata=clients.certificate.decode())
    return made


@contextmanager
def handshaking(pair: Pair, clients: Authority) -> Iterator[str]:
    """Shakes hands and no more. In a thread, because asyncio's servers end without telling why."""
    secure, ended = context(pair, clients), threading.Event()

    def accept() -> None:
        while not ended.is_set():
            try:
                connection, _ = listening.accept()
            except TimeoutError:
                continue
            shaking = secure.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            with suppress(OSError):
                shaking.do_handshake()
            with socket.socket(fileno=shaking.detach()) as bare:  # closed at once, it would reset the alert
                while bare.recv(4096):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.1)
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"https://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            ended.set()
            thread.join()


def login(pair: Pair) -> Login:
    return Login(Certificate(pair.certificate, pair.key))


def answer(body: object, status: int = 200, **headers: str) -> web.Response:
    return web.Response(
        body=json.dumps(body).encode(), status=status, content_type="application/json", headers=headers
    )


def refusal(code: int, reason: str, message: str, **details: object) -> web.Response:
    body = {"kind": "Status", "status": "Failure", "reason": reason, "message": message, "details": details}
    return answer(body | {"code": code}, code)


def always(response: Callable[[], web.Response]) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return response()

    return handle


async def hang(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(3600)
    return web.Response()
