"""Objects into the store and out of it, in the form that they are kept in; what the server does then is `reacting`."""

from typing import Any

import orjson

from roadstead.sim import creating, reacting, status
from roadstead.sim.kinds import Kind
from roadstead.sim.schema import completing, decoding
from roadstead.sim.writes import Write

LARGEST = 3 << 19  # bytes that a store takes of one object
LARGEST_MESSAGE = 2 << 20  # and that are sent to it at all

Value = dict[str, Any]


def put(write: Write, name: str, value: Value) -> bytes:
    """Into the store, unless it is a dry run. The bytes are what stands there."""
    store = write.cluster.store
    value = as_stored(write.kind, value)
    if write.kind.converter is not None:
        write.kind.shown(value)  # before anything is changed, for the answer will need it
    if write.dry_run:
        return orjson.dumps(_ordered(write.kind, value))
    value = {**value, "metadata": {**value["metadata"], "resourceVersion": str(store.next_version())}}
    data = orjson.dumps(_ordered(write.kind, value))
    if len(data) > LARGEST_MESSAGE:
        why = f"trying to send message larger than max ({len(data)} vs. {LARGEST_MESSAGE})"
        raise status.ApiError(500, "", f"rpc error: code = ResourceExhausted desc = {why}")
    if len(data) > LARGEST:
        raise status.ApiError(500, "", "etcdserver: request is too large")
    store.put(write.kind.storage, (write.namespace, name), data)
    write.cluster.unsettled.discard(value["metadata"]["uid"])
    reacting.stored(write.cluster, write.kind, value)
    return data


def as_stored(kind: Kind, value: Value) -> Value:
    """Only what the version knows that objects are kept in."""
    stored = kind.stored
    if stored is None or kind.conversion is not None:
        return value if not kind.custom else decoding.without(value, kind.shape)
    out: Value = completing.complete(
        stored.shape,
        decoding.without(creating.shown(stored, kind.convert(value, stored.api_version)), stored.shape),
    )
    return out


def gone(write: Write, value: Value) -> bytes:
    """Out of the store, unless it is a dry run. The bytes are the object as it went."""
    store = write.cluster.store
    if write.kind.converter is not None:
        value = as_stored(write.kind, value)
    if write.dry_run:
        return orjson.dumps(value)
    value = {**value, "metadata": {**value["metadata"], "resourceVersion": str(store.next_version())}}
    data = orjson.dumps(_ordered(write.kind, value))
    store.remove(write.kind.storage, (write.namespace, write.name), data)
    reacting.gone(write.cluster, write.kind)
    if write.kind.storage == creating.SERVICES:
        write.cluster.taken = None
    return data


def _ordered(kind: Kind, value: Value) -> Value:
    kind = kind.stored or kind
    value = value if kind.custom else completing.emptied(kind.shape, value)
    metadata = value["metadata"]
    if metadata.get("managedFields"):
        entries = [_sorted(each) for each in metadata["managedFields"]]
        value = {**value, "metadata": {**metadata, "managedFields": entries}}
    return {"kind": kind.kind, "apiVersion": kind.api_version} | value


def _sorted(entry: Value) -> Value:
    fields = orjson.dumps(entry["fieldsV1"], option=orjson.OPT_SORT_KEYS)
    return {**entry, "fieldsV1": orjson.Fragment(fields)}
