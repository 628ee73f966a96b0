"""OCI registries: the manifest of a tag or digest, and what its layers hold; and the charts that they keep.

The distribution specification's pull, with the token or password that the registry asks for. What is read is
what its digest says. A registry on this machine's own loopback address is spoken to without TLS, as Docker does.
"""

import hashlib
import json
import re
from collections.abc import Mapping

import aiohttp
from msgspec import Struct
from yarl import URL

from roadstead.model.assignment import Chart
from roadstead.world.charts import credentials, http
from roadstead.world.charts.credentials import Login

_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
)
CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_SERVED_BY = {"docker.io": "registry-1.docker.io"}
_LOOPBACK = re.compile(r"^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$")


async def pull(session: aiohttp.ClientSession, chart: Chart) -> bytes:
    """A packed chart."""
    registry = Registry(session, f"{chart.repository.strip('/')}/{chart.name}")
    # A tag cannot hold "+", which versions can: Helm writes "_".
    manifest = await registry.manifest(chart.version.replace("+", "_"))
    for layer in manifest.layers:
        if layer.type == CHART:
            return await registry.blob(layer)
    raise http.unreadable(registry.url, f"{chart.version} is no Helm chart")


class Layer(Struct, frozen=True):
    type: str
    digest: str


class Manifest(Struct, frozen=True):
    digest: str
    layers: tuple[Layer, ...]


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class Registry:
    """One repository of a registry, as oci://HOST/PATH. It logs in when it is first asked to."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._host, _, path = address.removeprefix("oci://").strip("/").partition("/")
        scheme = "http" if _LOOPBACK.match(self._host) else "https"
        self.url = f"{scheme}://{_SERVED_BY.get(self._host, self._host)}/v2/{path}"
        self._session = session
        self._authorization: dict[str, str] = {}

    async def manifest(self, reference: str) -> Manifest:
        """Of a tag, or of a digest."""
        data = await self._read(f"manifests/{reference}", accept=_MANIFESTS)
        if reference.startswith("sha256:"):
            self._verify(reference, data)
        try:
            layers = [one for one in json.loads(data)["layers"] if isinstance(one, dict)]
        except (ValueError, KeyError, TypeError) as cause:
            raise http.unreadable(self.url, "the answer is no manifest of an image or chart") from cause
        return Manifest(
            digest_of(data),
            tuple(Layer(str(one.get("mediaType")), str(one.get("digest"))) for one in layers),
        )

    async def blob(self, layer: Layer) -> bytes:
        data = await self._read(f"blobs/{layer.digest}", accept=layer.type)
        self._verify(layer.digest, data)
        return data

    def _verify(self, digest: str, data: bytes) -> None:
        if digest != digest_of(data):
            raise http.unreadable(self.url, f"the content is not {digest[:19]}…: its sha256 differs")

    async def _read(self, path: str, *, accept: str) -> bytes:
        url = f"{self.url}/{path}"
        answer = await self._get(url, accept)
        if answer.status == 401 and not self._authorization:
            await self._log_in(answer.headers.get("WWW-Authenticate", ""))
            answer = await self._get(url, accept)
        if answer.status != 200:
            raise http.refused(
                self.url, answer, path.replace("manifests/", "version ").replace("blobs/", "blob ")
            )
        return answer.body

    async def _get(self, url: str, accept: str) -> http.Answer:
        return await http.get(self._session, url, headers={"Accept": accept, **self._authorization})

    async def _log_in(self, challenge: str) -> None:
        kind, _, rest = challenge.partition(" ")
        login = await credentials.of_registry(self._host)
        if kind.lower() == "bearer":
            token = await self._token(dict(_CHALLENGE.findall(rest)), login)
            self._authorization = {"Authorization": f"Bearer {token}"}
        elif login:
            self._authorization = login.header()

    async def _token(self, asked: Mapping[str, str], login: Login | None) -> str:
        service, scope = asked.get("service", ""), asked.get("scope", "")
        realm = URL(asked.get("realm", ""))
        if realm.scheme != "https" and not _LOOPBACK.match(realm.host or ""):
            raise http.unreadable(self.url, "the registry asks for credentials over a line without TLS")
        if login and login.identity_token:
            form = {"grant_type": "refresh_token", "refresh_token": login.identity_token}
            form |= {"service": service, "scope": scope, "client_id": "roadstead"}
            answer = await http.get(self._session, str(realm), form=form)
        else:
            query = {name: value for name, value in (("service", service), ("scope", scope)) if value}
            headers = login.header() if login else {}
            answer = await http.get(self._session, str(realm.update_query(query)), headers=headers)
        if answer.status != 200:
            raise http.refused(self.url, answer, "it: the login is refused")
        try:
            told = json.loads(answer.body)
            return str(told.get("token") or told["access_token"])
        except (ValueError, KeyError, AttributeError) as cause:
            raise http.unreadable(self.url, "the registry's login gives no token") from cause
