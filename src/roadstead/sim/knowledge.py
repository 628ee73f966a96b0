"""What is known of a Kubernetes version: discovery, schemas, table columns, defaults, immutable fields.

Read once per process and minor, and shared by all clusters of that version: nobody edits it.
"""

import lzma
from functools import cache
from importlib import resources
from typing import Any

import orjson
from msgspec import Struct

REFERENCE = "#/components/schemas/"


class Knowledge(Struct, frozen=True, eq=False):
    version: dict[str, Any]  # of GET /version
    discovery: dict[
        str, list[dict[str, Any]]
    ]  # by root, `api` and `apis`: groups as aggregated discovery has them
    definitions: dict[str, dict[str, Any]]  # OpenAPI schemas by name
    shown: dict[str, list[str]]  # path below /openapi/v3 -> names of its schemas
    columns: dict[str, list[dict[str, Any]]]  # "apis/apps/v1/deployments" -> columns of its table
    defaults: dict[str, dict[str, dict[str, Any]]]  # definition -> field -> value, or cases by a neighbour
    dropped: frozenset[tuple[str, str]]  # definition and field whose empty value is not kept
    kept: frozenset[tuple[str, str]]  # those whose empty value was seen to be kept
    immutable: dict[str, dict[str, str]]  # apiVersion/Kind -> field -> what the server says
    hidden: frozenset[tuple[str, str]]  # definition and field whose default in the schema is not stored
    versioned: frozenset[str]  # apiVersion/Kind of those whose replacement must name its version
    put_creates: frozenset[str]  # of those that a replacement creates
    statuses: dict[str, Any]  # by apiVersion/Kind: the status of a new object
    bootstrap: list[dict[str, Any]]  # objects that every cluster has from the beginning
    counted: frozenset[str]  # apiVersion/Kind of those that have metadata.generation

    def definition_of(self, group: str, version: str, kind: str) -> str:
        return _by_kind(self)[group, version, kind]


def supported() -> list[str]:
    """Minor versions, oldest first."""
    names = (entry.name for entry in resources.files("roadstead.sim.data").iterdir())
    found = [name.removesuffix(".json.xz") for name in names if name.endswith(".json.xz")]
    return sorted(found, key=lambda minor: tuple(map(int, minor.split("."))))


@cache
def load(minor: str) -> Knowledge:
    packed = (resources.files("roadstead.sim.data") / f"{minor}.json.xz").read_bytes()
    found = orjson.loads(lzma.decompress(packed))
    for key in ("dropped", "kept", "hidden"):
        found[key] = frozenset(map(tuple, found[key]))
    for key in ("versioned", "put_creates", "counted"):
        found[key] = frozenset(found[key])
    return Knowledge(**found)


@cache
def _by_kind(knowledge: Knowledge) -> dict[tuple[str, str, str], str]:
    return {
        (each["group"], each["version"], each["kind"]): name
        for name, schema in knowledge.definitions.items()
        for each in schema.get("x-kubernetes-group-version-kind", ())
    }
