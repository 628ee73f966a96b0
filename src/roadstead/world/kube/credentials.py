"""Turn a login into what a request carries: headers, and the client certificate of its connection.

Plugins and token files give credentials that end: they are asked again when these have ended, and once
when the server refused them (`refresh`). Clients of the same login share its credentials, so that a slow
plugin runs once for all clusters that use it.
"""

import asyncio
import base64
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from weakref import WeakValueDictionary

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.world.kube import exec_plugin
from roadstead.world.kube.access import Certificate, Login, Oidc, Plugin


@dataclass(frozen=True, slots=True)
class Credential:
    """`headers` holds secrets. `expires` is in seconds since 1970."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    certificate: Certificate | None = None
    expires: float | None = None


class Credentials(Protocol):
    async def current(self, *, deadline: float) -> Credential:
        """What to use now. Raises StalledError(Unauthorized) when it cannot be had."""

    async def refresh(self, refused: Credential, *, deadline: float) -> bool:
        """The server did not accept `refused`: whether `current` has something else now."""


# The deadline, and whether the last result was refused, to a new one.
Fetch = Callable[[float, bool], Awaitable[Credential]]

_shared: WeakValueDictionary[Login, "Fetched"] = WeakValueDictionary()


def of(login: Login) -> Credentials:
    if login.token_file:
        return TokenFile(login.token_file, login.token, login.certificate)
    if login.token:
        return Fixed(Credential(bearer(login.token), login.certificate))
    if login.username:
        pair = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
        return Fixed(Credential({"Authorization": f"Basic {pair}"}, login.certificate))
    if login.plugin:
        return _share(login, _from_plugin(login.plugin, login.certificate))
    if login.oidc:
        return _share(login, _from_provider(login.oidc, login.certificate))
    return Fixed(Credential(certificate=login.certificate))


def _share(login: Login, fetch: Fetch) -> "Fetched":
    """While one client holds them, others of the same login get the same ones."""
    found = _shared.get(login)
    if found is None:
        found = _shared[login] = Fetched(fetch)
    return found


def bearer(token: str) -> dict[str, str]:
    if not token.isprintable():
        problem = Problem(
            reasons.UNAUTHORIZED, "the token holds a line break or the like", hint="log in again"
        )
        raise errors.error(problem)
    return {"Authorization": f"Bearer {token}"}


class Fixed:
    """A token, a password or a certificate out of the kubeconfig, or nothing at all."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    async def current(self, *, deadline: float) -> Credential:
        return self._credential

    async def refresh(self, refused: Credential, *, deadline: float) -> bool:
        return False


class TokenFile:
    """A file that somebody renews, such as the kubelet. While it cannot be read, what it held last is used,
    and before that the token written beside it, as kubectl does."""

    def __init__(self, path: Path, fallback: str, certificate: Certificate | None) -> None:
        self._path = path
        self._certificate = certificate
        self._seen: tuple[int, int, int] | None = None
        self._credential = Credential(bearer(fallback), certificate) if fallback else None

    async def current(self, *, deadline: float) -> Credential:
        try:
            return self._read()
        except (OSError, UnicodeDecodeError) as cause:
            if self._credential is None:
                words = (getattr(cause, "strerror", None) or "unreadable").lower()
                problem = Problem(
                    reasons.UNAUTHORIZED, f"the token file {self._path}: {words}", hint="log in again"
                )
                raise errors.error(problem) from cause
            return self._credential

    def _read(self) -> Credential:
        found = self._path.stat()
        seen = (found.st_mtime_ns, found.st_ino, found.st_size)
        if self._credential is None or seen != self._seen:
            self._credential = Credential(bearer(self._path.read_text().strip()), self._certificate)
            self._seen = seen
        return self._credential

    async def refresh(self, refused: Credential, *, deadline: float) -> bool:
        self._seen = None
        return (await self.current(deadline=deadline)).headers != refused.headers


class Fetched:
    """What a plugin or an identity provider gave, until it ends."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._credential: Credential | None = None
        self._fetching = asyncio.Lock()

    async def current(self, *, deadline: float) -> Credential:
        found = self._valid()
        if found is None:
            async with self._fetching:
                found = self._valid()
                if found is None:
                    found = self._credential = await self._fetch(deadline, False)
        return found

    async def refresh(self, refused: Credential, *, deadline: float) -> bool:
        async with self._fetching:
            if self._credential is refused:
                self._credential = await self._fetch(deadline, True)
            now = self._credential
        return now is None or (now.headers, now.certificate) != (refused.headers, refused.certificate)

    def _valid(self) -> Credential | None:
        now = self._credential
        return None if now is None or (now.expires is not None and now.expires <= time.time()) else now


def _from_plugin(plugin: Plugin, beside: Certificate | None) -> Fetch:
    async def fetch(deadline: float, refused: bool) -> Credential:
        found = await exec_plugin.run(plugin, deadline=deadline)
        headers = bearer(found.token) if found.token else {}
        return Credential(headers, found.certificate or beside, found.expires)

    return fetch


def _from_provider(provider: Oidc, beside: Certificate | None) -> Fetch:
    from roadstead.world.kube import oidc  # here, as few kubeconfigs need it, and it edits YAML

    tokens = oidc.Tokens(provider)

    async def fetch(deadline: float, refused: bool) -> Credential:
        token, expires = await tokens.current(refused=refused, deadline=deadline)
        return Credential(bearer(token), beside, expires)

    return fetch
