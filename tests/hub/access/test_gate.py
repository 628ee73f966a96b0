"""What stands before every route: hosts, sizes, headers, errors in one form."""

import io
import json

import aiohttp
import pytest
import pytest_asyncio

from tests.hub import hubs

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(tmp_path_factory):
    async with hubs.serving(tmp_path_factory.mktemp("hub")) as one:
        yield one


async def test_another_name_than_ours_is_not_answered_but_probes_are(hub):
    status, said = await hub.ask("GET", "/api/v1/me", Host="evil.example", **hubs.bearer())
    assert (status, json.loads(said)["reason"]) == (400, "BadArgument")
    assert (await hub.ask("GET", "/api/v1/me", Host="localhost:1", **hubs.bearer()))[0] == 200
    assert (await hub.ask("GET", "/readyz", Host="10.0.0.7:8420"))[0] == 200


async def test_every_answer_tells_browsers_to_be_careful(hub):
    for path, expected in (("/api/v1/me", 401), ("/healthz", 200), ("/auth/methods", 200), ("/auth/no", 404)):
        async with hub.session.get(hub.address + path) as answer:
            assert answer.status == expected
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
            assert "Server" not in answer.headers
            assert "Strict-Transport-Security" not in answer.headers, "there is no TLS here"


async def test_what_is_not_there_is_told_in_the_one_form_of_errors(hub):
    for method, path, expected in (("GET", "/api/v1/nothing", 404), ("POST", "/api/v1/me", 405)):
        url, headers = hub.address + path, hubs.bearer()
        async with hub.session.request(method, url, headers=headers) as answer:
            assert answer.status == expected
            assert answer.content_type == "application/problem+json"
            assert (await answer.json(content_type=None))["hint"]
    assert (await hub.ask("GET", "/api/v1/nothing"))[0] == 401, "nobody learns what there is without a login"


async def test_a_request_is_not_read_beyond_its_limit(hub):
    large = b"x" * (1 << 20)

    async def parts():
        for _ in range(3):
            yield large

    status, said = await hub.ask("POST", "/auth/token", body=io.BytesIO(large + b"x"))
    assert (status, json.loads(said)["reason"]) == (413, "RequestTooLarge")
    try:
        async with hub.session.post(f"{hub.address}/auth/token", data=parts()) as answer:
            assert answer.status == 413
    except aiohttp.ClientConnectionError:
        pass  # it stopped reading before we stopped sending
