"""A hub as the command line speaks to it: the only client of its API.

    async with hubs.connected(url) as hub:
        await hub.get("/fleet")
        async for one in hub.items("/statuses", cluster=["prod-eu-1"]): …
        async for event in hub.follow("/stream", what=["events"]): …

Whatever goes wrong is one problem: the hub's own, as it says it, or that it is gone, is known by another
certificate, or is no hub that this command understands. Every wait has a deadline but that of a stream, which comes
again when it breaks and misses nothing.
"""

import asyncio
import os
import secrets
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
from msgspec import Struct

from roadstead import __version__
from roadstead.cli import logins
from roadstead.cli.logins import Login
from roadstead.model import errors, reasons
from roadstead.model.errors import Place, Problem, RoadsteadError, Severity
from roadstead.model.reasons import Category, Reason
from roadstead.world.kube import tls
from roadstead.world.kube.access import Trust

_PAGE = 1000
_PAUSE, _LONGEST_PAUSE = 1.0, 30.0  # seconds between attempts to follow
_SILENT = 60.0  # seconds after which a stream that says nothing is broken: it says something every fifteen


class Told(Struct, frozen=True):
    """One message of a stream. `id` is 0 where it has none."""

    kind: str
    data: Any
    id: int = 0


class Hub(Struct, frozen=True):
    login: Login
    session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return self.login.url

    async def get(self, path: str, **asked: Any) -> Any:
        return await self.ask("GET", f"/api/v1{path}", params=_query(asked))

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """An act, which is safe to send again: it has a key of its own."""
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        return await self.ask("POST", f"/api/v1{path}", json=body, headers=headers)

    async def items(self, path: str, *, most: int | None = None, **asked: Any) -> AsyncIterator[Any]:
        """All items of a list, page by page, or the first `most`."""
        after, left = None, most
        while left is None or left > 0:
            limit = _PAGE if left is None else min(_PAGE, left)
            page = await self.get(path, limit=limit, after=after, **asked)
            for one in page["items"]:
                yield one
            after = page["after"]
            left = None if left is None else left - len(page["items"])
            if after is None:
                return

    async def ask(self, method: str, path: str, **more: Any) -> Any:
        """Raises RoadsteadError with the problems that the hub tells, or one about the hub."""
        try:
            async with self.session.request(method, self.url + path, allow_redirects=False, **more) as answer:
                body = await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as cause:
            raise _gone(self.url, cause) from cause
        return _answered(self.url, answer, body)

    async def follow(self, path: str, *, after: int = 0, **asked: Any) -> AsyncIterator[Told]:
        """Without end: a stream that ends or breaks is asked for again from where it was. Raises RoadsteadError for
        what will not pass by itself; yields `lost` and `back` where the hub is gone for a while."""
        last, pause, lost = after, _PAUSE, False
        while True:
            try:
                async for one in self._stream(path, last, asked):
                    last, pause = one.id or last, _PAUSE
                    if lost:
                        lost = False
                        yield Told("back", {})
                    yield one
            except RoadsteadError as error:
                if error.problem.category is not Category.TRANSIENT:
                    raise
                if not lost:
                    lost = True
                    yield Told("lost", {"cause": error.problem.cause})
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _stream(self, path: str, last: int, asked: Mapping[str, Any]) -> AsyncIterator[Told]:
        """One connection. The first message tells that it stands, and every beat."""
        headers = {"Last-Event-ID": str(last)} if last else {}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=_SILENT)
        url = f"{self.url}/api/v1{path}"
        try:
            async with self.session.get(
                url, params=_query(asked), headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                if answer.status != 200:
                    _answered(self.url, answer, await answer.read())
                fields: dict[str, str] = {}
                async for line in answer.content:
                    name, _, value = line.decode().rstrip("\r\n").partition(":")
                    if name:
                        fields[name] = value.removeprefix(" ")
                    elif fields:
                        yield _message(fields)
                        fields = {}
        except (aiohttp.ClientError, OSError, TimeoutError) as cause:
            raise _gone(self.url, cause) from cause


def _message(fields: Mapping[str, str]) -> Told:
    data = orjson.loads(fields["data"]) if "data" in fields else {}
    return Told(fields.get("event", "beat"), data, int(fields.get("id", 0)))


def _query(asked: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was not given is not asked; a list is a parameter that is given again."""
    pairs = []
    for name, value in asked.items():
        values = value if isinstance(value, list | tuple) else [value]
        pairs += [(name, str(one)) for one in values if one not in (None, "")]
    return pairs


@asynccontextmanager
async def connected(url: str, *, deadline: float = 60.0, login: Login | None = None) -> AsyncIterator[Hub]:
    """With the login that is kept for it, or with this one. `deadline` seconds for each request."""
    known = login or logins.read(logins.address(url))
    headers = {"User-Agent": f"roadstead/{__version__}"}
    if known.token:
        headers["Authorization"] = f"Bearer {known.token}"
    connector = aiohttp.TCPConnector(ssl=tls.context(Trust(known.authority.encode()), None))
    timeout = aiohttp.ClientTimeout(total=deadline, sock_connect=10)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, headers=headers, trust_env=True
    ) as session:
        yield Hub(known, session)


def _answered(url: str, answer: aiohttp.ClientResponse, body: bytes) -> Any:
    is_problem = answer.content_type == "application/problem+json"
    try:
        found = orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        found, is_problem = None, False
    if answer.status < 300 and (found is not None or answer.status == 204):
        return found
    if not is_problem or not isinstance(found, dict):
        cause = f"{url} answers HTTP {answer.status}, {answer.content_type}"
        reason = reasons.HUB_UNREACHABLE if answer.status in (502, 503, 504) else reasons.HUB_VERSION
        raise errors.error(Problem(reason, cause))
    if answer.status in (404, 405) and str(answer.url.path) in found.get("cause", ""):
        raise errors.error(Problem(reasons.HUB_VERSION, f"{url}: {found['cause']}"))
    raise errors.error([problem(one) for one in found.get("problems", [found])])


def problem(told: Mapping[str, Any]) -> Problem:
    """A problem as the API tells it."""
    name = str(told.get("reason", ""))
    unknown = Reason(name, Category(told.get("category", "stalled")), str(told.get("title", "")), "")
    return Problem(
        reasons.REASONS.get(name, unknown),
        str(told.get("cause", "")),
        str(told.get("hint", "")),
        Severity(told.get("severity", "error")),
        Place(told.get("file", ""), told.get("line", 0), told.get("column", 0), told.get("field", "")),
        bundle=told.get("bundle", ""),
        cluster=told.get("cluster", ""),
    )


def problems(told: Iterable[Mapping[str, Any]]) -> tuple[Problem, ...]:
    return tuple(problem(one) for one in told)


def _gone(url: str, cause: Exception) -> RoadsteadError:
    if isinstance(cause, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        found = getattr(cause, "certificate_error", cause)
        said = getattr(found, "verify_message", "") or str(found)
        hint = "give `roadstead login` the authority with --ca-file, if this is the hub"
        text = f"{url}: its certificate is not accepted: {said}"
        return errors.error(Problem(reasons.CERTIFICATE_INVALID, text, hint))
    if isinstance(cause, TimeoutError):
        said = "no answer in time"
    elif isinstance(cause, aiohttp.ClientConnectorError):  # its own text tells of sockets and of TLS
        said = (
            os.strerror(number) if (number := cause.os_error.errno or 0) > 0 else str(cause.os_error)
        ).lower()
    else:
        said = str(cause) or type(cause).__name__
    return errors.error(Problem(reasons.HUB_UNREACHABLE, f"{url}: {said}"))
