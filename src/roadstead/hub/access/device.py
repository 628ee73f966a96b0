"""The login for machines without a browser (RFC 8628): a code that is typed at the provider, on whatever has one.

The command line asks the hub, and the hub the provider, of which it is the client. What was begun goes to the command
line, sealed by the hub and bound to a PKCE challenge of who began it, so nothing is kept here; it comes back with each
question whether somebody has agreed meanwhile.
"""

import hmac
from typing import TypeVar

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from roadstead.hub.access import identity as identities
from roadstead.hub.access import login as logins
from roadstead.hub.access import oidc
from roadstead.hub.access.identity import Identity
from roadstead.hub.access.login import Login
from roadstead.hub.access.sessions import Holder
from roadstead.model import reasons
from roadstead.model.errors import RoadsteadError

_UNCACHED = {"Cache-Control": "no-store"}
Body = TypeVar("Body", bound=Struct)
_CHALLENGE = 43  # characters of a SHA-256 in base64url


class _Begin(Struct):
    challenge: str


class _Ask(Struct):
    handle: str
    verifier: str


class _Begun(Struct):
    device_code: str
    challenge: str


class Device:
    def __init__(self, identity: Identity, login: Login) -> None:
        self._identity = identity
        self._login = login

    def routes(self) -> list[Route]:
        return [
            Route("/auth/device", self._begin, methods=["POST"]),
            Route("/auth/device/token", self._ask, methods=["POST"]),
        ]

    async def _begin(self, request: Request) -> Response:
        """What a person is to type, and where."""
        self._identity.check(identities.address(request))
        asked = await _read(request, _Begin)
        if len(asked.challenge) != _CHALLENGE or not asked.challenge.isascii():
            raise oidc.failed("the command line asked for what is no login")
        found = await self._login.provider().device()
        begun = {"device_code": found.code, "challenge": asked.challenge}
        handle = self._identity.sessions.seal(begun, now=self._identity.now(), seconds=found.lasts)
        told = {"handle": handle, "userCode": found.user_code, "address": found.address}
        return JSONResponse(told | {"interval": found.interval, "lasts": found.lasts}, headers=_UNCACHED)

    async def _ask(self, request: Request) -> Response:
        """A session once somebody agreed; until then after how many seconds to ask again."""
        who = identities.address(request)
        self._identity.check(who)
        try:
            asked = await _read(request, _Ask)
            found = self._identity.sessions.unseal(asked.handle)
            begun = msgspec.convert(found, _Begun) if found else None
            given = logins.challenge(asked.verifier).encode()
            if begun is None or not hmac.compare_digest(given, begun.challenge.encode()):
                raise oidc.failed("this login is not known, or has ended")
            provider = self._login.provider()
            token = await provider.agreed(begun.device_code)
            if not token:
                return JSONResponse({"pending": True}, 202, headers=_UNCACHED)
            claimed = await provider.verify(token, own=True)
        except RoadsteadError as error:
            if error.problem.reason is not reasons.LOGIN_PROVIDER_SILENT:
                self._identity.failed(who, error.problem)
            raise
        await self._login.write_down(claimed.name, who)
        session, _ = self._login.session(claimed, Holder.COMMAND)
        return JSONResponse({"token": session, "name": claimed.name}, headers=_UNCACHED)


async def _read(request: Request, wanted: type[Body]) -> Body:
    try:
        return msgspec.json.decode(await request.body(), type=wanted)
    except msgspec.DecodeError as cause:
        raise oidc.failed("the command line asked for what is no login") from cause
