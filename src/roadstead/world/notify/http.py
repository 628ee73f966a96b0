"""One request to a receiver: what its answer means, in two words: not now, or not at all.

Redirects are not followed: they would carry what is secret to where nobody sent it.
"""

import asyncio
import email.utils
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from http.client import responses
from typing import Any
from urllib import request
from urllib.parse import urlsplit

import aiohttp

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem

_PASSING = (408, 425, 429)
_MOST = 1 << 20  # bytes of an answer that are read
_LONGEST_PAUSE = 3600.0  # that a receiver may ask for, in seconds


async def send(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    deadline: float,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    expected: tuple[int, ...] = (),
) -> Any:
    """The JSON of a good answer, None where it holds none, or has a status that is as `expected`.

    Raises TransientError for what may pass by itself, with the pause that the receiver asks for, StalledError for
    the rest.
    """
    try:
        async with (
            asyncio.timeout(deadline),
            session.request(
                method,
                url,
                data=body,
                headers=dict(headers or {}),
                proxy=_proxy(url),
                allow_redirects=False,
            ) as answer,
        ):
            data = await answer.content.read(_MOST)
            status, pause = answer.status, answer.headers.get("Retry-After", "")
    except TimeoutError as failure:
        raise failed(f"no answer within {deadline:g} seconds") from failure
    except aiohttp.ClientConnectorCertificateError as failure:  # a ValueError, too
        why = getattr(failure.certificate_error, "verify_message", "")
        raise failed(f"its certificate is not trusted: {why}".rstrip(": ")) from failure
    except (aiohttp.InvalidURL, ValueError) as failure:
        raise refused("its address is none for HTTP") from failure
    except (aiohttp.ClientError, OSError) as failure:
        raise failed(f"it cannot be reached: {_told(failure)}") from failure
    if 200 <= status < 300:
        return _json(data)
    if status in expected:
        return None
    said = f"it answered {status} {responses.get(status, '')}".rstrip()
    if status >= 500 or status in _PASSING:
        raise failed(said, _seconds(pause))
    raise refused(said)


def _proxy(url: str) -> str | None:
    """As HTTPS_PROXY, HTTP_PROXY and NO_PROXY say. (The library would take logins from ~/.netrc along.)"""
    parts = urlsplit(url)
    if not parts.hostname or request.proxy_bypass(parts.hostname):
        return None
    return request.getproxies().get(parts.scheme)


def failed(cause: str, pause: float | None = None) -> errors.RoadsteadError:
    return errors.error(
        Problem(reasons.RECEIVER_FAILED, cause, reasons.RECEIVER_FAILED.remedy, retry_after=pause)
    )


def refused(cause: str, hint: str = "") -> errors.RoadsteadError:
    return errors.error(Problem(reasons.RECEIVER_REFUSED, cause, hint or reasons.RECEIVER_REFUSED.remedy))


def _told(failure: BaseException) -> str:
    """What happened, without where: what libraries say of it holds the address."""
    number = getattr(getattr(failure, "os_error", failure), "errno", None)
    return os.strerror(number).lower() if number and number > 0 else type(failure).__name__


def _seconds(text: str) -> float | None:
    """Retry-After: seconds, or a date."""
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_PAUSE)
    try:
        until = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return min(max(0.0, (until - datetime.now(UTC)).total_seconds()), _LONGEST_PAUSE)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None
