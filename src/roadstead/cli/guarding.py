"""The flags of `serve` that say who may ask it, and how it is reached: checked together before it listens."""

import socket
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem

if TYPE_CHECKING:
    import ssl

    from roadstead.hub.access.file import Tell
    from roadstead.hub.access.identity import Identity


class Anonymous(StrEnum):
    VIEWER = "viewer"


AccessOption = Annotated[
    Path | None,
    typer.Option(
        "--access",
        metavar="FILE",
        envvar="ROADSTEAD_ACCESS",
        help="Who may ask what: tokens, a provider of OpenID Connect, grants. Without it nobody may.",
    ),
]
AnonymousOption = Annotated[
    Anonymous | None,
    typer.Option(
        "--anonymous",
        envvar="ROADSTEAD_ANONYMOUS",
        help="Let everybody on this machine look without a login; on a loopback address only.",
    ),
]
CertificateOption = Annotated[
    Path | None,
    typer.Option(
        "--tls-cert",
        metavar="FILE",
        envvar="ROADSTEAD_TLS_CERT",
        help="Serve HTTPS with this certificate (PEM, a chain); read anew when it changes.",
    ),
]
KeyOption = Annotated[
    Path | None,
    typer.Option("--tls-key", metavar="FILE", envvar="ROADSTEAD_TLS_KEY", help="The certificate's key."),
]
InsecureOption = Annotated[
    bool,
    typer.Option(
        "--insecure-listen",
        envvar="ROADSTEAD_INSECURE_LISTEN",
        help="Listen beyond this machine without TLS: tokens can be read on the way.",
    ),
]
ProxyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--proxy",
        metavar="ADDRESS",
        envvar="ROADSTEAD_PROXY",
        help="A proxy (address or network) that ends TLS; what it forwards of clients is believed. May be given again.",
    ),
]
HostOption = Annotated[
    list[str] | None,
    typer.Option(
        "--host",
        metavar="NAME",
        envvar="ROADSTEAD_HOST",
        help="Answer only to this name (beside those of this machine); may be given again.",
    ),
]


def tell(message: str, problems: tuple[Problem, ...]) -> None:
    """What happens to the files named here while it serves."""
    from roadstead.hub import logs

    logs.say(message, **({"problems": [str(one) for one in problems]} if problems else {}))


class Guarding(Struct, frozen=True):
    access: AccessOption = None
    anonymous: AnonymousOption = None
    certificate: CertificateOption = None
    key: KeyOption = None
    insecure: InsecureOption = False
    proxies: ProxyOption = None
    hosts: HostOption = None

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by https."""
        return bool(self.certificate or self.proxies)

    def check(self, listening: socket.socket) -> None:
        """Raises UsageError for what would let in who was not meant."""
        from roadstead.hub import server

        problem = None
        if bool(self.certificate) != bool(self.key):
            problem = Problem(reasons.BAD_ARGUMENT, "--tls-cert and --tls-key belong together", "give both")
        elif not server.is_loopback(listening):
            where = server.shown(listening)
            if self.anonymous:
                cause = f"--anonymous is for a loopback address, found {where}"
                problem = Problem(reasons.BAD_ARGUMENT, cause, "give people tokens or a login by --access")
            elif not (self.secure or self.insecure):
                cause = f"--listen goes beyond this machine without TLS, found {where}"
                hint = "give --tls-cert and --tls-key, or --proxy for who ends TLS, or say --insecure-listen"
                problem = Problem(reasons.BAD_ARGUMENT, cause, hint)
        if problem:
            raise errors.error(problem)

    def identity(self, state: Path, tell: "Tell") -> "Identity":
        import asyncio

        from roadstead.hub.access import identity
        from roadstead.model.person import Role

        anonymous = Role(self.anonymous) if self.anonymous else None
        options = identity.Options(self.access, anonymous, self.secure)
        return identity.opened(options, state=state, tell=tell, clock=asyncio.get_running_loop().time)

    def tls(self, tell: "Tell") -> "ssl.SSLContext | None":
        from roadstead.hub.access.tls import Certificate

        return (
            Certificate(self.certificate, self.key, tell).context() if self.certificate and self.key else None
        )

    def names(self, listening: socket.socket) -> list[str]:
        """The names under which we answer; none: under every one."""
        from roadstead.hub import server
        from roadstead.hub.access.gate import LOOPBACK

        if not self.hosts and not server.is_loopback(listening):
            return []
        return [*LOOPBACK, *(self.hosts or ())]
