"""The auth provider `oidc`, with an identity provider on loopback that gives each refresh token one use."""

import base64
import json
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from roadstead.language import yaml
from roadstead.model import reasons
from roadstead.model.errors import RoadsteadError
from roadstead.world.kube import credentials, kubeconfig, oidc
from roadstead.world.kube.access import Access
from tests.world.kube.kubeconfigs import write
from tests.world.kube.serving import Server, answer, serving


def jwt(name: str, *, seconds: float = 3600) -> str:
    claims = json.dumps({"sub": name, "exp": int(time.time() + seconds)}).encode()
    return f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.sig"


@asynccontextmanager
async def issuing(*, secret_in: str = "header", token: str = "", discovery: int = 200):
    """Takes refresh-1, gives refresh-2, and so on."""
    next_token = 1

    async def handle(request: web.BaseRequest) -> web.Response:
        nonlocal next_token
        if request.path == "/.well-known/openid-configuration":
            return answer({"token_endpoint": f"{server.url}/token"}, discovery)
        form = dict(part.split("=", 1) for part in (await request.text()).split("&"))
        shown = "header" if "Authorization" in request.headers else "form" if "client_secret" in form else ""
        if shown != secret_in:
            return answer({"error": "invalid_client"}, 401)
        if form["refresh_token"] != f"refresh-{next_token}":
            return answer({"error": "invalid_grant", "error_description": "SECRET"}, 400)
        next_token += 1
        return answer(
            {"id_token": token or jwt(f"new {next_token}"), "refresh_token": f"refresh-{next_token}"}
        )

    async with serving(handle) as server:
        yield server


def access(path: Path, server: Server, **config: str) -> Access:
    authority = base64.b64encode(server.authority.certificate).decode()
    config = {
        "idp-issuer-url": server.url + "/",
        "client-id": "kubectl",
        "client-secret": "s",
        "id-token": jwt("old", seconds=-60),
        "refresh-token": "refresh-1",
        "idp-certificate-authority-data": authority,
    } | config
    write(path, user={"auth-provider": {"name": "oidc", "config": config}})
    path.write_text("# mine\n" + path.read_text())
    return kubeconfig.load([path]).access("one")


async def token(found: Access) -> str:
    return (await credentials.of(found.login).current(deadline=60)).headers["Authorization"]


async def failure(found: Access) -> RoadsteadError:
    with pytest.raises(RoadsteadError) as caught:
        await token(found)
    assert "SECRET" not in str(caught.value)
    assert "refresh-1" not in str(caught.value)
    return caught.value


def saved(path: Path) -> dict[str, str]:
    return yaml.load_all(path.read_bytes())[0]["users"][0]["user"]["auth-provider"]["config"]


async def test_a_token_that_lasts_is_used_as_it_is(tmp_path):
    lasting = jwt("old")
    async with issuing() as server:
        found = access(tmp_path / "config", server, **{"id-token": lasting})
        assert await token(found) == f"Bearer {lasting}"
    assert not server.seen


@pytest.mark.parametrize("secret_in", ["header", "form"])
async def test_a_token_that_ended_is_refreshed_and_saved(tmp_path, secret_in):
    path = tmp_path / "config"
    async with issuing(secret_in=secret_in) as server:
        found = access(path, server)
        path.chmod(0o600)
        new = (await token(found)).removeprefix("Bearer ")
    assert oidc.ends(new) > time.time()
    assert (saved(path)["id-token"], saved(path)["refresh-token"]) == (new, "refresh-2")
    assert path.read_text().startswith("# mine\n")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["config"]


async def test_a_refused_token_is_refreshed_with_the_newest_refresh_token(tmp_path):
    async with issuing() as server:
        found = credentials.of(access(tmp_path / "config", server).login)
        first = await found.current(deadline=60)
        assert await found.refresh(first, deadline=60)
    assert saved(tmp_path / "config")["refresh-token"] == "refresh-3"


async def test_all_clients_of_a_user_share_one_refresh(tmp_path):
    async with issuing() as server:
        found = access(tmp_path / "config", server)
        one, two = credentials.of(found.login), credentials.of(replace(found, server="https://other").login)
        assert (await one.current(deadline=60)) is (await two.current(deadline=60))


async def test_without_a_refresh_token_a_person_must_log_in(tmp_path):
    async with issuing() as server:
        error = await failure(access(tmp_path / "config", server, **{"refresh-token": ""}))
    assert error.problem.reason is reasons.UNAUTHORIZED
    assert error.problem.cause == "user one: the ID token has ended, and there is no refresh-token"


async def test_a_provider_that_refuses_is_quoted_by_its_error_code(tmp_path):
    async with issuing() as server:
        error = await failure(access(tmp_path / "config", server, **{"refresh-token": "used"}))
    assert error.problem.cause.endswith("refused to refresh the token: HTTP 400 invalid_grant")


@pytest.mark.parametrize(
    "provider",
    [
        pytest.param({"discovery": 500}, id="no discovery document"),
        pytest.param({"token": "no.jwt"}, id="a token that is none"),
        pytest.param({"token": jwt("old", seconds=-1)}, id="a token that has ended already"),
    ],
)
async def test_a_provider_out_of_order_is_told(tmp_path, provider):
    async with issuing(**provider) as server:
        error = await failure(access(tmp_path / "config", server))
    assert error.problem.reason is reasons.UNAUTHORIZED
    assert server.url in error.problem.cause


async def test_a_provider_that_is_not_there_is_told(tmp_path):
    async with issuing() as server:
        found = access(tmp_path / "config", server)
    assert "did not refresh the token" in (await failure(found)).problem.cause


async def test_tokens_that_cannot_be_saved_are_told_since_the_old_ones_are_used_up(tmp_path):
    (tmp_path / "config.lock").touch()
    async with issuing() as server:
        error = await failure(access(tmp_path / "config", server))
    assert error.problem.reason is reasons.KUBECONFIG_INVALID
    assert "cannot be saved" in error.problem.cause
    assert ".lock" in error.problem.hint
