"""The HTTP edge: many clusters behind one port on loopback, each below `/clusters/<name>`.

Finds the cluster; what is asked of it is `routing`. Everything that goes wrong becomes a Status. Programming errors
answer 500 and are raised again by nothing: one bad request must not end the process.
"""

import logging
import secrets
import ssl
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import format_datetime
from pathlib import Path

from aiohttp import web
from msgspec import Struct

from roadstead.sim import answers, controlling, hindering, routing, status
from roadstead.sim.answers import Answer
from roadstead.sim.cluster import Cluster
from roadstead.sim.fleet import Fleet

LOOPBACK = "127.0.0.1"
ROOT = "clusters"
_log = logging.getLogger(__name__)


class Certificate(Struct, frozen=True):
    """Files in PEM. `authority` is what clients have to trust."""

    certificate: Path
    key: Path
    authority: Path


class Server:
    """Clusters may come and go while it runs; `url` of one is where clients find it. Whoever knows the `token`
    may change it from outside (see `controlling`)."""

    def __init__(self, certificate: Certificate | None = None, fleet: Fleet | None = None) -> None:
        self.clusters: dict[str, Cluster] = {}
        self.port = 0
        self.token = secrets.token_hex(16)
        self.fleet = fleet  # whose clusters they are, if they have controllers and a time of their own
        self.certificate = certificate
        self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if certificate else None
        if certificate:
            self.present(certificate.certificate, certificate.key)

    def present(self, certificate: Path, key: Path) -> None:
        """To clients that connect from now on, for instance one that has expired."""
        if self.tls is None:
            raise status.bad_request("it was started without a certificate")
        self.tls.load_cert_chain(certificate, key)

    def add(self, *clusters: Cluster) -> None:
        for cluster in clusters:
            self.clusters[cluster.name] = cluster
            cluster.clock.wind()

    def remove(self, cluster: Cluster) -> None:
        cluster.close_watches()
        self.clusters.pop(cluster.name, None)

    def url(self, cluster: Cluster, user: str = "") -> str:
        """With a user's name it needs no other credentials: whoever knows it is that user."""
        token = f"~{cluster.tokens[user]}" if user else ""
        return f"{self.address}/{ROOT}/{cluster.name}{token}"

    @property
    def address(self) -> str:
        return f"{'https' if self.tls else 'http'}://{LOOPBACK}:{self.port}"

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        _, root, name, *rest = (*request.path.split("/", 3), "")
        if root == controlling.ROOT:
            return routing.response(await controlling.answer(self, request))
        name = name.partition("~")[0]
        cluster = self.clusters.get(name) if root == ROOT else None
        if cluster is None:
            return routing.response(Answer(b"404 page not found\n", 404, "text/plain"))
        path = "/" + (rest[0] if rest else "")
        base = request.path.removesuffix(path)
        # Addresses in documents hold the base, for clients that ask for them as they stand; others add it again.
        path = path.removeprefix(base)
        wish = hindering.asked(request.method, path, request.query_string)
        response = await hindering.answered(
            cluster, request, wish, lambda: self._answered(cluster, request, path, base)
        )
        if cluster.skew and not response.prepared:
            response.headers["Date"] = format_datetime(cluster.time(), usegmt=True)
        return response

    async def _answered(
        self, cluster: Cluster, request: web.BaseRequest, path: str, base: str
    ) -> web.StreamResponse:
        try:
            return await routing.answer(cluster, request, path, base)
        except status.ApiError as error:
            return routing.response(answers.failure(error))
        except ConnectionError:
            return web.Response()  # whoever asked is gone
        except TimeoutError:
            raise
        except Exception as error:  # noqa: BLE001 - one bad request must not end the process
            _log.exception("a simulated cluster failed: %s %s", request.method, path)
            text = traceback.format_exception_only(error)[-1].strip()
            return routing.response(answers.failure(status.internal(f"simulation failed: {text}")))


@asynccontextmanager
async def running(
    *clusters: Cluster,
    port: int = 0,
    certificate: Certificate | None = None,
    fleet: Fleet | None = None,
) -> AsyncIterator[Server]:
    """Serves the clusters on a port of loopback (a free one by default) until the block ends; without a
    certificate it speaks plain HTTP."""
    server = Server(certificate, fleet)
    server.add(*clusters)
    runner = web.ServerRunner(web.Server(server.handle, access_log=None), shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, LOOPBACK, port, ssl_context=server.tls)
    await site.start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        for cluster in server.clusters.values():
            cluster.close_watches()
        await runner.cleanup()
