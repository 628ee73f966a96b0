"""A chart's files on disk, made safe for Helm's engine; and what of a cluster a chart asks for.

Helm loads whatever a values.schema.json refers to, from any file or address: such schemas are taken out,
and it is said. Everything else that a template can read is inside the chart.
"""

import io
import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from roadstead.model.errors import Place, Problem, Severity
from roadstead.model.reasons import LEFT_OUT

_SCHEMA = "values.schema.json"
_KNOWN_DIALECTS = re.compile(r"^https?://json-schema\.org/(draft-\d+|draft/[\d-]+)/(hyper-)?schema#?$")
_CAPABILITIES = re.compile(rb"Capabilities\b(\s*\.\s*(\w+))?")


class Asks(Struct, frozen=True):
    """What templates may ask of the cluster: its version, and the APIs it serves."""

    version: bool
    apis: bool


def asks(files: Iterator[tuple[str, bytes]]) -> Asks:
    """Found by looking for the words, so it may be more than is used, never less."""
    version = apis = False
    for name, data in files:
        if name.endswith(".tgz"):
            below = asks((member.name, content) for member, content in _members(data))
            version, apis = version or below.version, apis or below.apis
        elif name.endswith("Chart.yaml"):
            version = version or b"kubeVersion" in data
        elif "templates/" in name or name.endswith((".tpl", ".txt")):
            words = {found[2] for found in _CAPABILITIES.finditer(data)}
            version = version or bool(words)
            apis = apis or bool(words - {b"KubeVersion", b"HelmVersion"})
    return Asks(version, apis)


def without_foreign_schemas(root: Path) -> list[Problem]:
    """Take out, in the folder or archive and in packed subcharts, schemas that refer to other files."""
    removed: list[str] = []
    for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
        if path.name == _SCHEMA and _is_foreign(path.read_bytes()):
            path.unlink()
            removed.append(str(path.relative_to(root)))
        elif path.suffix == ".tgz":
            data, below = _repacked(path.read_bytes())
            if below:
                path.write_bytes(data)
                removed += below
    cause = "the schema of the chart's values refers to other files, so values are not checked by it"
    hint = "copy what it refers to into the schema"
    return [Problem(LEFT_OUT, cause, hint, Severity.WARNING, Place(name)) for name in removed]


def _repacked(data: bytes) -> tuple[bytes, list[str]]:
    """The archive without foreign schemas, and the names of these."""
    removed: list[str] = []
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for member, found in _members(data):
            content = found
            if member.name.endswith(f"/{_SCHEMA}") and _is_foreign(content):
                removed.append(member.name)
                continue
            if member.name.endswith(".tgz"):
                content, below = _repacked(content)
                removed += below
                member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue(), removed


def _members(data: bytes) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    """The plain files of a packed chart; of what is no archive, none: Helm says it better."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:*") as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() else None
                if file is not None:
                    yield member, file.read()
    except (tarfile.TarError, OSError, EOFError):
        return


def _is_foreign(data: bytes) -> bool:
    try:
        schema = json.loads(data)
    except ValueError:
        return False
    return any(
        not _KNOWN_DIALECTS.match(target) if key == "$schema" else not target.startswith("#")
        for key, target in _references(schema)
    )


def _references(schema: Any) -> Iterator[tuple[str, str]]:
    if isinstance(schema, list):
        for item in schema:
            yield from _references(item)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key in ("$schema", "$ref", "$dynamicRef", "$recursiveRef") and isinstance(value, str):
                yield key, value
            yield from _references(value)
