"""What a connection may do to us: TLS, proxies, silence, closed connections, credentials that end."""

import asyncio
import gzip
import json
import time
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiohttp import web

from roadstead.model import reasons
from roadstead.model.errors import RoadsteadError, StalledError, TransientError
from roadstead.model.facts import ApiResource
from roadstead.world.kube import client, write
from roadstead.world.kube.access import Access, Impersonation, Login, Trust
from roadstead.world.kube.client import Limits
from tests.controlplane.authority import Authority
from tests.world.kube.serving import always, answer, handshaking, hang, login, refusal, serving

QUICK = Limits(deadline=0.3, connect=0.3)
VERSION = {"gitVersion": "v1.37.2-distribution.7"}


def version_of(server_answer=VERSION):
    return always(lambda: answer(server_answer))


@asynccontextmanager
async def raw_server(text: bytes):
    """Answers whatever comes with `text`, or not at all."""

    class Protocol(asyncio.Protocol):
        def connection_made(self, transport):
            self.transport = transport
            connections.append(transport)

        def data_received(self, data):
            if text:
                self.transport.write(text)
                self.transport.close()

    connections: list[asyncio.Transport] = []
    listening = await asyncio.get_running_loop().create_server(Protocol, "127.0.0.1", 0)
    try:
        yield f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()
        for connection in connections:
            connection.abort()
        await asyncio.sleep(0)


async def failure(access_or_client) -> RoadsteadError:
    async with access_or_client as one:
        with pytest.raises(RoadsteadError) as caught:
            await one.version()
    return caught.value


async def test_a_server_that_our_authority_signed_is_believed():
    async with serving(version_of()) as server, server.client() as one:
        assert await one.version() == "1.37.2"


async def test_a_server_of_another_authority_is_refused():
    async with serving(version_of()) as server:
        error = await failure(server.client(trust=Trust(Authority("other").certificate)))
    assert isinstance(error, StalledError)
    assert error.problem.reason is reasons.CERTIFICATE_INVALID
    assert server.url in error.problem.cause
    assert "certificate-authority" in error.problem.hint


async def test_insecure_believes_anybody():
    async with serving(version_of()) as server, server.client(trust=Trust(insecure=True)) as one:
        assert await one.version() == "1.37.2"


async def test_an_expired_server_certificate_says_that_it_expired():
    authority = Authority("test")
    expired = authority.server(lifetime=timedelta(hours=-1))
    async with serving(version_of(), pair=expired, authority=authority) as server:
        error = await failure(server.client())
    assert error.problem.reason is reasons.CERTIFICATE_INVALID
    assert "expired" in error.problem.cause
    assert error.problem.hint == "renew the server's certificate"


async def test_a_certificate_for_another_name_is_refused_and_tls_server_name_helps():
    authority = Authority("test")
    pair = authority.server("kube.example")
    async with serving(version_of(), pair=pair, authority=authority) as server:
        wrong = server.client(trust=Trust(authority.certificate, server_name="other.example"))
        error = await failure(wrong)
        assert error.problem.reason is reasons.CERTIFICATE_INVALID
        assert "tls-server-name" in error.problem.hint
        right = server.client(trust=Trust(authority.certificate, server_name="kube.example"))
        async with right as one:
            assert await one.version() == "1.37.2"


async def test_a_client_certificate_is_shown():
    clients = Authority("clients")
    ours = login(clients.client("admin"))
    async with serving(version_of(), clients=clients) as server, server.client(login=ours) as one:
        assert await one.version() == "1.37.2"


@pytest.mark.parametrize(
    ("lifetime", "issuer", "words"),
    [
        pytest.param(timedelta(hours=-1), "clients", "certificate expired", id="an expired certificate"),
        pytest.param(timedelta(hours=1), "others", "unknown ca", id="a certificate of another authority"),
    ],
)
async def test_a_client_certificate_that_the_server_refuses_is_told_as_ours(lifetime, issuer, words):
    authority, issuers = Authority("test"), {"clients": Authority("clients"), "others": Authority("others")}
    pair = issuers[issuer].client("admin", lifetime=lifetime)
    with handshaking(authority.server(), issuers["clients"]) as url:
        access = Access(url, trust=Trust(authority.certificate), login=login(pair))
        error = await failure(client.connect(access, cluster="c1"))
    assert error.problem.reason is reasons.CERTIFICATE_INVALID
    assert error.problem.cause == f"{url}: the server refuses our certificate: {words}"
    assert error.problem.hint == "renew the client certificate"


async def test_a_port_that_speaks_no_tls_says_so():
    async with raw_server(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request\n") as url:
        error = await failure(client.connect(Access(url), cluster="c1"))
    assert error.problem.reason is reasons.UNREACHABLE
    assert "no TLS is spoken there" in error.problem.cause


async def test_nobody_listens():
    async with serving(version_of()) as server:
        pass
    error = await failure(server.client())
    assert isinstance(error, TransientError)
    assert str(error) == f"c1: get /version failed (Unreachable): {server.url}: connection refused"


async def test_a_name_that_does_not_resolve():
    error = await failure(client.connect(Access("https://cluster.invalid:6443"), cluster="c1"))
    assert error.problem.reason is reasons.UNREACHABLE
    assert error.problem.cause == "https://cluster.invalid:6443: the name does not resolve"


async def test_a_server_that_hangs_costs_its_deadline_and_no_more(ahead):
    async def hanging(request):
        ahead(60)
        return await hang(request)

    async with serving(hanging) as server:
        error = await failure(server.client(limits=Limits(deadline=50.0)))
    assert error.problem.cause == f"{server.url}: no answer within 50 s"


async def test_a_server_that_accepts_and_never_shakes_hands_costs_its_deadline():
    async with raw_server(b"") as url:
        error = await failure(client.connect(Access(url), cluster="c1", limits=QUICK))
    assert error.problem.reason is reasons.UNREACHABLE
    assert "within 0.3 s" in error.problem.cause


async def test_a_server_that_stops_in_the_middle_of_an_answer():
    async def half(request):
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"gitVersion"')
        request.transport.abort()
        return response

    async with serving(half) as server:
        error = await failure(server.client())
    assert error.problem.reason is reasons.UNREACHABLE


@pytest.mark.parametrize(
    ("response", "reason", "words"),
    [
        pytest.param(
            lambda: web.Response(text="<html>please log in</html>", content_type="text/html"),
            reasons.UNREACHABLE,
            "not as an API server does",
            id="a page instead of JSON",
        ),
        pytest.param(
            lambda: answer([1, 2]), reasons.UNREACHABLE, "it gives no object", id="JSON that is no object"
        ),
        pytest.param(
            lambda: web.Response(status=302, headers={"Location": "https://login.example/"}),
            reasons.UNREACHABLE,
            "HTTP 302",
            id="a redirection to a login page",
        ),
        pytest.param(
            lambda: web.Response(status=503, text="<html>no upstream</html>"),
            reasons.SERVER_ERROR,
            "HTTP 503: an HTML page",
            id="a load balancer without a server behind it",
        ),
        pytest.param(
            lambda: web.Response(status=429, text="slow down", headers={"Retry-After": "60"}),
            reasons.THROTTLED,
            "slow down",
            id="a gateway that throttles",
        ),
    ],
)
async def test_something_else_answers_than_an_api_server(response, reason, words):
    async with serving(always(response)) as server:
        error = await failure(server.client(limits=Limits(deadline=20.0)))  # less than it is asked to wait
    assert error.problem.reason is reason
    assert words in error.problem.cause


async def test_retry_after_is_told_in_seconds():
    def response():
        return refusal(429, "TooManyRequests", "the server has asked to wait", retryAfterSeconds=60)

    async with serving(always(response)) as server:
        error = await failure(server.client(limits=Limits(deadline=20.0)))
    assert len(server.seen) == 1
    assert (error.problem.reason, error.problem.retry_after) == (reasons.THROTTLED, 60.0)


async def test_a_read_that_the_server_fails_is_tried_again_for_a_moment():
    async with serving(always(lambda: refusal(500, "InternalError", "no"))) as server:
        await failure(server.client())
    assert len(server.seen) == 3


async def test_a_read_that_is_asked_to_wait_is_sent_again_when_the_server_said():
    refusals = [refusal(429, "TooManyRequests", "later", retryAfterSeconds=1)]
    serve = always(lambda: refusals.pop() if refusals else answer(VERSION))
    async with serving(serve) as server, server.client() as one:
        begun = time.monotonic()
        assert await one.version() == "1.37.2"
    assert time.monotonic() - begun >= 1.0


async def test_a_write_is_never_tried_twice():
    async with serving(always(lambda: refusal(500, "InternalError", "no"))) as server, server.client() as one:
        maps = ApiResource("", "v1", "ConfigMap", "configmaps", namespaced=True)
        with pytest.raises(TransientError):
            await write.Writer(one).apply(maps, "shop", "a", b"{}", force=True)
    assert len(server.seen) == 1


async def test_compressed_answers_are_read_and_compression_can_be_refused():
    async def compressed(request):
        assert request.headers["Accept-Encoding"] in ("gzip", "identity")
        if request.headers["Accept-Encoding"] == "identity":
            return answer(VERSION)
        body = gzip.compress(json.dumps(VERSION).encode())
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    async with serving(compressed) as server:
        for compression in (True, False):
            async with server.client(compression=compression) as one:
                assert await one.version() == "1.37.2"
    assert [headers["Accept-Encoding"] for _, _, headers in server.seen] == ["gzip", "identity"]


async def test_a_kept_connection_that_the_server_closed_meanwhile_is_replaced():
    async with serving(version_of(), keepalive=0.05) as server, server.client() as one:
        await one.version()
        await asyncio.sleep(0.2)
        assert await one.version() == "1.37.2"


async def test_requests_beyond_the_connections_wait_without_losing_their_deadline(ahead):
    under_way = most = 0
    both, go = asyncio.Event(), asyncio.Event()

    async def slow(request):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == 2:
            both.set()
        await go.wait()
        under_way -= 1
        return answer(VERSION)

    limits = Limits(connections=2, deadline=50.0)
    async with serving(slow) as server, server.client(limits=limits) as one, asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(one.version(deadline=600.0))
        await both.wait()
        for _ in range(14):
            group.create_task(one.version())
        await asyncio.sleep(0)
        ahead(60)
        await asyncio.sleep(0.05)  # in which what is over ends
        go.set()
    assert most == 2


async def test_every_request_says_who_we_are_and_for_whom_we_act():
    who = Impersonation("bob", "7", ("g1", "g2"), (("example.com/team", "a"), ("example.com/team", "b")))
    access = {"impersonation": who, "login": Login(token="t")}
    async with serving(version_of()) as server, server.client(**access) as one:
        await one.version()
    ((_, _, headers),) = server.seen
    assert headers["User-Agent"].startswith("roadstead/")
    assert headers["Authorization"] == "Bearer t"
    assert headers["Impersonate-User"] == "bob"
    assert headers["Impersonate-Uid"] == "7"
    assert headers["Impersonate-Extra-example.com%2Fteam"] in ("a", "b")


async def test_a_token_with_a_line_break_is_refused_before_it_is_sent():
    async with serving(version_of()) as server:
        with pytest.raises(StalledError) as caught:
            server.client(login=Login(token="two\nlines"))
    assert caught.value.problem.reason is reasons.UNAUTHORIZED
    assert "two" not in str(caught.value)
    assert not server.seen


async def test_requests_are_counted_by_verb_and_resource():
    async with serving(version_of()) as server, server.client() as one:
        await one.version()
        await one.version()
        assert one.requests == {("get", ""): 2}
