"""The inventory before, during and after a step.

Pure. Before the first write it names everything the step may create, so that a step cut off at any moment
leaves nothing unknown; an object leaves it only when it is known to be gone, released or another's.
"""

from collections.abc import Collection, Mapping

from msgspec import structs
from msgspec.structs import replace

from roadstead.model.ids import ObjectId
from roadstead.model.inventory import Entry, Inventory, short
from roadstead.model.live import Live
from roadstead.model.manifests import Manifest
from roadstead.model.plan import Action, Change, Plan
from roadstead.objects import ownership
from roadstead.stages.apply.cluster import Object
from roadstead.stages.apply.work import WRITING


def forgotten(change: Change, owned: Inventory) -> bool:
    """Whether the plan found that the object is not ours any more: gone, or somebody else's."""
    return change.manifest is None and change.action is Action.SKIP and change.id in owned.entries


def found(change: Change, owned: Inventory) -> bool:
    """Whether the plan found an object of ours that the inventory has lost."""
    return (
        change.manifest is not None and change.action is Action.UNCHANGED and change.id not in owned.entries
    )


def union(inventory: Inventory, plan: Plan) -> Inventory:
    """With everything that will be written, and where that leads to."""
    entries = dict(inventory.entries)
    for change in plan.changes:
        if change.manifest is not None and change.action in WRITING:
            entries.setdefault(change.id, Entry(change.id, api_version=change.manifest.api_version))
    if entries == inventory.entries and plan.digest == inventory.parent.released:
        return inventory
    parent = replace(inventory.parent, key=plan.key, released=plan.digest, commit=plan.revision)
    return Inventory(parent, entries)


def after(
    inventory: Inventory,
    plan: Plan,
    *,
    written: Mapping[ObjectId, Entry],
    gone: Collection[ObjectId],
    complete: bool,
) -> Inventory:
    """What holds once the step is over. What failed keeps the entry it had."""
    entries = {one: entry for one, entry in inventory.entries.items() if one not in gone}
    for change in plan.changes:
        if forgotten(change, inventory):
            entries.pop(change.id, None)
        elif change.action is Action.UNCHANGED and change.live and change.manifest:
            entries[change.id] = _seen(change.manifest, change.live)
    entries |= written
    for one, entry in entries.items():
        before = inventory.entries.get(one)
        if before and before.failed and before.uid == entry.uid:
            entries[one] = structs.replace(entry, failed=True)
    applied = plan.digest if complete else inventory.parent.applied
    return Inventory(replace(inventory.parent, applied=applied), entries)


def remembering(inventory: Inventory, failed: Collection[ObjectId]) -> Inventory:
    """With the Jobs that were seen to fail."""
    noted = {
        one: structs.replace(entry, failed=True) for one, entry in inventory.entries.items() if one in failed
    }
    return replace(inventory, entries={**inventory.entries, **noted})


def entry(manifest: Manifest, answer: Object) -> Entry:
    """What we know of an object that the server just answered."""
    return Entry(
        id=manifest.id,
        uid=answer["metadata"]["uid"],
        applied=short(manifest.digest),
        signature=ownership.signature(answer),
        mark=ownership.mark(answer),
        api_version=manifest.api_version,
    )


def _seen(manifest: Manifest, live: Live) -> Entry:
    """The plan found the values as they should be: what it saw is the new yardstick."""
    return Entry(
        id=manifest.id,
        uid=live.uid,
        applied=short(manifest.digest),
        signature=live.signature,
        mark=live.mark,
        api_version=manifest.api_version,
    )


def same(one: Inventory, other: Inventory) -> bool:
    """Whether nothing that is stored differs."""
    return one.parent == other.parent and one.entries == other.entries
