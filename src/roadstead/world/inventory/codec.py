"""Entries as bytes: what an inventory's Secrets hold.

Pure. Rows of MessagePack, kinds and namespaces written once in tables, uids and hashes in binary, all of
it deflated. Two equal lists of entries need not give equal bytes (zlib differs between machines): compare
entries, not bytes.
"""

import functools
import sys
import uuid
import zlib
from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec import Struct

from roadstead.model.ids import ObjectId
from roadstead.model.inventory import Entry

FORMAT = 1
INLINE = 500  # entries that a parent holds itself; more go to shards
_IDS = 16_384  # names of objects that inventories of many clusters share in memory
_GENERATION = 4  # digits at most; a longer mark is a resourceVersion, which no other object has
PER_SHARD = 2_000  # on average; 44 bytes each when packed, 400 at worst, of 1 MiB


class _Row(Struct, array_like=True, frozen=True):
    kind: int
    namespace: int
    name: str
    uid: bytes
    applied: bytes
    signature: bytes
    mark: str
    failed: bool = False  # rows may end before it


class _Table(Struct, array_like=True, frozen=True):
    format: int
    kinds: list[tuple[str, str, str]]  # group, kind, apiVersion
    namespaces: list[str]
    digest_version: str
    rows: list[_Row]


def pack(entries: Iterable[Entry]) -> bytes:
    kinds: dict[tuple[str, str, str], int] = {}
    namespaces: dict[str, int] = {}
    ordered = sorted(entries, key=lambda entry: entry.id)
    version = next((entry.applied.partition(":")[0] for entry in ordered if entry.applied), "")
    rows = [
        _Row(
            kinds.setdefault((entry.id.group, entry.id.kind, entry.api_version), len(kinds)),
            namespaces.setdefault(entry.id.namespace, len(namespaces)),
            entry.id.name,
            _pack_uid(entry.uid),
            _pack_digest(entry.applied, version),
            _pack_hex(entry.signature),
            entry.mark,
            entry.failed,
        )
        for entry in ordered
    ]
    table = _Table(FORMAT, list(kinds), list(namespaces), version, rows)
    return zlib.compress(msgspec.msgpack.encode(table), 6)


def unpack(data: bytes) -> dict[ObjectId, Entry]:
    """Raises ValueError, saying what is wrong, on anything that `pack` did not write."""
    try:
        table = msgspec.msgpack.decode(zlib.decompress(data), type=_Table)
    except (zlib.error, msgspec.DecodeError) as error:
        raise ValueError(f"entries cannot be read: {error}") from error
    if table.format != FORMAT:
        raise ValueError(f"entries are in format {table.format}, this version reads {FORMAT}")
    try:
        entries = [_entry(row, table) for row in table.rows]
    except IndexError as error:
        raise ValueError("an entry names a kind or namespace that is not in the tables") from error
    return {entry.id: entry for entry in entries}


def _entry(row: _Row, table: _Table) -> Entry:
    """A thousand clusters have the same objects: what is equal in their inventories is one in memory."""
    group, kind, api_version = table.kinds[row.kind]
    return Entry(
        id=_id(group, kind, table.namespaces[row.namespace], row.name),
        uid=_text(row.uid, lambda binary: str(uuid.UUID(bytes=binary))),
        applied=sys.intern(_text(row.applied, lambda binary: f"{table.digest_version}:{binary.hex()}")),
        signature=sys.intern(_text(row.signature, bytes.hex)),
        mark=sys.intern(row.mark) if len(row.mark) <= _GENERATION else row.mark,
        api_version=sys.intern(api_version),
        failed=row.failed,
    )


@functools.lru_cache(maxsize=_IDS)
def _id(group: str, kind: str, namespace: str, name: str) -> ObjectId:
    return ObjectId(sys.intern(group), sys.intern(kind), sys.intern(namespace), name)


def shard_count(entries: int) -> int:
    """How many shards hold so many entries; 0: the parent holds them. A power of two, so that a growing
    bundle seldom moves entries between shards."""
    if entries <= INLINE:
        return 0
    return 1 << max(0, (entries - 1) // PER_SHARD).bit_length()


def shards(entries: Mapping[ObjectId, Entry], count: int) -> list[dict[ObjectId, Entry]]:
    """Entries by shard; an object's shard depends on its key alone. No shards, no parts."""
    if not count:
        return []
    parts: list[dict[ObjectId, Entry]] = [{} for _ in range(count)]
    for object_id, entry in entries.items():
        parts[zlib.crc32("\0".join(object_id).encode()) % count][object_id] = entry
    return parts


def _pack_uid(uid: str) -> bytes:
    try:
        parsed = uuid.UUID(uid)
    except ValueError:
        return _packed(uid)
    return _packed(uid, parsed.bytes if str(parsed) == uid else None)


def _pack_digest(digest: str, version: str) -> bytes:
    found, separator, value = digest.rpartition(":")
    return _packed(digest, _binary(value) if separator and found == version else None)


def _pack_hex(text: str) -> bytes:
    return _packed(text, _binary(text))


def _binary(text: str) -> bytes | None:
    """The bytes that these hexadecimal digits write; None when they would come back written otherwise."""
    try:
        binary = bytes.fromhex(text)
    except ValueError:
        return None
    return binary if binary.hex() == text else None


def _packed(text: str, binary: bytes | None = None) -> bytes:
    """A first byte tells whether text or its binary form follows; nothing stands for no text."""
    if not text:
        return b""
    return b"\0" + text.encode() if binary is None else b"\1" + binary


def _text(packed: bytes, of_binary: Callable[[bytes], str]) -> str:
    return of_binary(packed[1:]) if packed[:1] == b"\1" else packed[1:].decode()
