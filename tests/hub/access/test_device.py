"""The login for machines without a browser, against a provider that runs."""

import json

import aiohttp
import pytest
import pytest_asyncio

from roadstead.hub.access import login
from tests.hub import hubs
from tests.hub.access import provider as providers

pytestmark = pytest.mark.asyncio(loop_scope="module")
VERIFIER = "v" * 64


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hub")
    with providers.running() as provider:
        async with hubs.serving(folder) as made:
            oidc = {"issuer": provider.issuer, "clientId": "roadstead", "url": made.address}
            rules = hubs.access(oidc=oidc)
            rules["grants"].append({"role": "operator", "groups": ["sre"]})
            made.access.write_text(json.dumps(rules))
            made.provider = provider
            yield made


async def post(hub, path, **asked):
    async with aiohttp.request("POST", f"{hub.address}{path}", json=asked) as answer:
        return answer.status, await answer.json(content_type=None)


async def begin(hub):
    status, begun = await post(hub, "/auth/device", challenge=login.challenge(VERIFIER))
    assert (status, begun["address"]) == (200, f"{hub.provider.issuer}/device")
    return begun


async def ask(hub, begun, verifier=VERIFIER):
    return await post(hub, "/auth/device/token", handle=begun["handle"], verifier=verifier)


async def test_who_types_the_code_is_logged_in_where_it_was_shown_and_nowhere_else(hub):
    begun = await begin(hub)
    assert (await ask(hub, begun)) == (202, {"pending": True})
    await hub.provider.agree(begun["userCode"])
    status, told = await ask(hub, begun, "w" * 64)
    assert (status, told["reason"]) == (400, "LoginFailed")
    status, found = await ask(hub, begun)
    assert (status, found["name"]) == (200, "ann@shop.example")
    status, me = await hub.ask("GET", "/api/v1/me", Authorization=f"Bearer {found['token']}")
    assert (status, json.loads(me)["grants"][0]["role"]) == (200, "operator")
    said = [one.record for one in (await hub.serving.store.records.page()).items]
    assert [one.actor for one in said if one.message.startswith("login from")] == ["ann@shop.example"]


@pytest.mark.parametrize(
    ("who", "cause"),
    [("nobody", "gave no ID token: access_denied"), ("eve", "the provider has not verified the address")],
)
async def test_who_is_refused_or_not_known_is_not_logged_in(hub, who, cause):
    begun = await begin(hub)
    await hub.provider.agree(begun["userCode"], who)
    status, told = await ask(hub, begun)
    assert status in (400, 401) and cause in told["cause"], told


async def test_what_the_hub_did_not_seal_is_no_login(hub):
    for handle in ("", "x.y.z"):
        assert (await post(hub, "/auth/device/token", handle=handle, verifier=VERIFIER))[0] == 400
    assert (await post(hub, "/auth/device", challenge="short"))[0] == 400
