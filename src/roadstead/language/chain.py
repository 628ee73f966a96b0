"""The chain of hashes that makes a writer's records tamper-evident: a record's canonical bytes and its link.

Pure. Each body names its writer, its sequence number (from 1, without gaps) and the hash before it, so a
record can be neither changed, moved, taken out nor carried into another chain without every later hash
changing. The version in the body names these rules: change them only together with it.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from roadstead.language import canonical
from roadstead.model.record import Linked, Record, RecordId

GENESIS = "0" * 64  # what stands before the first record of a chain
_VERSION = 1
_CHAINED = ("version", "writer", "sequence", "previous")


def link(record: Record, id: RecordId, previous: str) -> Linked:
    """The record as the next one of its chain. What is empty in it is left out of its body."""
    told = {name: value for name, value in msgspec.to_builtins(record).items() if value not in _EMPTY}
    if "objects" in told:
        told["objects"] = [_filled(one) for one in told["objects"]]
    place = {"version": _VERSION, "writer": id.writer, "sequence": id.sequence, "previous": previous}
    body = canonical.dumps(told | place)
    return Linked(id, previous, hash_of(previous, body), body, record)


def hash_of(previous: str, body: bytes) -> str:
    return hashlib.sha256(previous.encode() + b"\n" + body).hexdigest()


def read(body: bytes, hash: str) -> Linked:
    """A record as it was kept. Raises ValueError for a body that `link` did not write; whether `hash` is
    right is the verifier's question."""
    try:
        told: dict[str, Any] = orjson.loads(body)
        if not isinstance(told, dict) or told.get("version") != _VERSION:
            raise ValueError(f"the record is not in version {_VERSION}")
        record = msgspec.convert(
            {name: value for name, value in told.items() if name not in _CHAINED}, Record
        )
        id = RecordId(str(told["writer"]), int(told["sequence"]))
        return Linked(id, str(told["previous"]), hash, body, record)
    except (orjson.JSONDecodeError, msgspec.ValidationError, KeyError, TypeError) as cause:
        raise ValueError(f"the record cannot be read: {cause}") from cause


_EMPTY: tuple[object, ...] = (None, "", [], {})


def _filled(one: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in one.items() if value not in _EMPTY}
