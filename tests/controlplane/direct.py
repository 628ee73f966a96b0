"""Raw requests to an API server that do not go through the code under test."""

from __future__ import annotations

import ssl
from typing import Any

import aiohttp
import orjson


class RequestFailed(Exception):
    """An answer of 400 or more; `body` is its Status object, or its text."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"{status}: {body.get('message') if isinstance(body, dict) else body}")
        self.status = status
        self.body = body


async def send(
    method: str,
    url: str,
    body: object = None,
    *,
    tls: ssl.SSLContext | bool,
    token: str,
    content_type: str = "application/json",
    headers: dict[str, str] | None = None,
    timeout: float = 120.0,
) -> Any:
    """Send one request over a connection of its own and give the answer, parsed when it is JSON.

    Raises RequestFailed, or aiohttp.ClientError and TimeoutError when there is no answer.
    """
    sent = {"Authorization": f"Bearer {token}", "User-Agent": "tests", **(headers or {})}
    data = None
    if body is not None:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        sent["Content-Type"] = content_type
    connector = aiohttp.TCPConnector(ssl=tls)
    limit = aiohttp.ClientTimeout(total=timeout)
    async with (
        aiohttp.ClientSession(connector=connector, timeout=limit) as session,
        session.request(method, url, data=data, headers=sent) as response,
    ):
        content = await response.read()
    is_json = response.content_type == "application/json"
    answer = orjson.loads(content) if is_json else content.decode()
    if response.status >= 400:
        raise RequestFailed(response.status, answer)
    return answer
