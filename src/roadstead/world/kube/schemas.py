"""A cluster's OpenAPI documents as one: all schemas by name, without prose and paths.

{"components": {"schemas": {name: schema}}}, canonical, so that equal clusters give equal bytes. Validation
finds a kind by its x-kubernetes-group-version-kind. Where two groups define one name, the first wins;
only API servers of different makers do that, for the metadata types that all share.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from roadstead.language import canonical
from roadstead.model import reasons
from roadstead.model.errors import RoadsteadError
from roadstead.world import tasks
from roadstead.world.blobs import Blobs

_AT_ONCE = 8
_FORMAT = 1  # of what is made of the documents here
_PROSE = ("description", "example", "externalDocs", "title")

Fetch = Callable[[str], Awaitable[dict[str, Any]]]


async def ask(fetch: Fetch, blobs: Blobs) -> str:
    """The document's digest; it is in `blobs`. One request when the index names what it, or that of another
    cluster, named before (its addresses hold hashes of what they lead to), else one for each group and
    version. A group that does not answer is left out: discovery has said so."""
    index = (await fetch("/openapi/v3")).get("paths") or {}
    addresses = [index[path]["serverRelativeURL"] for path in sorted(index)]
    key = f"openapi {_FORMAT} {' '.join(address.rpartition('/openapi/v3/')[2] for address in addresses)}"
    known = (blobs.kept(key) or b"").decode()
    if known and blobs.get(known) is not None:
        return known
    found = await tasks.each(addresses, lambda address: _schemas(fetch, address), limit=_AT_ONCE)
    schemas: dict[str, Any] = {}
    for each in found:
        for name, schema in (each or {}).items():
            schemas.setdefault(name, schema)
    digest = blobs.put(combine(schemas))
    if None not in found and all("hash=" in address for address in addresses):
        blobs.keep(key, digest.encode())
    return digest


async def _schemas(fetch: Fetch, address: str) -> dict[str, Any] | None:
    """None where the group does not answer."""
    try:
        document = await fetch(address)
    except RoadsteadError as error:
        if error.problem.reason in (reasons.UNREACHABLE, reasons.UNAUTHORIZED):
            raise
        return None
    return (document.get("components") or {}).get("schemas") or {}


def combine(schemas: dict[str, Any]) -> bytes:
    return canonical.dumps({"components": {"schemas": {name: _bare(one) for name, one in schemas.items()}}})


def _bare(schema: Any) -> Any:
    """A schema without prose. Properties may have any name, also that of a keyword."""
    if isinstance(schema, list):
        return [_bare(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key not in _PROSE}
    return {
        key: {name: _bare(one) for name, one in value.items()} if key == "properties" else _bare(value)
        for key, value in kept.items()
    }
