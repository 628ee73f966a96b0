"""managedFields of API objects: who owns which fields, kept through every write.

Around `merge.managing`, which knows the rules of merging, stand those of the API: some metadata belongs to nobody,
what was there before the first apply belongs to somebody, a Scale shows but one field. How entries are written down is
`entries`, what is refused `refusing`.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from roadstead.sim import entries, refusing, status, takeover
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
REPLICAS: Fields = {"f:spec": {"f:replicas": {}}}


class Writer(Struct, frozen=True):
    """Who writes: the manager's name, through which subresource, and when. `forgetful`: a write whose owners cannot
    be told leaves none, instead of those before."""

    manager: str
    subresource: str
    now: str
    forgetful: bool = False

    def ident(self, operation: str, version: str) -> str:
        return entries.ident(self.manager, operation, version, self.subresource)


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
        return entries.bare(new)  # nobody has applied it yet: the next apply will own up for all before
    if writer.subresource == "scale" and not any(_scales(owned) for owned in owners.values()):
        return entries.with_entries(
            new, entries.encode(owners, times)
        )  # a Scale that nobody owns a field of is not followed
    before = entries.bare(live) if live is not None else _nothing(kind)
    after = entries.bare(new)
    manager = managing.Manager(kind, resets)
    try:
        if kind.custom:
            checking.check(kind.shape.merge, after, repeated=True)
        owners = manager.update(before, after, version=kind.api_version, owners=owners, manager="")
    except pathing.MergeError:  # validation may say what is wrong
        before_it = (live or {}).get("metadata", {}).get("managedFields")
        return entries.with_entries(new, before_it if before_it and not writer.forgetful else [])
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
    return entries.with_entries(new, entries.encode(entries.capped(owners, times), times))


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
    before = entries.bare(live) if live is not None else _nothing(kind)
    owners, times = _known(live, None, subresource=False)
    if live is not None and not owners and "managedFields" not in live.get("metadata", {}):
        owners, times = _before_first_apply(kind, before, writer, resets)
    for owned in owners.values():
        if kind.custom and kind.type(owned.version) is None:
            raise status.internal(f"request to convert CR to an invalid group/version: {owned.version}")
    crossed = any(owned.version != kind.api_version for owned in owners.values())
    name = writer.ident("Apply", kind.api_version)
    typed = entries.bare(config)
    manager = managing.Manager(kind, resets)
    _demand_mergeable(kind, typed)
    try:
        merged, owners = manager.apply(
            before, typed, version=kind.api_version, owners=owners, manager=name, force=force
        )
    except pathing.MergeError as error:  # in another version, that of who owns something
        raise status.internal(refusing.listed(error)) from error
    except managing.Conflict as conflict:
        left = conflict.fields
        if writer.manager == takeover.KUBECTL:
            left = takeover.disputed(kind, before, left)
        if left:
            raise refusing.conflict(managing.Conflict(left), owners, times) from conflict
        merged, owners = manager.apply(
            before, typed, version=kind.api_version, owners=owners, manager=name, force=True
        )
    # What went through another version, because of who owns it there, may lack a default; it is a change where the
    # configuration empties it.
    same = comparing.equal(before, merged) or (
        crossed and not _empties(typed) and comparing.equal(before, completing.complete(kind.shape, merged))
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
    return entries.with_entries(merged, entries.encode(owners, times))


def _empties(config: Any) -> bool:
    if isinstance(config, dict | list):
        return any(map(_empties, config.values() if isinstance(config, dict) else config))
    return config is None


def _demand_mergeable(kind: Kind, config: dict[str, Any]) -> None:
    refusal = refusing.mergeable(kind, config)
    if refusal is not None:
        raise refusal


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
            return entries.decode(sent)
        except ValueError:
            pass
    try:
        return entries.decode(stored)
    except ValueError:
        return {}, {}


def _nothing(kind: Kind) -> dict[str, Any]:
    """The object before it is there."""
    return {"metadata": {}} if kind.custom else builtin.zero(kind.shape)


def _before_first_apply(
    kind: Kind, live: dict[str, Any], writer: Writer, resets: Mapping[str, Fields]
) -> tuple[dict[str, Owned], dict[str, str]]:
    manager = managing.Manager(kind, resets)
    found = manager.update(_nothing(kind), live, version=kind.api_version, owners={}, manager="before")
    name = entries.ident("before-first-apply", "Update", kind.api_version, writer.subresource)
    mine = fields.difference(found["before"].fields, UNOWNED) if "before" in found else EMPTY
    return ({name: Owned(mine, kind.api_version)}, {name: writer.now}) if mine else ({}, {})


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
