"""Ask a cluster for its facts, and record them as files that offline plans read.

What passes by itself (patch releases aside) is not in the digest: when it was asked, which verbs a kind
has, the order of discovery. Kinds of a group that does not answer keep what was known of them, so that an
API service that is down for a minute does not render the fleet anew.

A record is a folder: <cluster>.json for each cluster, and schemas/<digest>.json, which equal clusters share.
"""

import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace

from roadstead.language import canonical
from roadstead.model import errors, reasons
from roadstead.model.errors import Place, Problem
from roadstead.model.facts import ApiResource, Facts, computed
from roadstead.world import blobs as blob_store
from roadstead.world import tasks
from roadstead.world.blobs import Blobs
from roadstead.world.kube.client import Client

_decoder = msgspec.json.Decoder(Facts)
_SCHEMAS = "schemas"


async def ask(client: Client, blobs: Blobs, *, before: Facts | None = None, whole: bool = True) -> Facts:
    """The schemas go into `blobs`, as far as they are known, or the `whole` of them. What discovery could not learn
    is told by `client.resources()`."""
    version = await client.version()  # alone, so that a cluster which lets nobody in says so once
    async with tasks.group() as start:
        discovering, describing = start(client.resources()), start(client.schema(blobs, whole=whole))
        identifying = start(client.identity())
    served, schemas = discovering.result(), describing.result()
    kept = [item for item in (before.resources if before else ()) if item.group in served.unavailable]
    known = {(item.group, item.version, item.kind) for item in served.items}
    resources = (*served.items, *(one for one in kept if (one.group, one.version, one.kind) not in known))
    return Facts(
        client.cluster,
        version,
        identity=identifying.result(),
        resources=resources,
        schemas=before.schemas if before and served.unavailable else schemas,
        recorded=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        digest=digest(version, resources),
        labels=computed(version),
    )


def digest(version: str, resources: Iterable[ApiResource]) -> str:
    """Of what renders may depend on."""
    rows = sorted([one.group, one.version, one.kind, one.namespaced, one.preferred] for one in resources)
    return canonical.digest_of([version, rows])


def write(folder: Path, facts: Facts, blobs: Blobs) -> None:
    """Each file is replaced in one step. Raises StalledError(DiskFull)."""
    ordered = sorted(facts.resources, key=lambda one: (one.group, one.kind, not one.preferred, one.version))
    record = replace(facts, resources=tuple(ordered))
    _replace(
        folder / f"{facts.cluster}.json", msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"
    )
    schemas = blobs.get(facts.schemas) if facts.schemas else None
    if schemas is not None:
        _replace(folder / _SCHEMAS / f"{facts.schemas}.json", schemas)


def read(folder: Path, blobs: Blobs) -> dict[str, Facts]:
    """All clusters of a record; their schemas go into `blobs`. Raises UsageError(BadDocument) for a file
    that is no record: a plan on half of the facts would mislead."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            facts = _decoder.decode(path.read_bytes())
        except (msgspec.DecodeError, OSError) as cause:
            hint = "record it again with `roadstead facts`"
            problem = Problem(reasons.BAD_DOCUMENT, f"no facts: {cause}", hint=hint, place=Place(str(path)))
            raise errors.error(problem) from cause
        found[facts.cluster] = facts
    for schemas in {facts.schemas for facts in found.values() if facts.schemas}:
        path = folder / _SCHEMAS / f"{schemas}.json"
        if blobs.get(schemas) is None and path.is_file():
            blobs.put(path.read_bytes())
    return found


def _replace(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(data)
        new = Path(file.name)
        new.chmod(0o644)
        new.replace(path)
    except OSError as cause:
        if cause.errno in blob_store.FULL:
            raise blob_store.disk_full(path.parent) from cause
        problem = Problem(
            reasons.BAD_ARGUMENT,
            f"cannot be written: {(cause.strerror or 'unknown').lower()}",
            hint="make the folder writable, or set XDG_STATE_HOME to one that is",
            place=Place(str(path)),
        )
        raise errors.error(problem) from cause
