"""The answers of list requests: items stay undecoded, since most are looked at for a few fields only."""

from collections.abc import Iterator
from typing import Any

import msgspec
import orjson
from msgspec import Struct

from roadstead.model.facts import ApiResource


class _Metadata(Struct):
    resource_version: str = msgspec.field(default="", name="resourceVersion")
    resume: str = msgspec.field(default="", name="continue")


class Page(Struct):
    """One page as the server sent it."""

    kind: str = ""
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    items: list[msgspec.Raw] | None = None


_decoder = msgspec.json.Decoder(Page)


class Listing(Struct, frozen=True):
    """`items` are JSON (msgspec.Raw, read by msgspec, or by orjson through a memoryview). Those of
    built-in kinds lack apiVersion and kind, those of metadata lists carry PartialObjectMetadata's."""

    resource: ApiResource
    items: list[msgspec.Raw]
    resource_version: str

    def objects(self) -> Iterator[dict[str, Any]]:
        """Decoded one by one, each with its real apiVersion and kind."""
        for item in self.items:
            yield named(orjson.loads(memoryview(item)), self.resource)


def decode(body: bytes) -> Page:
    """Raises msgspec.DecodeError for what is no list."""
    return _decoder.decode(body)


def named(obj: dict[str, Any], resource: ApiResource) -> dict[str, Any]:
    """Partial metadata and list items say what they are."""
    return {**obj, "apiVersion": resource.api_version, "kind": resource.kind}
