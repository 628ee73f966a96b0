"""The hub's certificate: changed while it serves, and what is refused without one."""

import asyncio
import contextlib
import ssl

import pytest
from cryptography import x509
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

from roadstead.cli.guarding import Anonymous, Guarding
from roadstead.hub import server
from roadstead.hub.access.tls import Certificate
from roadstead.model.errors import UsageError
from tests.hub.access.certificates import write


async def connect(address):
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    host, port = address.removeprefix("https://").split(":")
    return await asyncio.open_connection(host, int(port), ssl=trusting)


async def shown(address):
    """The name in the certificate that a new connection is shown."""
    _, writer = await connect(address)
    found = x509.load_der_x509_certificate(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return found.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value


async def test_new_connections_get_the_new_certificate_and_open_streams_go_on(tmp_path):
    write(tmp_path, "first")
    said, more = [], asyncio.Event()
    certificate = Certificate(tmp_path / "tls.crt", tmp_path / "tls.key", lambda *told: said.append(told[0]))

    async def parts():
        yield b"begun "
        await more.wait()
        yield b"went on"

    async def stream(request):
        return StreamingResponse(parts())

    with server.listen("127.0.0.1:0") as listening:
        app = Starlette(routes=[Route("/", stream)])
        async with server.running(app, listening, tls=certificate.context()):
            address = server.shown(listening, secure=True)
            reader, writer = await connect(address)
            writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await reader.readuntil(b"begun ")
            assert await shown(address) == "first"
            write(tmp_path, "second")
            assert await shown(address) == "second"
            (tmp_path / "tls.key").write_text("half a key")
            assert await shown(address) == "second"
            assert await shown(address) == "second"
            write(tmp_path, "third")
            assert await shown(address) == "third"
            more.set()
            assert await reader.readuntil(b"went on")
            writer.close()
    assert said == [
        "the certificate was read anew",
        "the certificate is wrong; the one before goes on to be shown",
        "the certificate was read anew",
    ]


@pytest.mark.parametrize(
    ("host", "guard", "expected"),
    [
        pytest.param("127.0.0.1", Guarding(), None, id="this machine needs no TLS"),
        pytest.param("0.0.0.0", Guarding(), "--listen goes beyond this machine without TLS", id="no TLS"),
        pytest.param("0.0.0.0", Guarding(insecure=True), None, id="said on purpose"),
        pytest.param("0.0.0.0", Guarding(proxies=["10.0.0.0/8"]), None, id="a proxy ends it"),
        pytest.param("0.0.0.0", Guarding(certificate="a", key="b"), None, id="TLS"),
        pytest.param("127.0.0.1", Guarding(certificate="a"), "belong together", id="half of it"),
        pytest.param("127.0.0.1", Guarding(anonymous=Anonymous.VIEWER), None, id="anonymous on this machine"),
        pytest.param(
            "0.0.0.0",
            Guarding(anonymous=Anonymous.VIEWER, insecure=True),
            "--anonymous is for a loopback address",
            id="anonymous for all the world",
        ),
    ],
)
def test_what_would_let_in_strangers_is_refused_before_anything_is_served(host, guard, expected):
    with server.listen(f"{host}:0") as listening:
        if expected is None:
            guard.check(listening)
            return
        with pytest.raises(UsageError, match=expected):
            guard.check(listening)


def test_a_certificate_that_cannot_be_read_ends_the_start(tmp_path):
    certificate = Certificate(tmp_path / "tls.crt", tmp_path / "tls.key", lambda *told: None)
    with pytest.raises(UsageError, match="--tls-cert"):
        certificate.context()
    write(tmp_path, "first")
    (tmp_path / "tls.key").write_text("no key")
    with pytest.raises(UsageError, match="--tls-cert"):
        certificate.context()
