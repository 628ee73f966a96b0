import asyncio
import base64
import hashlib
import json

import pytest

from roadstead.model.assignment import Chart
from roadstead.model.errors import RoadsteadError
from roadstead.model.reasons import SOURCE_UNREACHABLE, SOURCE_UNREADABLE
from roadstead.world.blobs import Blobs
from roadstead.world.charts import fetch
from tests.engine.pools import Here
from tests.world.charts.servers import Server, chart, index, serving

PACKED = chart()
DIGEST = hashlib.sha256(PACKED).hexdigest()


@pytest.fixture
def get(tmp_path):
    blobs = Blobs(tmp_path / "cache")

    async def go(
        repository: str, *, name: str = "web", version: str = "1.2.3", deadline: float = 60
    ) -> bytes | None:
        wanted = Chart(repository, name, version)
        return blobs.get(await fetch.chart(wanted, blobs=blobs, pool=Here(), deadline=deadline))

    go.blobs = blobs
    return go


def repository(server: Server, *, digest: str = DIGEST, url: str = "web-1.2.3.tgz") -> str:
    server.pages["/stable/index.yaml"] = (200, index(("2.0.0", "x.tgz", ""), ("1.2.3", url, digest)))
    server.pages["/stable/web-1.2.3.tgz"] = (200, PACKED)
    return f"{server.url}/stable"


def oci(server: Server) -> str:
    return server.url.replace("http://", "oci://") + "/charts"


def paths(server: Server) -> list[str]:
    return [path for _, path, _ in server.seen]


async def test_a_chart_comes_from_a_repository(server, get):
    assert await get(repository(server)) == PACKED
    assert paths(server) == ["/stable/index.yaml", "/stable/web-1.2.3.tgz"]


async def test_a_chart_comes_from_a_registry(server, get):
    server.put_chart(PACKED)
    assert await get(oci(server)) == PACKED


async def test_a_chart_is_fetched_once_for_each_version(server, get):
    where = repository(server)
    await get(where)
    server.pages.clear()
    assert await get(where) == PACKED
    assert len(server.seen) == 2


async def test_a_chart_that_got_lost_in_the_cache_is_fetched_again(server, get):
    where = repository(server)
    await get(where)
    for path in (get.blobs.root / "content").rglob("*"):
        if path.is_file():
            path.write_bytes(b"damaged")
    assert await get(where) == PACKED


@pytest.mark.parametrize("url", ["web-1.2.3.tgz", "/stable/web-1.2.3.tgz", "{base}/stable/web-1.2.3.tgz"])
async def test_addresses_in_an_index_may_be_relative(server, get, url):
    assert await get(repository(server, url=url.replace("{base}", server.url))) == PACKED


@pytest.mark.parametrize("version", ["v1.2.3", "1.2.3"])
async def test_a_version_may_be_written_with_a_v(server, get, version):
    assert await get(repository(server), version=version) == PACKED


async def test_a_plus_in_a_version_is_an_underscore_in_a_tag(server, get):
    server.put_chart(PACKED, tag="1.2.3_build.4")
    assert await get(oci(server), version="1.2.3+build.4") == PACKED


async def test_a_version_can_be_a_digest_in_a_registry(server, get):
    digest = server.put_chart(PACKED)
    assert await get(oci(server), version=digest) == PACKED


@pytest.mark.parametrize("version", ["^1.2", "1.x", ">=1.0.0", "1.2", "latest", ""])
async def test_a_range_of_versions_is_refused_without_a_request(server, get, version):
    with pytest.raises(RoadsteadError) as caught:
        await get(repository(server), version=version)
    assert caught.value.problem.reason is SOURCE_UNREADABLE
    assert "an exact version of chart web is needed" in caught.value.problem.cause
    assert not server.seen


async def test_a_version_that_is_not_there_is_told_with_those_that_are(server, get):
    with pytest.raises(RoadsteadError, match=r"no version 9\.9\.9 of chart web, found 2\.0\.0, 1\.2\.3"):
        await get(repository(server), version="9.9.9")


async def test_content_that_is_not_what_the_index_says_is_refused(server, get):
    with pytest.raises(RoadsteadError, match="its sha256 differs"):
        await get(repository(server, digest="0" * 64))


async def test_content_that_is_not_what_the_manifest_says_is_refused(server, get):
    server.put_chart(PACKED)
    for path in server.pages:
        if "/blobs/" in path:
            server.pages[path] = (200, b"something else")
    with pytest.raises(RoadsteadError, match="its sha256 differs"):
        await get(oci(server))


@pytest.mark.parametrize(
    ("page", "reason", "told"),
    [
        pytest.param((404, b""), SOURCE_UNREADABLE, "there is no index.yaml", id="absent"),
        pytest.param(
            (403, b""), SOURCE_UNREADABLE, "no right to read index.yaml, found status 403", id="forbidden"
        ),
        pytest.param((503, b""), SOURCE_UNREACHABLE, "found status 503", id="out of order"),
        pytest.param((200, b"<html>"), SOURCE_UNREADABLE, "index.yaml holds no entries", id="a login page"),
        pytest.param((200, b"a: b: c"), None, "BadYaml", id="broken"),
        pytest.param((200, b"entries: {}"), SOURCE_UNREADABLE, "there is no chart web", id="another chart"),
    ],
)
async def test_a_repository_that_gives_no_index_is_an_error_that_says_why(server, get, page, reason, told):
    where = repository(server)
    server.pages["/stable/index.yaml"] = page
    with pytest.raises(RoadsteadError) as caught:
        await get(where)
    assert reason in (None, caught.value.problem.reason)
    assert told in str(caught.value)


async def test_a_server_that_is_gone_is_unreachable(server, get):
    with pytest.raises(RoadsteadError) as caught:
        await get("http://127.0.0.1:1/stable")
    assert caught.value.problem.reason is SOURCE_UNREACHABLE
    assert caught.value.problem.cause.endswith(": no connection to 127.0.0.1:1: connection refused")


async def test_a_server_that_hangs_is_given_up_at_the_deadline(get, server):
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listener = await asyncio.start_server(hang, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        with pytest.raises(RoadsteadError) as caught:
            await get(f"http://127.0.0.1:{port}/stable", deadline=0.3)
    assert caught.value.problem.reason is SOURCE_UNREACHABLE
    assert "no answer within 0.3 s" in caught.value.problem.cause


async def test_netrc_and_what_helm_repo_add_stored_are_used_and_never_told_elsewhere(server, get, tmp_path):
    server.login = "ann:secret"
    where = repository(server)
    with pytest.raises(RoadsteadError) as caught:
        await get(where)
    assert "helm repo add" in caught.value.problem.hint
    (tmp_path / "helm").mkdir()
    stored = {"repositories": [{"name": "x", "url": f"{where}/", "username": "ann", "password": "secret"}]}
    (tmp_path / "helm" / "repositories.yaml").write_text(json.dumps(stored))
    assert await get(where) == PACKED
    (tmp_path / "helm" / "repositories.yaml").unlink()
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ann password secret\n")
    assert await get(where + "/") == PACKED


async def test_credentials_of_a_repository_do_not_go_to_another_host(server, get, tmp_path):
    async with serving(Server()) as other:
        other.pages["/web-1.2.3.tgz"] = (200, PACKED)
        where = repository(server, url=f"{other.url}/web-1.2.3.tgz")
        (tmp_path / "helm").mkdir()
        stored = {"repositories": [{"url": where, "username": "ann", "password": "secret"}]}
        (tmp_path / "helm" / "repositories.yaml").write_text(json.dumps(stored))
        assert await get(where) == PACKED
        assert server.seen[0][2].startswith("Basic ")
        assert other.seen == [("GET", "/web-1.2.3.tgz", "")]


def registry_login(tmp_path, server: Server, *, folder: str, **entry: str) -> None:
    host = server.url.removeprefix("http://")
    path = tmp_path / folder / "config.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"auths": {host: entry}}))


@pytest.mark.parametrize("bearer", [False, True], ids=["password at every request", "token of a login"])
@pytest.mark.parametrize("folder", ["helm/registry", "docker"])
async def test_a_registry_gets_the_login_of_helm_or_docker(server, get, tmp_path, bearer, folder):
    server.login, server.bearer = "ann:secret", bearer
    server.put_chart(PACKED)
    with pytest.raises(RoadsteadError, match="no right to read"):
        await get(oci(server))
    registry_login(tmp_path, server, folder=folder, auth=base64.b64encode(b"ann:secret").decode())
    assert await get(oci(server)) == PACKED


async def test_a_registry_may_send_elsewhere_for_content_and_no_login_goes_there(server, get, tmp_path):
    server.login, server.bearer = "ann:secret", True
    server.put_chart(PACKED)
    registry_login(tmp_path, server, folder="docker", auth=base64.b64encode(b"ann:secret").decode())
    async with serving(Server()) as other:
        other.pages["/bucket/1"] = (200, PACKED)
        server.elsewhere = {path: f"{other.url}/bucket/1" for path in server.pages if "/blobs/" in path}
        assert await get(oci(server)) == PACKED
        assert other.seen == [("GET", "/bucket/1", "")]


async def test_a_registry_gets_a_token_for_an_identity_token(server, get, tmp_path):
    server.login, server.bearer, server.identity_token = "ann:secret", True, "long-lived"
    server.put_chart(PACKED)
    registry_login(tmp_path, server, folder="docker", identitytoken="long-lived")
    assert await get(oci(server)) == PACKED


async def test_a_helper_of_the_machine_tells_the_login(server, get, tmp_path, monkeypatch):
    server.login = "ann:secret"
    server.put_chart(PACKED)
    program = tmp_path / "bin" / "docker-credential-mine"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\nread host\n[ "$1" = get ] && echo \'{"Username": "ann", "Secret": "secret"}\'\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    host = server.url.removeprefix("http://")
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "config.json").write_text(json.dumps({"credHelpers": {host: "mine"}}))
    assert await get(oci(server)) == PACKED


async def test_what_is_in_the_registry_but_no_chart_is_refused(server, get):
    server.pages["/v2/charts/web/manifests/1.2.3"] = (200, b'{"layers": [{"mediaType": "image/tar"}]}')
    with pytest.raises(RoadsteadError, match=r"1\.2\.3 is no Helm chart"):
        await get(oci(server))
    server.pages["/v2/charts/web/manifests/1.2.3"] = (200, b"<html>")
    with pytest.raises(RoadsteadError, match="no manifest"):
        await get(oci(server))


async def test_secrets_in_an_address_are_not_told(server, get):
    with pytest.raises(RoadsteadError) as caught:
        await get("http://ann:secret@127.0.0.1:1/stable?token=secret")
    assert "secret" not in str(caught.value)
