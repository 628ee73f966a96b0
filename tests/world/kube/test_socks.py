"""Real requests through a SOCKS5 proxy."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from roadstead.model import reasons
from roadstead.model.errors import RoadsteadError
from roadstead.world.kube import client
from roadstead.world.kube.access import Access, Trust
from tests.controlplane.authority import Authority
from tests.world.kube.serving import always, answer, serving

VERSION = always(lambda: answer({"gitVersion": "v1.37.2"}))


@asynccontextmanager
async def proxying(*, login: bytes = b"", refusal: int = 0, names: dict[str, str] | None = None):
    """A SOCKS5 proxy (RFC 1928, 1929) that resolves `names`; yields its port and what was asked for."""
    asked: list[str] = []

    async def accept(reader, writer):
        try:
            await serve(reader, writer)
        except asyncio.IncompleteReadError:
            pass  # the client left
        finally:
            writer.close()

    async def serve(reader, writer):
        _, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        wanted = 2 if login else 0
        writer.write(bytes([5, wanted if wanted in methods else 0xFF]))
        if login:
            _, length = await reader.readexactly(2)
            user = await reader.readexactly(length)
            password = await reader.readexactly((await reader.readexactly(1))[0])
            writer.write(b"\1\0" if user + b":" + password == login else b"\1\1")
        *_, kind = await reader.readexactly(4)
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = ".".join(map(str, await reader.readexactly(4)))
        port = int.from_bytes(await reader.readexactly(2), "big")
        asked.append(f"{host}:{port}")
        writer.write(bytes([5, refusal, 0, 1, 0, 0, 0, 0, 0, 0]))
        if refusal:
            return
        there_reader, there_writer = await asyncio.open_connection((names or {}).get(host, host), port)
        async with asyncio.TaskGroup() as group:
            group.create_task(pump(reader, there_writer))
            group.create_task(pump(there_reader, writer))

    async def pump(source, target):
        try:
            while data := await source.read(65536):
                target.write(data)
        except ConnectionError:
            pass
        target.close()

    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1], asked
    finally:
        listening.close()


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
async def test_a_request_goes_through_the_proxy_which_resolves_the_name(scheme):
    names = {"kube.invalid": "127.0.0.1"}
    async with serving(VERSION) as server, proxying(names=names) as (port, asked):
        trust = Trust(server.authority.certificate, server_name="localhost")
        access = Access(
            f"https://kube.invalid:{server.port}", trust=trust, proxy=f"{scheme}://127.0.0.1:{port}"
        )
        async with client.connect(access, cluster="c1") as one:
            assert await one.version() == "1.37.2"
        assert asked == [f"kube.invalid:{server.port}"]


async def test_the_proxy_gets_its_login():
    async with serving(VERSION) as server, proxying(login=b"me:s%cret") as (port, asked):
        async with server.client(proxy=f"socks5://me:s%25cret@127.0.0.1:{port}") as one:
            assert await one.version() == "1.37.2"
        assert len(asked) == 1


async def test_the_servers_certificate_is_verified_through_the_proxy():
    async with serving(VERSION) as server, proxying() as (port, _):
        access = Access(
            f"https://127.0.0.1:{server.port}",
            trust=Trust(authority=Authority("another").certificate),
            proxy=f"socks5://127.0.0.1:{port}",
        )
        problem = await refused(access)
    assert problem.reason is reasons.CERTIFICATE_INVALID


@pytest.mark.parametrize(
    ("options", "told"),
    [
        pytest.param({"refusal": 2}, "the proxy refuses: connection not allowed by ruleset", id="a rule"),
        pytest.param({"refusal": 5}, "the proxy refuses: connection refused", id="no server there"),
        pytest.param({"login": b"me:other"}, "the proxy refuses: ", id="a wrong login"),
    ],
)
async def test_a_refusal_of_the_proxy_is_told_without_its_password(options, told):
    async with proxying(**options) as (port, _):
        problem = await refused(Access("https://kube.invalid", proxy=f"socks5://me:secret@127.0.0.1:{port}"))
    assert problem.reason is reasons.UNREACHABLE
    assert f"https://kube.invalid through the proxy socks5://127.0.0.1:{port}: {told}" in problem.cause
    assert "secret" not in str(problem)


async def test_a_proxy_that_is_not_there_is_named():
    async with proxying() as (port, _):
        pass
    problem = await refused(Access("https://kube.invalid", proxy=f"socks5://127.0.0.1:{port}"))
    assert "no connection to the proxy" in problem.cause


async def refused(access: Access):
    async with client.connect(access, cluster="c1") as one:
        with pytest.raises(RoadsteadError) as caught:
            await one.version()
    return caught.value.problem
