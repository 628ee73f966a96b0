"""A cluster's OpenAPI: all schemas by name, without prose and paths, as one document or as a table of documents.

A document is {"components": {"schemas": {name: schema}}}, canonical, so that equal clusters give equal bytes.
Validation finds a kind by its x-kubernetes-group-version-kind. Where two groups define one name, the first wins;
only API servers of different makers do that, for the metadata types that all share.

All documents are a tenth of a second of work for either side, and few of them are ever looked at: a run that comes
once takes the *table* alone, {"addresses": {path: address}}, and brings those of which it has objects (`bring`).
"""

import functools
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

import orjson

from roadstead.language import canonical
from roadstead.model import reasons
from roadstead.model.errors import RoadsteadError
from roadstead.world import tasks
from roadstead.world.blobs import Blobs

_AT_ONCE = 8
_FORMAT = 1  # of what is made of the documents here
_TABLE = b'{"addresses":'
_PROSE = ("description", "example", "externalDocs", "title")

Fetch = Callable[[str], Awaitable[dict[str, Any]]]


async def ask(fetch: Fetch, blobs: Blobs, *, whole: bool = True) -> str:
    """The document's digest; it is in `blobs`. One request when the index names what it, or that of another
    cluster, named before (its addresses hold hashes of what they lead to), else one for each group and
    version. A group that does not answer is left out: discovery has said so. Where it need not be `whole`, the
    table's digest, unless the document is known."""
    index = (await fetch("/openapi/v3")).get("paths") or {}
    table = {path: index[path]["serverRelativeURL"] for path in sorted(index)}
    addresses = list(table.values())
    is_hashed = all("hash=" in address for address in addresses)
    key = f"openapi {_FORMAT} {' '.join(address.rpartition('/openapi/v3/')[2] for address in addresses)}"
    known = (blobs.kept(key) or b"").decode()
    if known and blobs.get(known) is not None:
        return known
    if is_hashed and not whole:
        return blobs.put(canonical.dumps({"addresses": table}))
    found = await tasks.each(addresses, lambda address: _schemas(fetch, address), limit=_AT_ONCE)
    schemas: dict[str, Any] = {}
    for each in found:
        for name, schema in (each or {}).items():
            schemas.setdefault(name, schema)
    digest = blobs.put(combine(schemas))
    if None not in found and is_hashed:
        blobs.keep(key, digest.encode())
    return digest


async def bring(fetch: Fetch, blobs: Blobs, digest: str, versions: Collection[str]) -> None:
    """What a table leads to for these versions (`apps/v1`), as far as it is not known; of a document, nothing."""

    async def one(address: str) -> None:
        found = await _schemas(fetch, address)
        if found is not None:
            blobs.keep(_place(address), blobs.put(combine(found)).encode())

    addresses = _addresses(blobs, digest, versions)
    missing = (each for each in addresses if blobs.get(_known(blobs, each)) is None)
    await tasks.each(missing, one, limit=_AT_ONCE)


def documents(blobs: Blobs, digest: str, versions: Collection[str]) -> tuple[str, ...]:
    """The digests of the documents that have the schemas of these versions, as far as they are known."""
    if not digest or _table(blobs, digest) is None:
        return (digest,) if digest else ()
    known = (_known(blobs, address) for address in _addresses(blobs, digest, versions))
    return tuple(one for one in known if one)


def _addresses(blobs: Blobs, digest: str, versions: Collection[str]) -> list[str]:
    table = _table(blobs, digest) or {}
    paths = sorted(f"apis/{one}" if "/" in one else f"api/{one}" for one in versions)
    return [table[path] for path in paths if path in table]


def _table(blobs: Blobs, digest: str) -> Mapping[str, str] | None:
    """None of a document."""
    try:
        return _read(blobs, digest)
    except LookupError:
        return None


@functools.lru_cache(maxsize=256)
def _read(blobs: Blobs, digest: str) -> Mapping[str, str] | None:
    """Many bundles on many clusters ask for the same, and a document is a megabyte."""
    data = blobs.get(digest)
    if data is None:
        raise LookupError(digest)
    return orjson.loads(data)["addresses"] if data.startswith(_TABLE) else None


def _known(blobs: Blobs, address: str) -> str:
    """The digest of what an address leads to, if that is in `blobs`."""
    digest = (blobs.kept(_place(address)) or b"").decode()
    return digest if digest and blobs.has(digest) else ""


def _place(address: str) -> str:
    return f"openapi {_FORMAT} of {address.rpartition('/openapi/v3/')[2]}"


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
