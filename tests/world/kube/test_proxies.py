"""Which proxy is taken, and real requests through one."""

import asyncio
import base64
from contextlib import asynccontextmanager

import pytest

from roadstead.model import reasons
from roadstead.model.errors import UsageError
from roadstead.world.kube import client, proxies
from roadstead.world.kube.access import Access, Trust
from tests.controlplane.authority import Authority
from tests.world.kube.serving import always, answer, context, serving

VERSION = always(lambda: answer({"gitVersion": "v1.37.2"}))
SERVER = "https://kube.example:6443"


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


def test_the_kubeconfigs_proxy_wins_over_the_environments(environment):
    environment.setenv("HTTPS_PROXY", "http://from.environment:1")
    assert proxies.choose(Access(SERVER, proxy="http://from.file:2")) == "http://from.file:2"
    assert proxies.choose(Access(SERVER)) == "http://from.environment:1"


@pytest.mark.parametrize(
    ("server", "exempt", "through"),
    [
        pytest.param(SERVER, "", True, id="nothing is exempt"),
        pytest.param(SERVER, "*", False, id="all are exempt"),
        pytest.param(SERVER, "other.example, kube.example", False, id="the name is listed"),
        pytest.param(SERVER, "example", False, id="a domain covers its subdomains"),
        pytest.param(SERVER, ".example", False, id="a domain with a dot covers its subdomains"),
        pytest.param("https://example", ".example", True, id="a domain with a dot does not cover itself"),
        pytest.param(SERVER, "be.example", True, id="the end of a name is no subdomain"),
        pytest.param(SERVER, "KUBE.example", False, id="letter case does not count"),
        pytest.param(SERVER, "kube.example:6443", False, id="name and port"),
        pytest.param(SERVER, "kube.example:443", True, id="name and another port"),
        pytest.param("https://10.1.2.3:6443", "10.0.0.0/8", False, id="an address in a range"),
        pytest.param("https://11.1.2.3:6443", "10.0.0.0/8", True, id="an address outside of a range"),
        pytest.param("https://10.1.2.3:6443", "10.1.2.3", False, id="an address"),
        pytest.param("https://[fd00::1]:6443", "fd00::/8", False, id="an IPv6 address in a range"),
        pytest.param("https://[fd00::1]:6443", "fd00::1", False, id="an IPv6 address"),
        pytest.param("https://127.0.0.1:6443", "", False, id="this machine by address"),
        pytest.param("https://localhost:6443", "", False, id="this machine by name"),
    ],
)
def test_no_proxy_is_read_as_kubectl_reads_it(environment, server, exempt, through):
    environment.setenv("HTTPS_PROXY", "proxy.example:3128")
    environment.setenv("NO_PROXY", exempt)
    assert proxies.choose(Access(server)) == ("http://proxy.example:3128" if through else "")


@pytest.mark.parametrize("proxy", ["socks4://127.0.0.1:1080", "127.0.0.1:3128", "ftp://proxy"])
def test_proxies_that_are_not_spoken_are_refused_by_name(proxy):
    with pytest.raises(UsageError) as caught:
        client.connect(Access(SERVER, proxy=proxy), cluster="c1")
    assert caught.value.problem.reason is reasons.KUBECONFIG_INVALID
    assert "proxy-url" in caught.value.problem.cause


@asynccontextmanager
async def proxying(status: bytes = b"200 Connection established", *, secure=None):
    """A CONNECT proxy; yields its port and the heads of the requests it got."""
    heads: list[str] = []

    async def serve(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        heads.append(head)
        writer.write(b"HTTP/1.1 " + status + b"\r\n\r\n")
        if status.startswith(b"200"):
            host, port = head.split()[1].split(":")
            there_reader, there_writer = await asyncio.open_connection(host, int(port))
            async with asyncio.TaskGroup() as group:
                group.create_task(pump(reader, there_writer))
                group.create_task(pump(there_reader, writer))
        writer.close()

    async def pump(source, target):
        try:
            while data := await source.read(65536):
                target.write(data)
        except ConnectionError:
            pass
        target.close()

    tasks = []

    def accept(reader, writer):
        tasks.append(asyncio.ensure_future(serve(reader, writer)))

    listening = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=secure)
    try:
        yield listening.sockets[0].getsockname()[1], heads
    finally:
        listening.close()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)


async def test_a_request_goes_through_the_proxy_with_its_password():
    async with serving(VERSION) as server, proxying() as (port, heads):
        async with server.client(proxy=f"http://me:secret@127.0.0.1:{port}") as one:
            assert await one.version() == "1.37.2"
        assert heads[0].startswith(f"CONNECT 127.0.0.1:{server.port} ")
        assert base64.b64encode(b"me:secret").decode() in heads[0]


async def test_a_proxy_may_speak_tls_itself():
    authority = Authority("test")
    secure = context(authority.server())
    async with serving(VERSION, authority=authority) as server, proxying(secure=secure) as (port, heads):
        async with server.client(proxy=f"https://127.0.0.1:{port}") as one:
            assert await one.version() == "1.37.2"
        assert len(heads) == 1


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        pytest.param(b"407 Proxy Authentication Required", "credentials", id="the proxy wants a login"),
        pytest.param(b"403 Forbidden", "may connect there", id="the proxy forbids it"),
        pytest.param(b"502 Bad Gateway", "may connect there", id="the proxy finds no way"),
    ],
)
async def test_a_proxys_refusal_is_not_taken_for_the_servers(status, hint):
    async with proxying(status) as (port, _):
        access = Access(SERVER, trust=Trust(insecure=True), proxy=f"http://me:secret@127.0.0.1:{port}")
        async with client.connect(access, cluster="c1") as one:
            with pytest.raises(Exception) as caught:
                await one.version()
    problem = caught.value.problem
    assert problem.reason is reasons.UNREACHABLE
    assert (
        f"through the proxy http://127.0.0.1:{port}: the proxy answered {status[:3].decode()}"
        in problem.cause
    )
    assert hint in problem.hint
    assert "secret" not in str(problem)


async def test_a_proxy_that_is_not_there_is_named():
    async with proxying() as (port, _):
        pass
    access = Access(SERVER, proxy=f"http://me:secret@127.0.0.1:{port}")
    async with client.connect(access, cluster="c1") as one:
        with pytest.raises(Exception) as caught:
            await one.version()
    assert "no connection to the proxy: connection refused" in caught.value.problem.cause
    assert "secret" not in str(caught.value)
