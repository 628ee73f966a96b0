"""What copies of clusters are made of, and the file that keeps it. Values of Secrets are never in it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from roadstead.model import errors, reasons
from roadstead.model.errors import Place, Problem
from roadstead.world import blobs

FORMAT = 1
Object = dict[str, Any]


class Taken(Struct, frozen=True):
    """One cluster: `version` as it says itself, `notes` on what could not be read of it."""

    cluster: str
    version: str
    objects: list[Object]
    notes: list[str] = []


class Snapshot(Struct, frozen=True):
    format: int
    fleet: str
    taken: str  # RFC 3339
    clusters: Sequence[Taken]


_decoder = msgspec.json.Decoder(Snapshot)


def write(path: Path, snapshot: Snapshot) -> None:
    """Only its owner may read it: it tells how the clusters are built."""
    try:
        path.touch(mode=0o600)
        path.write_bytes(msgspec.json.encode(snapshot) + b"\n")
    except OSError as cause:
        raise blobs.unwritten(path, cause) from cause


def read(path: Path) -> Snapshot:
    try:
        found = _decoder.decode(path.read_bytes())
    except OSError as cause:
        raise _unusable(path, f"cannot be read: {cause.strerror}") from cause
    except msgspec.DecodeError as cause:
        raise _unusable(path, f"no snapshot: {cause}") from cause
    if found.format != FORMAT:
        raise _unusable(path, f"its format is {found.format}, this version reads {FORMAT}")
    return found


def _unusable(path: Path, cause: str) -> errors.RoadsteadError:
    hint = "take it with `roadstead rehearse --save-snapshot FILE`"
    return errors.error(Problem(reasons.BAD_ARGUMENT, cause, hint, place=Place(str(path))))
