"""A chart repository and an OCI registry on loopback, small but with real answers."""

import base64
import hashlib
import io
import json
import tarfile
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def chart(name: str = "web", version: str = "1.2.3") -> bytes:
    """A packed chart of one ConfigMap."""
    return packed(
        {
            f"{name}/Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n",
            f"{name}/templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {v: {{ .Chart.Version }}}\n",
        }
    )


def packed(files: dict[str, str]) -> bytes:
    """A packed folder of these files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for path, text in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


@dataclass
class Server:
    """`login` is what is asked for, "user:password"; `seen` are the requests: method, path, authorization."""

    url: str = ""
    login: str = ""
    seen: list[tuple[str, str, str]] = field(default_factory=list)
    pages: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)
    bearer: bool = False
    identity_token: str = ""

    def admits(self, request: web.Request) -> bool:
        authorization = request.headers.get("Authorization", "")
        self.seen.append((request.method, request.path, authorization))
        if not self.login:
            return True
        if self.bearer:
            return authorization == "Bearer good-token"
        return authorization == f"Basic {base64.b64encode(self.login.encode()).decode()}"

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/token":
            return await self._token(request)
        if not self.admits(request):
            host = self.url.removeprefix("http://")
            bearer = (
                f'Bearer realm="http://{host}/token",service="registry",scope="repository:charts/web:pull"'
            )
            return web.Response(status=401, headers={"WWW-Authenticate": bearer if self.bearer else "Basic"})
        if request.path in self.elsewhere:
            return web.Response(status=307, headers={"Location": self.elsewhere[request.path]})
        status, body = self.pages.get(request.path, (404, b""))
        return web.Response(status=status, body=body)

    async def _token(self, request: web.Request) -> web.Response:
        authorization = request.headers.get("Authorization", "")
        self.seen.append((request.method, request.path, authorization))
        if request.method == "POST":
            good = (await request.post()).get("refresh_token") == self.identity_token
        else:
            good = authorization == f"Basic {base64.b64encode(self.login.encode()).decode()}"
        return web.json_response({"token": "good-token"}) if good else web.Response(status=401)

    def put_chart(self, packed: bytes, *, name: str = "charts/web", tag: str = "1.2.3") -> str:
        return self.put(packed, name=name, tag=tag, layer_type=CHART_LAYER)

    def put(self, packed: bytes, *, name: str, tag: str, layer_type: str) -> str:
        """As a registry keeps it; the manifest's digest."""
        layer = f"sha256:{hashlib.sha256(packed).hexdigest()}"
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "config": {
                    "mediaType": "application/vnd.cncf.helm.config.v1+json",
                    "digest": "sha256:00",
                    "size": 0,
                },
                "layers": [{"mediaType": layer_type, "digest": layer, "size": len(packed)}],
            }
        ).encode()
        digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
        self.pages[f"/v2/{name}/blobs/{layer}"] = (200, packed)
        self.pages[f"/v2/{name}/manifests/{tag}"] = (200, manifest)
        self.pages[f"/v2/{name}/manifests/{digest}"] = (200, manifest)
        return digest


@asynccontextmanager
async def serving(server: Server):
    application = web.Application(client_max_size=1 << 30)
    application.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        server.url = f"http://127.0.0.1:{port}"
        yield server
    finally:
        await runner.cleanup()


def index(*versions: tuple[str, str, str]) -> bytes:
    """An index.yaml of the chart `web`: version, address, digest."""
    entries = [
        {"name": "web", "version": version, "urls": [url], "digest": digest}
        for version, url, digest in versions
    ]
    return json.dumps({"apiVersion": "v1", "entries": {"web": entries}}).encode()
