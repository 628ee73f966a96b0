"""managedFields of API objects: who owns which fields, kept through every write.

Around `merge.managing`, which knows the rules of merging, stand those of the API: entries are identified by
manager, operation and subresource (and version, for updates); some metadata belongs to nobody; times are
whole seconds; updaters beyond ten become `ancient-changes`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from roadstead.sim import status, takeover
from roadstead.sim.kinds import Kind
from roadstead.sim.merge import checking, comparing, fields, managing, pathing
from roadstead.sim.merge.fields import EMPTY, Fields
from roadstead.sim.merge.managing import Owned
from roadstead.sim.schema import builtin, completing

_SERVER_SET = (
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "generation",
    "managedFields",
    "resourceVersion",
)
UNOWNED: Fields = {
    "f:apiVersion": {},
    "f:kind": {},
    "f:metadata": {".": {}, **{f"f:{key}": {} for key in _SERVER_SET}},
}
UPDATERS = 10
REPLICAS: Fields = {"f:spec": {"f:replicas": {}}}

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes: the manager's name, through which subresource, and when. `forgetful`: a write whose owners cannot
    be told leaves none, instead of those before."""

    manager: str
    subresource: str
    now: str
    forgetful: bool = False

    def ident(self, operation: str, version: str) -> str:
        return _ident(self.manager, operation, version, self.subresource)


def _ident(manager: str, operation: str, version: str, subresource: str) -> str:
    return "\n".join((manager, operation, "" if operation == "Apply" else version, subresource))


def decode(entries: Any) -> tuple[dict[str, Owned], dict[str, str]]:
    """Owners and their times. Raises ValueError for entries that no server wrote."""
    owners: dict[str, Owned] = {}
    times: dict[str, str] = {}
    for entry in entries or ():
        operation, version = entry.get("operation"), entry.get("apiVersion")
        if operation not in ("Apply", "Update") or not version or entry.get("fieldsType") != "FieldsV1":
            raise ValueError(f"no such entry: {operation} {version}")
        name = _ident(entry.get("manager", ""), operation, version, entry.get("subresource", ""))
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


def update(
    kind: Kind,
    live: dict[str, Any] | None,
    new: dict[str, Any],
    *,
    writer: Writer,
    resets: Mapping[str, Fields],
) -> dict[str, Any]:
    """The new object with its entries: the writer owns what he changed."""
    owners, times = _known(live, new, subresource=bool(writer.subresource))
    if live is not None and not owners:
        return _bare(new)  # nobody has applied it yet: the next apply will own up for all before
    if writer.subresource == "scale" and not any(_scales(owned) for owned in owners.values()):
        return _with_entries(
            new, encode(owners, times)
        )  # a Scale that nobody owns a field of is not followed
    before = _bare(live) if live is not None else _nothing(kind)
    after = _bare(new)
    manager = managing.Manager(kind, resets)
    try:
        owners = manager.update(before, after, version=kind.api_version, owners=owners, manager="")
    except pathing.MergeError:  # validation may say what is wrong
        entries = (live or {}).get("metadata", {}).get("managedFields")
        return _with_entries(new, entries if entries and not writer.forgetful else [])
    mine = owners.pop("", None)
    changed = fields.difference(mine.fields, UNOWNED) if mine else EMPTY
    if changed:
        name = writer.ident("Update", kind.api_version)
        previous = owners[name].fields if name in owners else EMPTY
        owners[name] = Owned(fields.union(changed, previous), kind.api_version)
        if writer.subresource != "scale":
            times[name] = writer.now
    if writer.subresource == "scale" and (new.get("spec") or {}).get("replicas") == 0:
        owners = _without(owners, REPLICAS)  # a Scale of none shows no replicas, so nobody owns them
    elif writer.subresource == "scale":
        owners = _split(owners, times)
    return _with_entries(new, encode(_capped(owners, times), times))


def apply(
    kind: Kind,
    live: dict[str, Any] | None,
    config: dict[str, Any],
    *,
    writer: Writer,
    force: bool,
    resets: Mapping[str, Fields],
) -> dict[str, Any]:
    """The object after an apply, defaults filled in. Raises ApiError for conflicts and what cannot be merged."""
    before = _bare(live) if live is not None else _nothing(kind)
    owners, times = _known(live, None, subresource=False)
    if live is not None and not owners and "managedFields" not in live.get("metadata", {}):
        owners, times = _before_first_apply(kind, before, writer.now, resets)
    for owned in owners.values():
        if kind.custom and kind.type(owned.version) is None:
            raise status.internal(f"request to convert CR to an invalid group/version: {owned.version}")
    crossed = any(owned.version != kind.api_version for owned in owners.values())
    name = writer.ident("Apply", kind.api_version)
    typed = _bare(config)
    manager = managing.Manager(kind, resets)
    try:
        checking.check(kind.shape.merge, typed)
        merged, owners = manager.apply(
            before, typed, version=kind.api_version, owners=owners, manager=name, force=force
        )
    except pathing.MergeError as error:
        raise _no_typed(kind, config, error) from error
    except managing.Conflict as conflict:
        left = conflict.fields
        if writer.manager == takeover.KUBECTL:
            left = takeover.disputed(kind, before, left)
        if left:
            raise _conflict(managing.Conflict(left), owners, times) from conflict
        merged, owners = manager.apply(
            before, typed, version=kind.api_version, owners=owners, manager=name, force=True
        )
    # What went through another version, because of who owns it there, may lack a default.
    same = comparing.equal(before, merged) or (
        crossed and comparing.equal(before, completing.complete(kind.shape, merged))
    )
    mine = owners.get(name)
    if mine is not None:
        kept = fields.difference(mine.fields, UNOWNED)
        owners[name] = Owned(kept, mine.version, applied=True)
        if not same:
            times[name] = writer.now
        if not kept:
            del owners[name]
    if not same:  # what did not change needs no defaults either
        merged = completing.complete(kind.shape, merged)
    if writer.manager == takeover.KUBECTL and live is not None:
        merged = takeover.followed(merged, typed)
    return _with_entries(merged, encode(owners, times))


def mergeable(kind: Kind, config: dict[str, Any]) -> status.ApiError | None:
    """The refusal of an apply that does not fit the merge rules, if it does not."""
    try:
        checking.check(kind.shape.merge, config)
    except pathing.MergeError as error:
        return _no_typed(kind, config, error)
    return None


def same_but_times(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether nothing happened, whatever the entries' times say."""
    if _bare(before) != _bare(after):
        return False
    left, right = before["metadata"].get("managedFields", []), after["metadata"].get("managedFields", [])
    return _timeless(left) == _timeless(right)


def _timeless(entries: list[Entry]) -> dict[str, Entry]:
    out: dict[str, Entry] = {}
    for each in filter(None, entries):
        name = _ident(
            each.get("manager", ""), each["operation"], each["apiVersion"], each.get("subresource", "")
        )
        while name in out:  # what a Scale splits
            name += "\nreplicas"
        out[name] = {key: value for key, value in each.items() if key != "time"}
    return out


def _known(
    live: dict[str, Any] | None, new: dict[str, Any] | None, *, subresource: bool
) -> tuple[dict[str, Owned], dict[str, str]]:
    """Entries that a client sends replace the stored ones; leaving them out, or sending nonsense, does not."""
    stored = (live or {}).get("metadata", {}).get("managedFields")
    sent = (new or {}).get("metadata", {}).get("managedFields") if not subresource else None
    if sent == [{}]:
        return {}, {}
    if sent:
        try:
            return decode(sent)
        except ValueError:
            pass
    try:
        return decode(stored)
    except ValueError:
        return {}, {}


def _nothing(kind: Kind) -> dict[str, Any]:
    """The object before it is there."""
    return {"metadata": {}} if kind.custom else builtin.zero(kind.shape)


def _bare(value: dict[str, Any]) -> dict[str, Any]:
    metadata = value.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return value
    return {**value, "metadata": {key: item for key, item in metadata.items() if key != "managedFields"}}


def _with_entries(value: dict[str, Any], entries: list[Entry]) -> dict[str, Any]:
    out = _bare(value)
    return {**out, "metadata": {**(out.get("metadata") or {}), "managedFields": entries}} if entries else out


def _before_first_apply(
    kind: Kind, live: dict[str, Any], now: str, resets: Mapping[str, Fields]
) -> tuple[dict[str, Owned], dict[str, str]]:
    manager = managing.Manager(kind, resets)
    found = manager.update(_nothing(kind), live, version=kind.api_version, owners={}, manager="before")
    name = _ident("before-first-apply", "Update", kind.api_version, "")
    mine = fields.difference(found["before"].fields, UNOWNED) if "before" in found else EMPTY
    return ({name: Owned(mine, kind.api_version)}, {name: now}) if mine else ({}, {})


def _without(owners: dict[str, Owned], gone: Fields) -> dict[str, Owned]:
    left = {
        name: Owned(fields.difference(owned.fields, gone), owned.version, owned.applied)
        for name, owned in owners.items()
    }
    return {name: owned for name, owned in left.items() if owned.fields}


def _scales(owned: Owned) -> bool:
    return "f:replicas" in owned.fields.get("f:spec", {})


def _split(owners: dict[str, Owned], times: dict[str, str]) -> dict[str, Owned]:
    """A Scale has its own view of who owns replicas, where updaters stand apart from what else they own."""
    out = dict(owners)
    for name, owned in owners.items():
        if owned.applied or not _scales(owned):
            continue
        rest = fields.difference(owned.fields, REPLICAS)
        if rest:
            out[name] = Owned(rest, owned.version)
            out[name + "\nreplicas"] = Owned(REPLICAS, owned.version)
        else:
            times.pop(name, None)
    return out


def _capped(owners: dict[str, Owned], times: dict[str, str]) -> dict[str, Owned]:
    updaters = [name for name, owned in owners.items() if not owned.applied]
    if len(updaters) <= UPDATERS:
        return owners
    updaters.sort(key=lambda name: (times.get(name, ""), name))
    out = dict(owners)
    for name in updaters[: len(updaters) - UPDATERS + 1]:
        owned = out.pop(name)
        bucket = _ident("ancient-changes", "Update", owned.version, "")
        held = out[bucket].fields if bucket in out else EMPTY
        out[bucket] = Owned(fields.union(held, owned.fields), owned.version)
        times[bucket] = max(times.get(bucket, ""), times.get(name, ""))
    return out


def _no_typed(kind: Kind, config: dict[str, Any], error: pathing.MergeError) -> status.ApiError:
    metadata = config.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    name = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
    problems = (
        error.problems[0]
        if len(error.problems) == 1
        else "errors:\n" + "\n".join(f"  {problem}" for problem in error.problems)
    )
    if problems.startswith("errors"):
        problems += "\n"
    what = f"{name}; {kind.group}/{kind.version}, Kind={kind.kind}"
    return status.internal(f"failed to create typed patch object ({what}): {problems}")


def _conflict(
    conflict: managing.Conflict, owners: Mapping[str, Owned], times: Mapping[str, str]
) -> status.ApiError:
    causes = []
    for name, held in conflict.fields.items():
        manager, operation, _, subresource = name.split("\n")
        who = f'"{manager}"' + (f' with subresource "{subresource}"' if subresource else "")
        if operation == "Update":
            who += f" using {owners[name].version}" + (f" at {times[name]}" if name in times else "")
        for path in fields.paths(held):
            text = "".join(checking.written(element) for element in path)
            causes.append((f"conflict with {who}", text))
    causes.sort(key=lambda cause: cause[0])
    if len(causes) == 1:
        listed = f"1 conflict: {causes[0][0]}: {causes[0][1]}"
    else:
        grouped: dict[str, list[str]] = {}
        for who, text in causes:
            grouped.setdefault(who.replace("conflict with", "conflicts with", 1), []).append(text)
        listed = f"{len(causes)} conflicts: " + "\n".join(
            f"{who}:\n" + "\n".join(f"- {text}" for text in texts)
            if len(texts) > 1
            else f"{who.replace('conflicts', 'conflict', 1)}: {texts[0]}"
            for who, texts in grouped.items()
        )
    told = [{"reason": "FieldManagerConflict", "message": who, "field": text} for who, text in causes]
    return status.ApiError(409, "Conflict", f"Apply failed with {listed}", {"causes": told})
