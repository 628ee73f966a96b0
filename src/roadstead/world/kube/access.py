"""How to reach one cluster and as whom: what a kubeconfig context or the in-cluster files come down to.

Plain data. Secrets are kept out of every repr, so that no traceback or log can show them; turning a
`Login` into headers and certificates is credentials.py, reading kubeconfig files is kubeconfig.py.
"""

from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct


@dataclass(frozen=True, slots=True)
class Certificate:
    """A client certificate chain and its key, both PEM."""

    chain: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom we believe to be the server. No `authority` means the machine's own roots."""

    authority: bytes = field(default=b"", repr=False)  # PEM
    insecure: bool = False
    server_name: str = ""  # checked, and sent as SNI, instead of the host in the address


@dataclass(frozen=True, slots=True)
class Plugin:
    """An exec credential plugin. `command` is resolved already where it was relative to its kubeconfig."""

    command: str
    api_version: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    interactive: str = "IfAvailable"
    install_hint: str = ""
    cluster_info: bytes = field(default=b"", repr=False)  # JSON for spec.cluster; empty: not asked for


@dataclass(frozen=True, slots=True)
class Oidc:
    """The old auth provider `oidc`: an ID token, and what it takes to refresh it.

    `file` and `user` name where it was read: a refresh token may be good only once, so a new one is
    written back there, as kubectl does.
    """

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    id_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    authority: bytes = field(default=b"", repr=False)
    file: Path | None = None
    user: str = ""


@dataclass(frozen=True, slots=True)
class Login:
    """At most one way is set, but a certificate may accompany each of them."""

    certificate: Certificate | None = None
    token: str = field(default="", repr=False)
    token_file: Path | None = None  # wins over `token`, and is read again when it changes
    username: str = ""
    password: str = field(default="", repr=False)
    plugin: Plugin | None = None
    oidc: Oidc | None = None


class Impersonation(Struct, frozen=True):
    """Sent with every request. The server checks that the login may do this."""

    user: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    server: str  # https://host:port, maybe with a path, without a trailing slash
    context: str = ""
    trust: Trust = Trust()
    login: Login = Login()
    impersonation: Impersonation | None = None
    proxy: str = field(default="", repr=False)  # may hold a password
    compression: bool = True
    namespace: str = ""
