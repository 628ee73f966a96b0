"""Before all routes: which host was meant, how much is sent, who asks, and what every answer tells a browser.

A plain ASGI middleware, so that streams pass as they are. What is open (probes, metrics, webhooks with their own
signatures, the login itself) is listed here; everything else needs somebody with a role, who is then in
`request.state.person`. Whether that person may do what is asked is for the route to say.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from roadstead.hub import problems
from roadstead.hub.access.identity import Identity
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError

_OPEN = ("/healthz", "/readyz", "/metrics")
_LOGIN = "/auth/"
_WITHOUT_ROLE = ("/api/v1/me", "/api/v1/logout")
_HOOKS = "/hooks/"  # have a limit of their own
_LARGEST = 1 << 20  # bytes of a request
_READS = ("GET", "HEAD", "OPTIONS")
LOOPBACK = ("localhost", "127.0.0.1", "::1")

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_SECURE = {"Strict-Transport-Security": "max-age=31536000"}


class Gate:
    """`hosts`: the names under which we are asked, beside that of the provider's `url`; empty takes every name."""

    def __init__(self, app: ASGIApp, *, identity: Identity, hosts: Collection[str] = ()) -> None:
        self._app = app
        self._identity = identity
        self._hosts = frozenset(one.lower() for one in hosts)
        self._headers = _HEADERS | (_SECURE if identity.options.secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asking, sent = HTTPConnection(scope), self._told(send)
        try:
            limited = await self._let_in(asking, scope, receive)
        except RoadsteadError as error:
            await problems.answer(*error.problems)(scope, receive, sent)
            return
        await self._app(scope, limited, sent)

    async def _let_in(self, asking: HTTPConnection, scope: Scope, receive: Receive) -> Receive:
        path, method = scope["path"], scope["method"]
        if path in _OPEN or path.startswith(_HOOKS):
            return receive
        self._check_host(asking)
        limited = _limited(asking, receive)
        if path.startswith(_LOGIN):
            return limited
        found = await self._identity.of(asking)
        if not found.person.grants and path not in _WITHOUT_ROLE:
            cause = f"{found.person.name} has no role here"
            raise errors.error(Problem(reasons.ROLE_MISSING, cause))
        if found.session and method not in _READS:
            shown = asking.headers.get("x-csrf-token", "")
            if not self._identity.sessions.is_csrf(found.session, shown) or not _same_origin(asking):
                cause = "a browser's writes carry the header X-CSRF-Token, found none that is right"
                raise errors.error(Problem(reasons.FORGED_REQUEST, cause))
        scope.setdefault("state", {})
        csrf = self._identity.sessions.csrf(found.session) if found.session else None
        scope["state"] |= {"person": found.person, "session": found.session, "csrf": csrf}
        return limited

    def _check_host(self, asking: HTTPConnection) -> None:
        """A page of somebody else's whose name leads to us must not be answered (DNS rebinding)."""
        host = _name(asking.headers.get("host", ""))
        if self._hosts and host not in self._hosts and host != self._login_host():
            cause = f"nobody is called {host[:80] or 'nothing'} here"
            raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, "name it with --host, if it is right"))

    def _login_host(self) -> str:
        provider = self._identity.rules.provider
        return _name(urlsplit(provider.url).netloc) if provider else ""

    def _told(self, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        return sent


def _name(host: str) -> str:
    """Without the port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _same_origin(asking: HTTPConnection) -> bool:
    """Where a browser tells the origin, it is ours."""
    origin = asking.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == asking.headers.get("host")


def _limited(asking: HTTPConnection, receive: Receive) -> Receive:
    """Raises RequestTooLarge: at once where the length is told, else when it has become too much."""
    told = asking.headers.get("content-length", "0")
    if not told.isdigit() or int(told) > _LARGEST:
        raise _too_large()
    size = 0

    async def limited() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > _LARGEST:
            raise _too_large()
        return message

    return limited


def _too_large() -> RoadsteadError:
    cause = f"a request may have {_LARGEST} bytes, found more"
    return errors.error(Problem(reasons.REQUEST_TOO_LARGE, cause))
