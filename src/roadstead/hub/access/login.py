"""The login by OpenID Connect: authorization code with PKCE, for browsers and for the command line.

/auth/login sends a browser to the provider, /auth/callback takes it back. What was begun stands in a cookie of that
browser, sealed by the hub and good for ten minutes: nobody can bring another's login to an end, and nothing is kept
for those that are never ended. A browser then has a session in a cookie.
The command line comes by the same way: it opens /auth/login with the port on which it listens and a PKCE challenge
of its own, and gets a code, good for a minute and for who knows the verifier, which /auth/token turns into a
session. Without a browser beside it, the code is shown, to be typed.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import html
import secrets
from collections import OrderedDict
from typing import Generic, TypeVar
from urllib.parse import urlencode

import msgspec
import orjson
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from roadstead.hub.access import identity as identities
from roadstead.hub.access import oidc
from roadstead.hub.access.identity import Identity
from roadstead.hub.access.oidc import Claimed, Oidc
from roadstead.hub.access.sessions import Holder
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.record import Record, RecordKind
from roadstead.operations.serve import Serving

_BEGUN_FOR, _CODE_FOR = 600.0, 60.0  # seconds
_TYPED_FOR = 300.0
_WRITING = 3.0
_MOST = 10_000
_CHALLENGE = 43  # characters of a SHA-256 in base64url

Item = TypeVar("Item")


class _Once(Generic[Item]):
    """What is good for one use, for a while; the oldest goes when there are too many."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[float, Item]] = OrderedDict()

    def put(self, item: Item, seconds: float) -> str:
        while len(self._kept) >= _MOST:
            self._kept.popitem(last=False)
        name = secrets.token_urlsafe(32)
        self._kept[name] = (asyncio.get_running_loop().time() + seconds, item)
        return name

    def take(self, name: str) -> Item | None:
        until, item = self._kept.pop(name, (0.0, None))
        return item if asyncio.get_running_loop().time() < until else None


class _Command(Struct, frozen=True):
    """Who waits beside a browser; port 0: the code is typed."""

    challenge: str
    port: int
    state: str


class _Begun(Struct, frozen=True):
    state: str
    nonce: str
    verifier: str
    after: str  # a path of ours
    command: _Command | None


class Login:
    def __init__(self, identity: Identity, serving: Serving) -> None:
        self._identity = identity
        self._serving = serving
        self._codes: _Once[tuple[Claimed, str]] = _Once()

    def routes(self) -> list[Route]:
        return [
            Route("/auth/methods", self._methods),
            Route("/auth/login", self._begin),
            Route("/auth/callback", self._end),
            Route("/auth/token", self._token, methods=["POST"]),
            Route("/api/v1/logout", self._logout, methods=["POST"]),
        ]

    @property
    def _cookie(self) -> str:
        """Of a login under way, named like the session's: no host beside ours can set it."""
        return f"{self._identity.cookie}-login"

    async def _methods(self, request: Request) -> Response:
        """How one can log in: for the command line, which knows nothing of this hub yet."""
        rules = self._identity.rules
        return JSONResponse({"oidc": rules.provider is not None, "tokens": bool(rules.tokens)})

    async def _begin(self, request: Request) -> Response:
        self._identity.check(identities.address(request))
        begun = _Begun(
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(48),
            _path(request.query_params.get("next", "/")),
            _command(request),
        )
        where = await self.provider().authorization(
            state=begun.state, nonce=begun.nonce, challenge=challenge(begun.verifier)
        )
        answer = RedirectResponse(where, 303, {"Cache-Control": "no-store"})
        now = self._identity.now()
        sealed = self._identity.sessions.seal(msgspec.to_builtins(begun), now=now, seconds=_BEGUN_FOR)
        self._set(answer, self._cookie, sealed, int(_BEGUN_FOR))
        return answer

    async def _end(self, request: Request) -> Response:
        who = identities.address(request)
        self._identity.check(who)
        try:
            begun, claimed = await self._claimed(request)
        except RoadsteadError as error:
            if error.problem.reason is not reasons.LOGIN_PROVIDER_SILENT:
                self._identity.failed(who, error.problem)
            raise
        await self.write_down(claimed.name, who)
        if begun.command:
            answer = self._to_command(begun.command, claimed)
        else:
            answer = RedirectResponse(begun.after, 303, {"Cache-Control": "no-store"})
            session, seconds = self.session(claimed, Holder.BROWSER)
            self._set(answer, self._identity.cookie, session, int(seconds))
        answer.delete_cookie(self._cookie, secure=self._identity.options.secure, httponly=True)
        return answer

    async def _claimed(self, request: Request) -> tuple[_Begun, Claimed]:
        asked = request.query_params
        found = self._identity.sessions.unseal(request.cookies.get(self._cookie, ""))
        begun = msgspec.convert(found, _Begun) if found else None
        if begun is None or not hmac.compare_digest(begun.state.encode(), asked.get("state", "").encode()):
            raise oidc.failed("this login was not begun in this browser, or too long ago")
        if "error" in asked:
            raise oidc.failed(f"the provider says {asked['error'][:80]}")
        provider = self.provider()
        token = await provider.exchange(asked.get("code", ""), begun.verifier)
        return begun, await provider.verify(token, nonce=begun.nonce)

    def _to_command(self, command: _Command, claimed: Claimed) -> Response:
        kept = _CODE_FOR if command.port else _TYPED_FOR
        code = self._codes.put((claimed, command.challenge), kept)
        if command.port:
            back = urlencode({"code": code, "state": command.state})
            return RedirectResponse(f"http://127.0.0.1:{command.port}/?{back}", 303)
        told = f"<p>Type this into the <code>roadstead login</code> that you began, and nowhere else:</p><pre>{html.escape(code)}</pre>"
        return HTMLResponse(f"<!doctype html><title>roadstead</title>{told}")

    async def _token(self, request: Request) -> Response:
        who = identities.address(request)
        self._identity.check(who)
        try:
            asked = orjson.loads(await request.body())
            found = self._codes.take(str(asked["code"]))
            fits = found and hmac.compare_digest(challenge(str(asked["verifier"])), found[1])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            found, fits = None, False
        if found is None or not fits:
            refused = oidc.failed("the code is not known, or has ended")
            self._identity.failed(who, refused.problem)
            raise refused
        session, seconds = self.session(found[0], Holder.COMMAND)
        until = self._identity.now().timestamp() + seconds
        return JSONResponse(
            {"token": session, "until": until, "name": found[0].name}, headers={"Cache-Control": "no-store"}
        )

    async def _logout(self, request: Request) -> Response:
        if request.state.session:
            self._identity.sessions.end(request.state.session, now=self._identity.now())
        answer = Response(status_code=204)
        secure = self._identity.options.secure
        answer.delete_cookie(self._identity.cookie, secure=secure, httponly=True, samesite="lax")
        return answer

    def provider(self) -> Oidc:
        found = self._identity.provider()
        if found is None:
            cause, hint = "there is no login by OpenID Connect here", "use a token"
            raise errors.error(Problem(reasons.LOGIN_FAILED, cause, hint))
        return found

    def session(self, claimed: Claimed, holder: Holder) -> tuple[str, float]:
        identity = self._identity
        seconds = self.provider().provider.session
        made = identity.sessions.begin(
            claimed.name, claimed.groups, holder=holder, now=identity.now(), seconds=seconds
        )
        return made, seconds

    def _set(self, answer: Response, name: str, value: str, seconds: int) -> None:
        """SameSite is lax, for the provider sends the browser here from its own site; writes need the CSRF token."""
        secure = self._identity.options.secure
        answer.set_cookie(name, value, max_age=seconds, secure=secure, httponly=True, samesite="lax")

    async def write_down(self, name: str, address: str) -> None:
        """On the record; but a database that is gone keeps nobody out, who may be needed to see why."""
        said = Record(
            RecordKind.ACCESS, self._identity.now(), name, result="done", message=f"login from {address}"
        )
        with contextlib.suppress(RoadsteadError, TimeoutError):
            async with asyncio.timeout(_WRITING):
                await self._serving.store.journal.add(said)


def challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _path(text: str) -> str:
    """A path of ours, or the first page: never another site."""
    is_ours = text.startswith("/") and not text.startswith("//") and "\\" not in text
    return text if is_ours and text.isprintable() else "/"


def _command(request: Request) -> _Command | None:
    asked = request.query_params
    if "challenge" not in asked:
        return None
    port, wanted = asked.get("port", "0"), asked["challenge"]
    if not port.isdigit() or int(port) > 65535 or len(wanted) != _CHALLENGE or not wanted.isascii():
        raise errors.error(Problem(reasons.BAD_ARGUMENT, "the command line asked for what is no login"))
    return _Command(wanted, int(port), asked.get("state", "")[:200])
