"""TLS contexts, cached by their content: loading the roots and a key takes tens of milliseconds.

Python reads certificates from files only, so a client's key is written to a private file for that moment.
"""

import hashlib
import ssl
import sys
import tempfile
from typing import Any

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.world.kube.access import Certificate, Trust

_contexts: dict[str, ssl.SSLContext] = {}
_KEPT = 4096


def context(trust: Trust, certificate: Certificate | None) -> ssl.SSLContext:
    """The same context for the same content. Raises UsageError(KubeconfigInvalid) for what is no PEM."""
    key = _key(trust, certificate)
    if key not in _contexts:
        while len(_contexts) >= _KEPT:  # certificates of plugins come and go
            del _contexts[next(iter(_contexts))]
        _contexts[key] = _make(trust, certificate)
    return _contexts[key]


def _key(trust: Trust, certificate: Certificate | None) -> str:
    digest = hashlib.sha256()
    parts = (trust.authority, b"insecure" if trust.insecure else b"")
    for part in (*parts, *((certificate.chain, certificate.key) if certificate else ())):
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()


def _make(trust: Trust, certificate: Certificate | None) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    # Authorities that kubeadm and cloud providers made lack the extensions of the strict profile.
    made.verify_flags &= ~ssl.VERIFY_X509_STRICT
    made.hostname_checks_common_name = False
    if trust.insecure:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    elif trust.authority:
        made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # an intermediate may be the anchor, as in Go
        _load_authority(made, trust.authority)
    else:
        made.load_default_certs()
    if certificate is not None:
        _load_certificate(made, certificate)
    return made


def _load_authority(made: ssl.SSLContext, authority: bytes) -> None:
    try:
        made.load_verify_locations(cadata=authority.decode("ascii", "ignore"))
    except ssl.SSLError as cause:
        raise _unusable("certificate authority", cause) from cause


def _load_certificate(made: ssl.SSLContext, certificate: Certificate) -> None:
    with tempfile.NamedTemporaryFile(prefix="roadstead-") as file:  # readable by this user alone
        file.write(certificate.chain + b"\n" + certificate.key)
        file.flush()
        try:
            made.load_cert_chain(file.name, password="")  # else an encrypted key asks on the terminal
        except (ssl.SSLError, OSError) as cause:
            raise _unusable("client certificate or its key", cause) from cause


def _unusable(what: str, cause: OSError) -> errors.RoadsteadError:
    """Not everything has a reason: of bytes that are no PEM at all, OpenSSL says nothing, or "Success"."""
    found = getattr(cause, "reason", None) or "found no PEM"
    return errors.error(
        Problem(
            reasons.KUBECONFIG_INVALID,
            f"the {what} cannot be read: {found}",
            hint="replace it by PEM that `openssl x509` reads",
        )
    )


class _Unread(ssl.SSLContext):
    """Reads the roots of this machine for its first connection, not before."""

    is_read = False

    def wrap_bio(self, *arguments: Any, **settings: Any) -> ssl.SSLObject:
        if not self.is_read:
            self.is_read = True
            self.load_default_certs()
        return super().wrap_bio(*arguments, **settings)


def import_http() -> None:
    """Import aiohttp without what it does then: read all roots, twice. Those who connect with a context of their
    own, as to clusters, never need them."""
    if "aiohttp" in sys.modules:
        return
    ssl.SSLContext.set_default_verify_paths = _leave_out  # type: ignore[method-assign,assignment]
    try:
        from aiohttp import connector
    finally:
        del ssl.SSLContext.set_default_verify_paths  # the inherited one is back
    connector._SSL_CONTEXT_VERIFIED.__class__ = _Unread  # there is no other way to it


def _leave_out(context: ssl.SSLContext) -> None:
    pass
