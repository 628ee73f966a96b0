"""Turn a login into what a request carries: headers, and the client certificate of its connection.

Plugins and token files give credentials that end; they are asked again when these are about to, and once
after the server refused them (`refresh`). Where several clusters share a login, they share its
credentials, so that a slow plugin runs once.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from roadstead.world.kube.access import Access, Certificate


@dataclass(frozen=True, slots=True)
class Credential:
    """`headers` holds secrets."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    certificate: Certificate | None = None


class Credentials(Protocol):
    async def current(self, *, deadline: float) -> Credential:
        """What to use now. Raises StalledError(Unauthorized) when it cannot be had."""

    async def refresh(self, *, deadline: float) -> bool:
        """The server refused what `current` gave: whether there may be something better now."""


class Fixed:
    """A token, a password or a certificate out of the kubeconfig, or nothing at all."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    async def current(self, *, deadline: float) -> Credential:
        return self._credential

    async def refresh(self, *, deadline: float) -> bool:
        return False


def of(access: Access) -> Credentials:
    login = access.login
    if login.token:
        return Fixed(Credential(bearer(login.token), login.certificate))
    if login.username:
        pair = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
        return Fixed(Credential({"Authorization": f"Basic {pair}"}, login.certificate))
    return Fixed(Credential(certificate=login.certificate))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
