"""Charts from an OCI registry: the manifest of a tag or digest, and the one layer that is the chart.

The distribution specification's pull, with the token or password that the registry asks for. A registry on
this machine's own loopback address is spoken to without TLS, as Docker does.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import aiohttp
from yarl import URL

from roadstead.model.assignment import Chart
from roadstead.world.charts import credentials, http
from roadstead.world.charts.credentials import Login

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_LOOPBACK = re.compile(r"^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$")


async def pull(session: aiohttp.ClientSession, chart: Chart) -> bytes:
    host, _, path = f"{chart.repository.removeprefix('oci://').strip('/')}/{chart.name}".partition("/")
    scheme = "http" if _LOOPBACK.match(host) else "https"
    registry = _Registry(session, host, f"{scheme}://{host}/v2/{path}")
    # A tag cannot hold "+", which versions can: Helm writes "_".
    manifest = await registry.read(f"manifests/{chart.version.replace('+', '_')}", accept=_MANIFEST)
    if chart.version.startswith("sha256:"):
        _verify(chart.version, manifest, registry.url)
    for layer in _layers(manifest, registry.url):
        if layer.get("mediaType") == _LAYER:
            data = await registry.read(f"blobs/{layer.get('digest')}", accept=_LAYER)
            _verify(str(layer.get("digest")), data, registry.url)
            return data
    raise http.unreadable(registry.url, f"{chart.version} is no Helm chart")


def _layers(manifest: bytes, where: str) -> list[Mapping[str, Any]]:
    try:
        layers = json.loads(manifest)["layers"]
    except (ValueError, KeyError, TypeError) as cause:
        raise http.unreadable(where, "the answer is no manifest of an image or chart") from cause
    return [layer for layer in layers if isinstance(layer, dict)]


def _verify(digest: str, data: bytes, where: str) -> None:
    if digest != f"sha256:{hashlib.sha256(data).hexdigest()}":
        raise http.unreadable(where, f"the content is not {digest[:19]}…: its sha256 differs")


class _Registry:
    """One repository of a registry. It logs in when it is first asked to."""

    def __init__(self, session: aiohttp.ClientSession, host: str, url: str) -> None:
        self.url = url
        self._session = session
        self._host = host
        self._authorization: dict[str, str] = {}

    async def read(self, path: str, *, accept: str) -> bytes:
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
