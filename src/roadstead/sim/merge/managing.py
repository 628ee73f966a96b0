"""Apply and update: an object, who owns which of its fields, and what becomes of both.

Pure, and about nothing but the merge rules: what belongs to an API object (metadata that nobody owns, times,
limits) is left to the caller. The object and the owners passed in stay as they are.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from msgspec import Struct, field

from roadstead.sim.merge import checking, combining, comparing, contents, fields, removing, reshaping
from roadstead.sim.merge.comparing import Comparison
from roadstead.sim.merge.fields import EMPTY, Fields
from roadstead.sim.merge.types import Type


class Owned(Struct, frozen=True):
    """What one manager owns, in the schema of one version. `applied`: by apply, so that it may take away."""

    fields: Fields
    version: str
    applied: bool = False


Owners = Mapping[str, Owned]


class Conflict(Exception):
    """Others own fields that the apply would change."""

    def __init__(self, fields_by_manager: Mapping[str, Fields]) -> None:
        super().__init__(f"conflicts with {', '.join(fields_by_manager)}")
        self.fields = fields_by_manager


class Versions(Protocol):
    """The versions of one kind: their merge rules, and the same object in another of them."""

    def type(self, version: str) -> Type | None:
        """None for a version that is not known any more."""

    def convert(self, value: Any, version: str) -> Any: ...


class Manager(Struct, frozen=True):
    versions: Versions
    ignored: Mapping[str, Fields] = field(default_factory=dict)  # by version: fields that nobody ever owns

    def update(self, live: Any, new: Any, *, version: str, owners: Owners, manager: str) -> dict[str, Owned]:
        """The owners after somebody replaced `live` by `new`: he owns what he changed."""
        known = self._reshaped(owners)
        found = self._compare(live, new, version)
        rest = self._settle(live, new, known, manager, {version: found}, force=True)
        mine = known[manager].fields if manager in known else EMPTY
        mine = fields.union(fields.union(fields.difference(mine, found.removed), found.modified), found.added)
        mine = fields.difference(mine, self.ignored.get(version, EMPTY), below=True)
        rest.pop(manager, None)
        if mine:
            rest[manager] = Owned(mine, version)
        return rest

    def apply(
        self, live: Any, config: Any, *, version: str, owners: Owners, manager: str, force: bool
    ) -> tuple[Any, dict[str, Owned]]:
        """The object and its owners after an apply. Raises Conflict, unless forced."""
        known = self._reshaped(owners)
        kind = self._type(version)
        merged = combining.merge(kind, live, config)
        last = known.get(manager)
        mine = fields.difference(contents.fields(kind, config), self.ignored.get(version, EMPTY), below=True)
        known[manager] = Owned(mine, version, applied=True)
        if last is not None and (last.version != version or fields.difference(last.fields, mine)):
            merged = self._prune(merged, known, last, version)
        return merged, self._settle(live, merged, known, manager, {}, force=force)

    def _settle(
        self,
        live: Any,
        new: Any,
        owners: Owners,
        manager: str,
        compared: dict[str, Comparison],
        *,
        force: bool,
    ) -> dict[str, Owned]:
        """Take from the other managers what changed. `compared`: by version, as far as that was looked at."""
        conflicts: dict[str, Fields] = {}
        rest: dict[str, Owned] = {}
        for name, owned in owners.items():
            if name == manager:
                rest[name] = owned
                continue
            if self.versions.type(owned.version) is None:
                continue
            if owned.version not in compared:
                compared[owned.version] = self._compare(live, new, owned.version)
            found = compared[owned.version]
            if found.same:
                rest[name] = owned
                continue
            taken = fields.intersection(owned.fields, fields.union(found.modified, found.added))
            if taken:
                conflicts[name] = taken
            left = fields.difference(fields.difference(owned.fields, taken), found.removed)
            if left:
                rest[name] = Owned(left, owned.version, owned.applied)
        if conflicts and not force:
            raise Conflict(conflicts)
        return {name: owned for name, owned in rest.items() if owned.fields}

    def _compare(self, live: Any, new: Any, version: str) -> Comparison:
        kind = self._type(version)
        before, after = self._converted(live, version), self._converted(new, version)
        return comparing.compare(kind, before, after).without(self.ignored.get(version, EMPTY))

    def _prune(self, merged: Any, owners: Owners, last: Owned, version: str) -> Any:
        """Without what the manager applied before, applies no longer, and nobody else owns."""
        kind = self.versions.type(last.version)
        if kind is None:
            return merged
        whole = self._converted(merged, last.version)
        pruned = removing.remove(kind, whole, removing.with_containers(kind, last.fields))
        pruned = self._add_back_owned(whole, pruned, owners, last.version)
        pruned = _add_back_dangling(kind, whole, pruned, last)
        return self._converted(pruned, version)

    def _add_back_owned(self, merged: Any, pruned: Any, owners: Owners, first: str) -> Any:
        by_version: dict[str, Fields] = {first: EMPTY}
        for owned in owners.values():
            by_version[owned.version] = fields.union(by_version.get(owned.version, EMPTY), owned.fields)
        for version, owned_fields in by_version.items():
            kind = self.versions.type(version)
            if kind is None:
                continue
            merged, pruned = self._converted(merged, version), self._converted(pruned, version)
            kept = fields.union(_containers(kind, pruned), removing.with_containers(kind, owned_fields))
            pruned = removing.remove(kind, merged, fields.difference(_containers(kind, merged), kept))
        return self._converted(pruned, first)

    def _converted(self, value: Any, version: str) -> Any:
        """Raises MergeError for what has no place in that version."""
        converted = self.versions.convert(value, version)
        if converted is not value:
            checking.check(self._type(version), converted)
        return converted

    def _type(self, version: str) -> Type:
        kind = self.versions.type(version)
        if kind is None:
            raise KeyError(version)
        return kind

    def _reshaped(self, owners: Owners) -> dict[str, Owned]:
        out = {}
        for name, owned in owners.items():
            kind = self.versions.type(owned.version)
            if kind is None:
                continue
            now = reshaping.reshape(kind, owned.fields)
            out[name] = owned if now is owned.fields else Owned(now, owned.version, owned.applied)
        return out


def _containers(kind: Type, value: Any) -> Fields:
    return removing.with_containers(kind, contents.fields(kind, value))


def _add_back_dangling(kind: Type, merged: Any, pruned: Any, last: Owned) -> Any:
    """Items that went only because the map or list around them did, without ever having been the manager's."""
    gone = fields.difference(_containers(kind, merged), _containers(kind, pruned))
    return removing.remove(
        kind, merged, fields.intersection(gone, removing.with_containers(kind, last.fields))
    )
