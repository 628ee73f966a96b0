"""Read a watch: lines of JSON, one event each, arriving in chunks of any size. Pure but for decoding."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
from msgspec import Struct

from roadstead.model.facts import ApiResource
from roadstead.world.kube.listing import named


class WatchEvent(Struct, frozen=True):
    """`type` is ADDED, MODIFIED, DELETED or BOOKMARK. A bookmark's object holds a resourceVersion only.
    DELETED may also mean that the object left the selector, or that the server forgot some events."""

    type: str
    object: dict[str, Any]
    resource_version: str


async def lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Whole lines; what follows the last newline is dropped, as the event in it never ended. A line in many
    chunks is joined once, however long it is."""
    pending: list[bytes] = []
    async for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for end in ended:
            line = b"".join((*pending, end)) if pending else end
            pending.clear()
            if line:
                yield line
        if rest:
            pending.append(rest)


def event(line: bytes, resource: ApiResource) -> WatchEvent:
    """Raises orjson.JSONDecodeError or KeyError for what is no event. An ERROR event keeps its Status."""
    read = orjson.loads(line)
    obj = read["object"]
    version = (obj.get("metadata") or {}).get("resourceVersion", "")
    if read["type"] == "ERROR":
        return WatchEvent("ERROR", obj, "")
    return WatchEvent(read["type"], named(obj, resource), version)
