"""Say why a connection gave no answer: what aiohttp, TLS and the network raise becomes a Problem.

The message names the address and what was tried, so that it can be tried by hand. Answers that came are
errors.py.
"""

import asyncio
import errno
import ssl
from collections.abc import Iterator

import aiohttp

from roadstead.model import reasons
from roadstead.model.errors import Problem

_DEAD_CLIENT = (
    "certificate required",
    "bad certificate",
    "certificate expired",
    "unknown ca",
    "certificate unknown",
)


def problem(cause: BaseException, *, address: str, seconds: float, proxy: str = "") -> Problem:
    """`address` is the server's, `proxy` the proxy's without credentials; `seconds` is how long we waited."""
    through = f" through the proxy {proxy}" if proxy else ""
    where = f"{address}{through}"
    if isinstance(cause, aiohttp.ClientHttpProxyError):
        hint = (
            "check the proxy's credentials"
            if cause.status == 407
            else "check that the proxy may connect there"
        )
        return Problem(
            reasons.UNREACHABLE, f"{where}: the proxy answered {cause.status} {cause.message}", hint=hint
        )
    if isinstance(cause, aiohttp.ClientProxyConnectionError):
        return Problem(
            reasons.UNREACHABLE,
            f"{where}: no connection to the proxy: {_words(cause.os_error)}",
            hint="check the proxy",
        )
    for link in _chain(cause):
        if isinstance(link, ssl.SSLCertVerificationError):
            return _server_certificate(link, where)
        if isinstance(link, ssl.SSLError):
            return _tls(link, where)
    if isinstance(cause, aiohttp.ClientConnectorDNSError):
        return Problem(
            reasons.UNREACHABLE, f"{where}: the name does not resolve", hint="check the name and DNS"
        )
    if isinstance(cause, aiohttp.ConnectionTimeoutError):
        return Problem(reasons.UNREACHABLE, f"{where}: no connection within {seconds:.3g} s")
    if isinstance(cause, asyncio.TimeoutError):
        return Problem(reasons.UNREACHABLE, f"{where}: no answer within {seconds:.3g} s")
    return Problem(reasons.UNREACHABLE, f"{where}: {_words(cause)}")


def _server_certificate(cause: ssl.SSLCertVerificationError, where: str) -> Problem:
    words = cause.verify_message or str(cause.reason)
    if "expired" in words:
        hint = "renew the server's certificate"
    elif "ostname" in words or "IP address" in words:
        hint = "set tls-server-name to a name that is in the certificate, or correct the address"
    else:
        hint = "set certificate-authority to the authority that signed the server's certificate"
    return Problem(
        reasons.CERTIFICATE_INVALID, f"{where}: the server's certificate is refused: {words}", hint=hint
    )


def _tls(cause: ssl.SSLError, where: str) -> Problem:
    words = (cause.reason or str(cause)).replace("_", " ").lower()
    if "http request" in words or "wrong version number" in words:
        return Problem(
            reasons.UNREACHABLE, f"{where}: no TLS is spoken there", hint="write http:// or correct the port"
        )
    if any(text in words for text in _DEAD_CLIENT):
        return Problem(
            reasons.CERTIFICATE_INVALID,
            f"{where}: the server refuses our certificate: {words.rpartition('alert ')[2]}",
            hint="renew the client certificate",
        )
    return Problem(reasons.UNREACHABLE, f"{where}: TLS failed: {words}")


def _words(cause: BaseException) -> str:
    number = getattr(cause, "errno", None)
    if number == errno.ECONNREFUSED:
        return "connection refused"
    if isinstance(cause, aiohttp.ServerDisconnectedError):
        return "the server closed the connection without an answer"
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    return str(cause) or type(cause).__name__


def _chain(cause: BaseException | None) -> Iterator[BaseException]:
    """What aiohttp wrapped comes before its wrapper, which is of the same class without its attributes."""
    while cause is not None:
        inner = getattr(cause, "certificate_error", None) or getattr(cause, "os_error", None)
        if isinstance(inner, BaseException):
            yield inner
        yield cause
        cause = cause.__cause__
