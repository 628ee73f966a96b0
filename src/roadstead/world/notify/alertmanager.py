"""Prometheus Alertmanager: alerts as its API v2 takes them. Several addresses are several Alerts' business."""

from collections.abc import Sequence
from typing import Any

import aiohttp
import orjson

from roadstead.world.notify import http

_AT_ONCE = 500


async def send(
    session: aiohttp.ClientSession,
    url: str,
    alerts: Sequence[dict[str, Any]],
    *,
    token: str,
    deadline: float,
) -> None:
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    where = f"{url.rstrip('/')}/api/v2/alerts"
    for first in range(0, len(alerts), _AT_ONCE):
        body = orjson.dumps(alerts[first : first + _AT_ONCE])
        await http.send(session, "POST", where, body=body, headers=headers, deadline=deadline)
