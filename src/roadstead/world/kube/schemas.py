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

_AT_ONCE = 8
_PROSE = ("description", "example", "externalDocs", "title")

Fetch = Callable[[str], Awaitable[dict[str, Any]]]


async def ask(fetch: Fetch) -> bytes:
    """One request per group and version. One that does not answer is left out: discovery has said so."""
    index = (await fetch("/openapi/v3")).get("paths") or {}
    addresses = [index[path]["serverRelativeURL"] for path in sorted(index)]
    schemas: dict[str, Any] = {}

    async def read(address: str) -> dict[str, Any]:
        try:
            document = await fetch(address)
        except RoadsteadError as error:
            if error.problem.reason in (reasons.UNREACHABLE, reasons.UNAUTHORIZED):
                raise
            return {}
        return (document.get("components") or {}).get("schemas") or {}

    for found in await tasks.each(addresses, read, limit=_AT_ONCE):
        for name, schema in found.items():
            schemas.setdefault(name, schema)
    return combine(schemas)


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
