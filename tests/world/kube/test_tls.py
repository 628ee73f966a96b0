"""TLS contexts: made once for the same content."""

import asyncio
import ssl
import sys

import pytest
from cryptography.hazmat.primitives import serialization

from roadstead.model import reasons
from roadstead.model.errors import UsageError
from roadstead.world.kube import tls
from roadstead.world.kube.access import Certificate, Trust
from tests.controlplane.authority import Authority
from tests.world.kube.serving import always, answer, serving


def test_the_same_content_gives_the_same_context():
    authority = Authority("test")
    pair = authority.client("admin")
    certificate = Certificate(pair.certificate, pair.key)
    trust = Trust(authority.certificate)
    made = tls.context(trust, certificate)
    assert tls.context(Trust(authority.certificate, server_name="other"), certificate) is made
    assert tls.context(trust, None) is not made
    assert tls.context(Trust(insecure=True), certificate) is not made


def test_without_an_authority_the_machines_roots_count():
    made = tls.context(Trust(), None)
    assert made.verify_mode is ssl.CERT_REQUIRED
    assert made.check_hostname


def encrypted(key: bytes) -> bytes:
    loaded = serialization.load_pem_private_key(key, None)
    return loaded.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.BestAvailableEncryption(b"secret"),
    )


def test_an_encrypted_key_is_refused_and_nobody_is_asked():
    pair = Authority("test").client("admin")
    with pytest.raises(UsageError) as caught:
        tls.context(Trust(), Certificate(pair.certificate, encrypted(pair.key)))
    assert "the client certificate or its key" in caught.value.problem.cause


@pytest.mark.parametrize(
    ("trust", "certificate", "what"),
    [
        pytest.param(
            Trust(b"SECRET"),
            None,
            "the certificate authority cannot be read: found no PEM",
            id="an authority that is no PEM",
        ),
        pytest.param(
            Trust(),
            Certificate(b"SECRET", b"SECRET"),
            "the client certificate or its key cannot be read: found no PEM",
            id="a certificate",
        ),
        pytest.param(
            Trust(),
            Certificate(Authority("a").client("a").certificate, Authority("b").client("b").key),
            "the client certificate or its key cannot be read: KEY_VALUES_MISMATCH",
            id="a key of another certificate",
        ),
    ],
)
def test_what_cannot_be_loaded_is_named(trust, certificate, what):
    with pytest.raises(UsageError) as caught:
        tls.context(trust, certificate)
    assert caught.value.problem.reason is reasons.KUBECONFIG_INVALID
    assert what in caught.value.problem.cause
    assert "SECRET" not in str(caught.value)


ASKING = """
import asyncio, sys
from roadstead.world.kube import tls
tls.import_http()
import aiohttp
async def ask():
    async with aiohttp.ClientSession() as session, session.get(sys.argv[1]) as response:
        return response.status
try:
    print(asyncio.run(ask()))
except aiohttp.ClientConnectorCertificateError:
    print("refused")
"""


@pytest.mark.parametrize(
    ("is_known", "answered"),
    [pytest.param(True, "200", id="a known authority"), pytest.param(False, "refused", id="an unknown one")],
)
async def test_roots_that_are_read_late_count(tmp_path, is_known, answered):
    roots = tmp_path / "roots.pem"
    async with serving(always(lambda: answer({}))) as server:
        known = server.authority if is_known else Authority("other")
        roots.write_bytes(known.certificate)
        asking = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", ASKING, server.url),
            stdout=asyncio.subprocess.PIPE,
            env={"SSL_CERT_FILE": str(roots)},
        )
        said, _ = await asking.communicate()
    assert said.decode().strip() == answered
