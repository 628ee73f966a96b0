"""Requests to chart repositories and registries: deadlines, sizes and errors in one place."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

import aiohttp
from yarl import URL

from roadstead.model import errors
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.reasons import SOURCE_UNREACHABLE, SOURCE_UNREADABLE

_LARGEST = 256 << 20  # bytes of one answer; the largest public index has some 30 million
_CHUNK = 1 << 20


class Workers(Protocol):
    async def run(self, function: str, payload: bytes, *, deadline: float) -> bytes: ...


class Answer:
    """Status, headers and body, read whole."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


@asynccontextmanager
async def session(*, deadline: float, where: str) -> AsyncIterator[aiohttp.ClientSession]:
    """Proxies and netrc are the environment's. Silence and broken lines become SourceUnreachable."""
    try:
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=deadline, connect=min(deadline, 20)), trust_env=True
        ) as opened:
            yield opened
    except TimeoutError as late:
        raise unreachable(where, f"no answer within {deadline:g} s") from late
    except aiohttp.ClientConnectorError as cause:
        number = cause.os_error.errno
        words = os.strerror(number) if number and number > 0 else str(cause.os_error.strerror or cause)
        raise unreachable(where, f"no connection to {cause.host}:{cause.port}: {words.lower()}") from cause
    except (aiohttp.ClientError, OSError) as cause:
        raise unreachable(where, str(cause) or type(cause).__name__) from cause


async def get(
    opened: aiohttp.ClientSession,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
) -> Answer:
    """Whatever the status; `form` makes it a POST."""
    try:
        address = URL(url)
        request = opened.request("POST" if form else "GET", address, headers=headers, data=form)
    except ValueError as cause:
        raise unreadable(url, f"no address: {cause}") from cause
    async with request as response:
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > _LARGEST:
                raise unreadable(url, f"more than {_LARGEST} bytes")
        return Answer(response.status, response.headers, bytes(body))


def refused(where: str, answer: Answer, what: str) -> RoadsteadError:
    """An answer that is no success."""
    if answer.status in (401, 403):
        hint = "log in with `helm registry login` or `helm repo add --username`, or add the host to ~/.netrc"
        return unreadable(where, f"no right to read {what}, found status {answer.status}", hint)
    if answer.status == 404:
        return unreadable(where, f"there is no {what}", "check repository, name and version")
    if answer.status == 429 or answer.status >= 500:
        return unreachable(where, f"{what} cannot be read now, found status {answer.status}")
    return unreadable(where, f"{what} cannot be read, found status {answer.status}")


def unreadable(where: str, cause: str, hint: str = SOURCE_UNREADABLE.remedy) -> RoadsteadError:
    return errors.error(Problem(SOURCE_UNREADABLE, f"{_shown(where)}: {cause}", hint))


def unreachable(where: str, cause: str) -> RoadsteadError:
    return errors.error(Problem(SOURCE_UNREACHABLE, f"{_shown(where)}: {cause}", SOURCE_UNREACHABLE.remedy))


def _shown(where: str) -> str:
    """Without user, password and query, which may hold secrets."""
    try:
        return str(URL(where).with_user(None).with_query(None))
    except ValueError:
        return where.partition("?")[0].rpartition("@")[2]
