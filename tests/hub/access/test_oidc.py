"""Logins by OpenID Connect against a provider that runs: browsers, machines, the command line, and forgers."""

import json
import time
from urllib.parse import parse_qs, urlsplit

import aiohttp
import jwt
import pytest
import pytest_asyncio
from msgspec.structs import replace

from roadstead.hub.access import login
from roadstead.hub.access.attempts import Attempts
from roadstead.hub.access.oidc import Oidc
from tests.hub import hubs
from tests.hub.access import provider as providers

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def provider():
    with providers.running() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory, provider):
    folder = tmp_path_factory.mktemp("hub")
    async with hubs.serving(folder) as hub:
        (folder / "client").write_text("the client's secret\n")
        oidc = {
            "issuer": provider.issuer,
            "clientId": "roadstead",
            "clientSecretFile": str(folder / "client"),
            "url": hub.address,
            "audiences": ["ci"],
        }
        rules = hubs.access(oidc=oidc)
        rules["grants"] += [
            {"role": "viewer", "people": ["ann@shop.example"]},
            {"role": "operator", "groups": ["sre"]},
        ]
        hub.access.write_text(json.dumps(rules))
        hub.provider = provider
        yield hub


@pytest_asyncio.fixture(loop_scope="module")
async def hub(served):
    """That knows of no failed login, with the `provider` and a `browser` without cookies."""
    served.identity.attempts = Attempts(time.monotonic)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        served.browser = browser
        yield served


async def go(browser, url):
    """Where a browser is sent, or what it is shown."""
    async with browser.get(url, allow_redirects=False) as answer:
        if answer.status == 303:
            return answer.headers["Location"]
        return answer.status, await answer.text()


async def log_in(hub, who="ann", path="/auth/login?next=/clusters"):
    there = await go(hub.browser, hub.address + path)
    back = await hub.provider.log_in(there, who)
    return await go(hub.browser, back)


async def me(hub, **headers):
    async with hub.browser.get(f"{hub.address}/api/v1/me", headers=headers) as answer:
        return answer.status, json.loads(await answer.text())


def cookie(hub, name="roadstead"):
    return next(one for one in hub.browser.cookie_jar if one.key == name)


async def test_a_browser_logs_in_has_its_roles_and_writes_only_with_its_token(hub):
    assert await log_in(hub) == "/clusters"
    status, said = await me(hub)
    assert (status, said["name"]) == (200, "ann@shop.example")
    assert {one["role"] for one in said["grants"]} == {"viewer", "operator"}
    kept = cookie(hub)
    assert (kept["httponly"], kept["samesite"], kept["path"]) == (True, "lax", "/")
    logout = f"{hub.address}/api/v1/logout"
    for headers in ({}, {"X-CSRF-Token": "wrong"}, {"X-CSRF-Token": said["csrf"], "Origin": "http://evil"}):
        async with hub.browser.post(logout, headers=headers) as answer:
            assert (answer.status, (await answer.json(content_type=None))["reason"]) == (403, "ForgedRequest")
    stolen = kept.value
    async with hub.browser.post(logout, headers={"X-CSRF-Token": said["csrf"]}) as answer:
        assert answer.status == 204
    assert (await hub.ask("GET", "/api/v1/me", Cookie=f"roadstead={stolen}"))[0] == 401
    assert (await hub.ask("GET", "/api/v1/me", Authorization=f"Bearer {stolen}"))[0] == 401
    records = (await hub.serving.store.records.page()).items
    told = [(one.record.actor, one.record.message) for one in records if one.record.kind == "access"]
    assert ("ann@shop.example", "login from 127.0.0.1") in told


async def test_a_login_counts_only_in_the_browser_that_began_it(hub):
    there = await go(hub.browser, f"{hub.address}/auth/login?next=//evil.example")
    back = await hub.provider.log_in(there)
    status, said = await hub.ask("GET", back.removeprefix(hub.address))
    assert (status, json.loads(said)["reason"]) == (400, "LoginFailed")
    assert await go(hub.browser, back) == "/", "never to another site"
    assert (await go(hub.browser, back))[0] == 400, "a login that has ended is no more"
    assert (await go(hub.browser, f"{hub.address}/auth/callback?state=made-up&code=x"))[0] == 400


async def test_a_provider_that_is_silent_is_no_failed_login(hub, monkeypatch):
    silent = replace(hub.identity.rules.provider, issuer="http://127.0.0.1:9")
    monkeypatch.setattr(hub.identity, "_provider", Oidc(silent))
    monkeypatch.setattr(hub.identity.file, "_rules", replace(hub.identity.rules, provider=silent))
    token = {"Authorization": f"Bearer {await hub.provider.sign(**claims(hub))}"}
    for _ in range(12):
        status, said = await me(hub, **token)
        assert (status, said["reason"]) == (503, "LoginProviderSilent")


async def test_an_address_that_the_provider_has_not_verified_is_nobody(hub):
    status, said = await log_in(hub, "eve")
    assert status == 401
    assert "has not verified" in said


async def test_the_code_of_one_login_is_worth_nothing_in_another(hub):
    first = await hub.provider.log_in(await go(hub.browser, f"{hub.address}/auth/login"))
    second = await go(hub.browser, f"{hub.address}/auth/login")
    state = parse_qs(urlsplit(second).query)["state"][0]
    code = parse_qs(urlsplit(first).query)["code"][0]
    status, said = await go(hub.browser, f"{hub.address}/auth/callback?state={state}&code={code}")
    assert (status, json.loads(said)["cause"]) == (
        400,
        f"{hub.provider.issuer} gave no ID token: invalid_grant",
    )


async def test_the_command_line_gets_a_session_for_who_knows_its_verifier(hub):
    verifier = "v" * 43
    path = f"/auth/login?port=4711&state=mine&challenge={login.challenge(verifier)}"
    where = urlsplit(await log_in(hub, path=path))
    assert (where.netloc, parse_qs(where.query)["state"]) == ("127.0.0.1:4711", ["mine"])
    code = parse_qs(where.query)["code"][0]

    async def token(**asked):
        async with hub.session.post(f"{hub.address}/auth/token", json=asked) as answer:
            return answer.status, await answer.json(content_type=None)

    assert (await token(code=code, verifier="w" * 43))[0] == 400
    assert (await token(code=code, verifier=verifier))[0] == 400, "a code is good for one try"
    shown = await log_in(hub, path=f"/auth/login?challenge={login.challenge(verifier)}")
    code = shown[1].partition("<pre>")[2].partition("</pre>")[0]
    status, said = await token(code=code, verifier=verifier)
    assert (status, said["name"]) == (200, "ann@shop.example")
    bearer = {"Authorization": f"Bearer {said['token']}"}
    assert json.loads((await hub.ask("GET", "/api/v1/me", **bearer))[1])["name"] == "ann@shop.example"
    assert (await hub.ask("GET", "/api/v1/me", Cookie=f"roadstead={said['token']}"))[0] == 401


def claims(hub, **more):
    now = int(time.time())
    told = {"iss": hub.provider.issuer, "aud": "roadstead", "sub": "1", "iat": now, "exp": now + 300}
    return told | {"email": "ann@shop.example", "email_verified": True} | more


async def test_id_tokens_of_machines_count_if_everything_in_them_is_right(hub):
    async def ask(**more):
        status, said = await me(hub, Authorization=f"Bearer {await hub.provider.sign(**claims(hub, **more))}")
        return status, said.get("cause", "")

    assert (await ask())[0] == 200
    assert (await ask(aud="ci"))[0] == 200, "a second audience that is trusted"
    for more, expected in (
        ({"aud": "another"}, "audience doesn't match"),
        ({"aud": ["roadstead", "other"], "azp": "other"}, "another client"),
        ({"iss": "https://evil.example"}, "invalid issuer"),
        ({"exp": 1000}, "signature has expired"),
        ({"email": None}, "names nobody"),
        ({"email": "token:admin"}, "as tokens are named"),
        ({"groups": 7}, "is no list"),
    ):
        status, cause = await ask(**more)
        assert status == 401, more
        assert expected in cause


async def test_forged_tokens_do_not_count(hub):
    key = "a secret that is long enough for what it is"
    for forged in (
        jwt.encode(claims(hub), None, "none"),
        jwt.encode(claims(hub), key, "HS256"),
        jwt.encode(claims(hub) | {"jti": "x", "groups": []}, key, "HS256", headers={"typ": "roadstead+jwt"}),
    ):
        assert (await me(hub, Authorization=f"Bearer {forged}"))[0] == 401


async def test_keys_that_the_provider_changes_are_read_anew_but_not_at_every_whim(hub, monkeypatch):
    bearer = {"Authorization": f"Bearer {await hub.provider.sign(**claims(hub))}"}
    assert (await me(hub, **bearer))[0] == 200
    await hub.provider.rotate()
    fresh = {"Authorization": f"Bearer {await hub.provider.sign(**claims(hub))}"}
    assert (await me(hub, **fresh))[0] == 401, "not asked again within ten seconds"
    hub.identity.provider()._asked -= 10
    assert (await me(hub, **fresh))[0] == 200
    assert (await me(hub, **bearer))[0] == 401, "a key that was withdrawn"
