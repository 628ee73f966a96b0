"""managedFields as they stand in the metadata of an object: who is named how, in which order, and how many.

Entries are identified by manager, operation and subresource (and version, for updates); times are whole seconds;
updaters beyond ten become `ancient-changes`. What a write makes of them is `managed`.
"""

from collections.abc import Mapping
from typing import Any

from roadstead.sim.merge import fields
from roadstead.sim.merge.fields import EMPTY
from roadstead.sim.merge.managing import Owned

Entry = dict[str, Any]
UPDATERS = 10


def ident(manager: str, operation: str, version: str, subresource: str) -> str:
    return "\n".join((manager, operation, "" if operation == "Apply" else version, subresource))


def decode(entries: Any) -> tuple[dict[str, Owned], dict[str, str]]:
    """Owners and their times. Raises ValueError for entries that no server wrote."""
    owners: dict[str, Owned] = {}
    times: dict[str, str] = {}
    for entry in entries or ():
        operation, version = entry.get("operation"), entry.get("apiVersion")
        if operation not in ("Apply", "Update") or not version or entry.get("fieldsType") != "FieldsV1":
            raise ValueError(f"no such entry: {operation} {version}")
        name = ident(entry.get("manager", ""), operation, version, entry.get("subresource", ""))
        owners[name] = Owned(entry.get("fieldsV1") or EMPTY, version, operation == "Apply")
        if entry.get("time"):
            times[name] = entry["time"]
    return owners, times


def encode(owners: Mapping[str, Owned], times: Mapping[str, str]) -> list[Entry]:
    out = []
    for name, owned in owners.items():
        manager, operation, _, subresource = name.split("\n")[:4]
        entry: Entry = {"manager": manager, "operation": operation, "apiVersion": owned.version}
        if name in times:
            entry["time"] = times[name]
        entry |= {"fieldsType": "FieldsV1", "fieldsV1": owned.fields}
        if subresource:
            entry["subresource"] = subresource
        out.append(entry)
    out.sort(
        key=lambda each: (
            each["operation"],
            each.get("time", ""),
            each["manager"],
            each["apiVersion"],
            each.get("subresource", ""),
        )
    )
    return out


def capped(owners: dict[str, Owned], times: dict[str, str]) -> dict[str, Owned]:
    updaters = [name for name, owned in owners.items() if not owned.applied]
    if len(updaters) <= UPDATERS:
        return owners
    updaters.sort(key=lambda name: (times.get(name, ""), name))
    out = dict(owners)
    for name in updaters[: len(updaters) - UPDATERS + 1]:
        owned = out.pop(name)
        bucket = ident("ancient-changes", "Update", owned.version, "")
        held = out[bucket].fields if bucket in out else EMPTY
        out[bucket] = Owned(fields.union(held, owned.fields), owned.version)
        times[bucket] = max(times.get(bucket, ""), times.get(name, ""))
    return out


def bare(value: dict[str, Any]) -> dict[str, Any]:
    metadata = value.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return value
    return {**value, "metadata": {key: item for key, item in metadata.items() if key != "managedFields"}}


def with_entries(value: dict[str, Any], entries: list[Entry]) -> dict[str, Any]:
    out = bare(value)
    return {**out, "metadata": {**(out.get("metadata") or {}), "managedFields": entries}} if entries else out


def same_but_times(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether nothing happened, whatever the entries' times say."""
    if bare(before) != bare(after):
        return False
    left, right = before["metadata"].get("managedFields", []), after["metadata"].get("managedFields", [])
    return _timeless(left) == _timeless(right)


def _timeless(entries: list[Entry]) -> dict[str, Entry]:
    out: dict[str, Entry] = {}
    for each in filter(None, entries):
        name = ident(
            each.get("manager", ""), each["operation"], each["apiVersion"], each.get("subresource", "")
        )
        while name in out:  # what a Scale splits
            name += "\nreplicas"
        out[name] = {key: value for key, value in each.items() if key != "time"}
    return out
