"""An inventory as Secrets, and back: one parent, and shards when the entries are many.

Pure. What a person may want to see of a parent stands in annotations, the entries are packed data.
An inventory that cannot be read to the last entry raises: reading less would make the next apply forget
objects, or adopt what is somebody else's.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import orjson
from msgspec.structs import replace

from roadstead.model.ids import Key, ObjectId
from roadstead.model.inventory import Entry, Inventory, Parent
from roadstead.world.inventory import codec, names

_PREFIX = "roadstead.dev/"
_POINTERS = ("writer", "released", "applied", "last_good", "commit", "run", "hold", "deletion")
_DEPENDS_ON = f"{_PREFIX}depends-on"
_MOST_NAMESPACES = 64 * 1024  # bytes of the annotation; all of an object's may hold 256 KiB


def encode(inventory: Inventory) -> dict[str, Any]:
    """The parent Secret. Shards must stand in the cluster before it names them."""
    parent = inventory.parent
    metadata: dict[str, Any] = {
        "name": parent.name,
        "namespace": names.NAMESPACE,
        "labels": {names.ID_LABEL: parent.id, names.FLEET_LABEL: names.fleet_label(parent.fleet)},
        "annotations": _annotations(inventory),
    }
    if parent.resource_version:
        metadata |= {"resourceVersion": parent.resource_version, "uid": parent.uid}
    if parent.shards:
        parts = codec.shards(inventory.entries, len(parent.shards))
        data = {
            "index": orjson.dumps(
                [[name, len(part)] for name, part in zip(parent.shards, parts, strict=True)]
            )
        }
    else:
        data = {"entries": codec.pack(inventory.entries.values())}
    return _secret(metadata, data)


def encode_shard(parent: Parent, name: str, entries: Mapping[ObjectId, Entry]) -> dict[str, Any]:
    labels = {names.SHARD_LABEL: parent.id, names.FLEET_LABEL: names.fleet_label(parent.fleet)}
    metadata = {"name": name, "namespace": names.NAMESPACE, "labels": labels}
    return _secret(metadata, {"entries": codec.pack(entries.values())}) | {"immutable": True}


def _secret(metadata: Mapping[str, Any], data: Mapping[str, bytes]) -> dict[str, Any]:
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "type": names.TYPE, "metadata": metadata, "data": encoded}


def _annotations(inventory: Inventory) -> dict[str, str]:
    parent, kinds = inventory.parent, {object_id.group_kind for object_id in inventory.entries}
    namespaces = {object_id.namespace for object_id in inventory.entries} - {"", names.NAMESPACE}
    annotations = {
        names.TOOLING_ANNOTATION: names.TOOLING,
        names.KINDS_ANNOTATION: ",".join(sorted(f"{k.kind}.{k.group}" if k.group else k.kind for k in kinds)),
        f"{_PREFIX}fleet": parent.fleet,
        f"{_PREFIX}bundle": parent.key.bundle,
        f"{_PREFIX}cluster": parent.key.cluster,
        f"{_PREFIX}epoch": str(parent.epoch),
    }
    listed = ",".join(sorted(namespaces))
    if listed and len(listed) < _MOST_NAMESPACES:
        annotations[names.NAMESPACES_ANNOTATION] = listed
    for pointer in _POINTERS:
        if value := getattr(parent, pointer):
            annotations[_PREFIX + pointer.replace("_", "-")] = value
    if parent.depends_on:
        annotations[_DEPENDS_ON] = ",".join(parent.depends_on)
    return annotations


def is_parent(secret: Mapping[str, Any]) -> bool:
    return names.ID_LABEL in secret["metadata"].get("labels", {})


def bundle_of(secret: Mapping[str, Any]) -> str:
    """The bundle whose parent this is, or "" when it does not say."""
    return str(secret["metadata"].get("annotations", {}).get(f"{_PREFIX}bundle", ""))


def decode(secret: Mapping[str, Any], shards: Mapping[str, Mapping[str, Any]]) -> Inventory:
    """The inventory of a parent; `shards` are all shards of its id, by name. ValueError says what is wrong."""
    parent = decode_parent(secret)
    if "index" not in secret.get("data", {}):
        return Inventory(_with_shards(parent, (), shards), _entries(secret))
    entries: dict[ObjectId, Entry] = {}
    index = _index(secret)
    for name, count in index:
        if name not in shards:
            raise ValueError(f"its shard {name} is gone")
        part = _entries(shards[name])
        if len(part) != count:
            raise ValueError(f"its shard {name} holds {len(part)} entries instead of {count}")
        entries |= part
    return Inventory(_with_shards(parent, tuple(name for name, _ in index), shards), entries)


def _with_shards(parent: Parent, used: tuple[str, ...], found: Mapping[str, object]) -> Parent:
    return replace(parent, shards=used, strays=tuple(sorted(set(found) - set(used))))


def decode_parent(secret: Mapping[str, Any]) -> Parent:
    """The parent alone, without what it holds. ValueError says what is wrong."""
    metadata = secret["metadata"]
    annotations = metadata.get("annotations", {})
    missing = [
        name for name in ("fleet", "bundle", "cluster", "epoch") if not annotations.get(_PREFIX + name)
    ]
    if missing:
        raise ValueError(f"its annotation {_PREFIX}{missing[0]} is missing")
    if annotations.get(names.TOOLING_ANNOTATION) != names.TOOLING:
        raise ValueError(
            f"its tooling is {annotations.get(names.TOOLING_ANNOTATION, 'not named')}, not {names.TOOLING}"
        )
    if metadata["labels"][names.ID_LABEL] != names.applyset_id(metadata["name"]):
        raise ValueError(f"its label {names.ID_LABEL} is not the one made from its name")
    if not annotations[f"{_PREFIX}epoch"].isdecimal():
        raise ValueError(f"its epoch is {annotations[f'{_PREFIX}epoch']!r}")
    return Parent(
        fleet=annotations[f"{_PREFIX}fleet"],
        key=Key(annotations[f"{_PREFIX}bundle"], annotations[f"{_PREFIX}cluster"]),
        name=metadata["name"],
        id=metadata["labels"][names.ID_LABEL],
        epoch=int(annotations[f"{_PREFIX}epoch"]),
        depends_on=tuple(filter(None, annotations.get(_DEPENDS_ON, "").split(","))),
        resource_version=metadata.get("resourceVersion", ""),
        uid=metadata.get("uid", ""),
        **{pointer: annotations.get(_PREFIX + pointer.replace("_", "-"), "") for pointer in _POINTERS},
    )


def _entries(secret: Mapping[str, Any]) -> dict[ObjectId, Entry]:
    return codec.unpack(_data(secret, "entries"))


def _index(secret: Mapping[str, Any]) -> list[tuple[str, int]]:
    try:
        index = orjson.loads(_data(secret, "index"))
        return [(str(name), int(count)) for name, count in index]
    except (orjson.JSONDecodeError, TypeError) as error:
        raise ValueError("its index of shards cannot be read") from error


def _data(secret: Mapping[str, Any], key: str) -> bytes:
    value = secret.get("data", {}).get(key)
    if value is None:
        raise ValueError(f"its data has no key {key!r}")
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise ValueError(f"its data {key!r} is not base64") from error
