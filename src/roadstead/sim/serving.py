"""The HTTP edge: many clusters behind one port on loopback, each below `/clusters/<name>`.

Finds the cluster, who asks, and what for; everything that goes wrong becomes a Status. Programming errors answer
500 and are raised again by nothing: one bad request must not end the process.
"""

import logging
import secrets
import ssl
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from roadstead.sim import (
    answers,
    authenticating,
    authorising,
    bodies,
    controlling,
    discovering,
    hindering,
    listing,
    openapi,
    openapi_v2,
    protobuf,
    reading,
    requests,
    resources,
    reviewing,
    status,
    subresources,
    tables,
    watching,
)
from roadstead.sim.admission import asking
from roadstead.sim.answers import Answer
from roadstead.sim.authorising import Wish
from roadstead.sim.cluster import Cluster, Received
from roadstead.sim.dialogue import Dialogue
from roadstead.sim.faults import Asked
from roadstead.sim.fleet import Fleet
from roadstead.sim.requests import Options, Target
from roadstead.sim.resources import Call

LOOPBACK = "127.0.0.1"
ROOT = "clusters"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Certificate:
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
            return _response(await controlling.answer(self, request))
        name = name.partition("~")[0]
        cluster = self.clusters.get(name) if root == ROOT else None
        if cluster is None:
            return _response(Answer(b"404 page not found\n", 404, "text/plain"))
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
            return await self._answer(cluster, request, path, base)
        except status.ApiError as error:
            return _response(answers.failure(error))
        except ConnectionError:
            return web.Response()  # whoever asked is gone
        except TimeoutError:
            raise
        except Exception as error:  # noqa: BLE001 - one bad request must not end the process
            _log.exception("a simulated cluster failed: %s %s", request.method, path)
            text = traceback.format_exception_only(error)[-1].strip()
            return _response(answers.failure(status.internal(f"simulation failed: {text}")))

    async def _answer(
        self, cluster: Cluster, request: web.BaseRequest, path: str, base: str
    ) -> web.StreamResponse:
        if path in ("/healthz", "/readyz", "/livez"):
            return _response(Answer(b"ok", content_type="text/plain"))
        user = authenticating.user(cluster, request, base.partition("~")[2])
        asked = path + (f"?{request.query_string}" if request.query_string else "")
        cluster.note(Received(user, request.method, asked, request.headers.get("User-Agent", "")))
        if path == "/openapi/v2":
            return _response(_openapi_v2(cluster, request.headers.get("Accept", "")))
        form = answers.form(request.headers.get("Accept", ""))
        target = requests.target(path)
        if target is None:
            return _response(_document(cluster, path, form, base))
        options = Options(request.query)
        wish = _wish(request, target, options)
        who = authenticating.acting(cluster, request, user, wish)
        kind = cluster.kind(target.group, target.version, target.plural)
        if kind is None:
            if any(each.group == target.group for each in cluster.kinds() if not each.custom):
                raise status.no_such_path()
            return _response(Answer(b"404 page not found\n", 404, "text/plain"))
        if not kind.simulated:
            raise status.not_simulated(f"{kind.plural} in version {kind.api_version}")
        authorising.demand(cluster, who, wish)
        data = await _body(request) if request.method != "GET" else b""
        content_type = request.headers.get("Content-Type", "")
        if bodies.media(content_type) == protobuf.MEDIA and not kind.custom and data:
            data, content_type = protobuf.as_json(cluster.minor, data), answers.JSON
        call = Call(
            cluster,
            kind,
            target,
            options,
            form,
            data,
            content_type,
            request.headers.get("User-Agent", ""),
            who,
            Dialogue(waits=True),
        )
        if kind.group in reviewing.GROUPS and request.method == "POST":
            body = bodies.object(kind, data, call.content_type, "Ignore")
            review = reviewing.reviewed(cluster, who, kind, body.value, target.namespace)
            return _response(answers.value(review, 201))
        if "list" not in kind.verbs and "get" not in kind.verbs:
            raise status.not_simulated(f"{kind.plural} in {kind.api_version}")
        if request.method == "GET" and options.flag("watch") and not target.subresource:
            return await _watch(request, call, Asked("watch", path))
        return _response(
            answers.formed(await asking.answered(call.dialogue, lambda: _served(call, request)), form)
        )


def _served(call: Call, request: web.BaseRequest) -> Answer:
    below = subresources.served(call, request.method) if call.target.subresource else None
    return below or resources.serve(call, request.method)


async def _body(request: web.BaseRequest) -> bytes:
    read = bytearray()
    async for part in request.content.iter_any():
        read += part
        if len(read) > bodies.LIMIT:
            raise bodies.too_large()
    return bytes(read)


VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "GET": "get"}


def _wish(request: web.BaseRequest, target: Target, options: Options) -> Wish:
    verb = VERBS.get(request.method, request.method.lower())
    if not target.name:
        verb = {"get": "list", "delete": "deletecollection"}.get(verb, verb)
    if options.flag("watch"):
        verb = "watch"
    resource = target.plural + (f"/{target.subresource}" if target.subresource else "")
    own = not target.group and target.plural == "namespaces"
    return Wish(verb, target.group, resource, target.name if own else target.namespace, target.name)


def _response(answer: Answer) -> web.Response:
    headers = {"Content-Type": answer.content_type, **answer.headers}
    return web.Response(body=answer.body, status=answer.code, headers=headers)


def _document(cluster: Cluster, path: str, form: answers.Form, base: str) -> Answer:
    parts = path.strip("/").split("/")
    found: Any = None
    if parts == ["version"]:
        found = cluster.knowledge.version
    elif parts[:2] == ["openapi", "v3"]:
        if len(parts) == 2:
            return answers.value(openapi.index(cluster, base))
        data = openapi.document(cluster, "/".join(parts[2:]))
        if data is not None:
            return Answer(data)
    elif parts in (["api"], ["apis"]):
        answers.demand(form)
        if form.discovery:
            kind = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
            body = answers.value(discovering.aggregated(cluster, parts[0])).body
            return Answer(body, headers={"Content-Type": kind})
        found = discovering.roots() if parts[0] == "api" else discovering.groups(cluster)
    elif parts[0] == "api" and len(parts) == 2:
        found = discovering.resources(cluster, "", parts[1])
    elif parts[0] == "apis" and len(parts) == 2:
        found = discovering.group(cluster, parts[1])
    elif parts[0] == "apis" and len(parts) == 3:
        found = discovering.resources(cluster, parts[1], parts[2])
    return answers.value(found) if found is not None else Answer(b"404 page not found\n", 404, "text/plain")


def _openapi_v2(cluster: Cluster, accept: str) -> Answer:
    if any(media in accept for media in openapi_v2.ACCEPTED):
        return Answer(openapi_v2.encoded(cluster), content_type=openapi_v2.MEDIA)
    return answers.value(openapi_v2.document(cluster))


async def _watch(request: web.BaseRequest, call: Call, wish: Asked) -> web.StreamResponse:
    kind = call.kind
    if "watch" not in kind.verbs:
        raise status.not_allowed()
    answers.demand(call.form)
    namespace = call.target.namespace if kind.namespaced else ""
    wanted = reading.choice(kind, namespace, call.target.name, call.options)
    listing.check(call.options, watch=True)
    written = call.options.text("resourceVersion")
    if written:
        listing.parse_version(written)
    rows = tables.Watched(call.cluster, kind, call.options) if call.form.sort == "Table" else None

    def render(data: bytes) -> bytes:
        if rows is not None:
            return rows.shown(data)
        if call.form.sort == "PartialObjectMetadata":
            return reading.metadata_only(data)
        return reading.shown(kind, data)

    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    if call.form.sort == "PartialObjectMetadataList":
        return response  # the real server answers 200 and sends nothing
    with hindering.streaming(call.cluster, request, wish):
        async for line in watching.events(call.cluster, kind, wanted, call.options, render):
            if not await hindering.sent(call.cluster, request, wish, response, line):
                return response
    await response.write_eof()
    return response


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
