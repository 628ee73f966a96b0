"""`POST /hooks/PROVIDER`: a forge says that something was pushed, and Git is looked at.

That is all a delivery can do, whatever stands in it: what counts is read from Git itself. So a replayed or late
one is harmless; it is noted, and answered. One without a good signature is refused before anything is read of it.
The secret is a file, read at each delivery: it may be changed at any time.
"""

import hmac
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct, field
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from roadstead.model.errors import RoadsteadError
from roadstead.operations.serve import Serving

_LARGEST = 25 << 20  # bytes: what GitHub sends at most
_KEPT = 200  # characters of a delivery's name


class Secrets(Struct, frozen=True):
    """By provider, the file that holds what deliveries are signed with."""

    files: Mapping[str, Path] = field(default_factory=dict)

    def of(self, provider: str) -> bytes:
        path = self.files.get(provider)
        try:
            return path.read_bytes().strip() if path else b""
        except OSError:
            return b""


class _Provider(Struct, frozen=True):
    """`signature` and `delivery` are headers, the first that is there counts."""

    signature: tuple[str, ...]
    delivery: tuple[str, ...]
    is_genuine: Callable[[bytes, bytes, str], bool]


def _signed(secret: bytes, body: bytes, told: str) -> bool:
    """By HMAC-SHA256 over the body, in hex."""
    wanted = hmac.new(secret, body, "sha256").hexdigest()
    return hmac.compare_digest(wanted.encode(), told.removeprefix("sha256=").lower().encode())


def _same(secret: bytes, body: bytes, told: str) -> bool:
    """The secret itself."""
    return hmac.compare_digest(secret, told.encode())


_GITEA = _Provider(
    ("x-forgejo-signature", "x-gitea-signature"), ("x-forgejo-delivery", "x-gitea-delivery"), _signed
)
PROVIDERS: Mapping[str, _Provider] = {
    "github": _Provider(("x-hub-signature-256",), ("x-github-delivery",), _signed),
    "gitlab": _Provider(("x-gitlab-token",), ("x-gitlab-event-uuid", "idempotency-key"), _same),
    "bitbucket": _Provider(("x-hub-signature",), ("x-request-uuid", "x-request-id"), _signed),
    "gitea": _GITEA,
    "forgejo": _GITEA,
}


def routes(serving: Serving, secrets: Secrets) -> list[Route]:
    async def hook(request: Request) -> Response:
        name = request.path_params["provider"]
        provider, secret = PROVIDERS.get(name), secrets.of(name)
        if provider is None or not secret:
            return PlainTextResponse(f"no webhooks of {name[:20]} are expected here\n", 404)
        body = await _body(request)
        if body is None:
            return PlainTextResponse("too large\n", 413)
        if not provider.is_genuine(secret, body, _first(request, provider.signature)):
            return PlainTextResponse("the signature is not that of the secret\n", 401)
        new = await _is_new(serving, name, _first(request, provider.delivery))
        serving.reconciling.poke()
        return PlainTextResponse("git is looked at\n" if new else "seen before; git is looked at\n", 202)

    return [Route("/hooks/{provider}", hook, methods=["POST"])]


def _first(request: Request, names: tuple[str, ...]) -> str:
    return next((request.headers[name] for name in names if name in request.headers), "")


async def _body(request: Request) -> bytes | None:
    """None when it is larger than any honest one."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > _LARGEST:
            return None
        parts.append(part)
    return b"".join(parts)


async def _is_new(serving: Serving, provider: str, delivery: str) -> bool:
    if not delivery or serving.store.problem:
        return True
    try:
        now = serving.shared.world.now
        return await serving.store.hooks.first_seen(provider, delivery[:_KEPT], now)
    except RoadsteadError:
        return True
