"""A webhook: a CloudEvent in one POST, signed as Standard Webhooks says.

Signed are the message's id, the time of sending and the body, so that a receiver can tell what is forged, old, or
sent twice: a message that is sent again has the same id.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import aiohttp
import orjson

from roadstead.world.notify import http

_PREFIX = "whsec_"
_TYPE = "application/cloudevents+json; charset=utf-8"


async def send(
    session: aiohttp.ClientSession,
    url: str,
    event: Mapping[str, Any],
    *,
    key: str,
    now: datetime,
    deadline: float,
) -> None:
    """`key` empty: not signed."""
    body = orjson.dumps(event)
    headers = {"Content-Type": _TYPE, **signed(event["id"], body, key=key, now=now)}
    await http.send(session, "POST", url, body=body, headers=headers, deadline=deadline)


def signed(id: str, body: bytes, *, key: str, now: datetime) -> dict[str, str]:
    """The headers that go with a body."""
    stamp = str(int(now.timestamp()))
    headers = {"webhook-id": id, "webhook-timestamp": stamp}
    if key:
        digest = hmac.digest(_bytes(key), f"{id}.{stamp}.".encode() + body, hashlib.sha256)
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers


def _bytes(key: str) -> bytes:
    """A key as Standard Webhooks writes it (whsec_ and base64), or any text."""
    if not key.startswith(_PREFIX):
        return key.encode()
    try:
        return base64.b64decode(key.removeprefix(_PREFIX), validate=True)
    except binascii.Error as failure:
        raise http.refused("its key begins with whsec_ but is no base64 after it") from failure
