"""The objects a bundle owns on a cluster, and the parent object there that says so.

Kept in the cluster itself (design.md section 4). `Entry` is what we knew of an object when we last
wrote it; comparing it with what a list says now tells, without a further request, whether anything
may have changed (correctness.md, Drift).
"""

import sys
from collections.abc import Mapping

from msgspec import Struct, field

from roadstead.model.ids import Key, ObjectId


def short(digest: str) -> str:
    """A digest as inventories keep it: the version and 96 of the 256 bits."""
    version, _, value = digest.rpartition(":")
    return sys.intern(f"{version}:{value[:24]}")  # one for as many clusters as have it


class Entry(Struct, frozen=True, gc=False):
    """`applied` is `short(digest)` of the manifest last applied, `signature` of our managedFields entry
    then, `mark` the generation or resourceVersion then. All three are empty while a write is under way.
    `failed` are Jobs that were seen to fail: should a TTL remove one, it did not run."""

    id: ObjectId
    uid: str = ""
    applied: str = ""
    signature: str = ""
    mark: str = ""
    api_version: str = ""
    failed: bool = False


class Parent(Struct, frozen=True):
    """The parent's own facts. `epoch` grows by one with each writer that takes over; writes are
    compare-and-swap on `resource_version` (empty: it does not exist yet). A renamed bundle keeps the
    parent's `name`, and with it `id`, so that its objects need no new label. `depends_on` are the bundles
    that must outlive this one, still known when Git has forgotten both; so is `deletion`, "orphan" where the
    bundle's objects are to stay when it goes. `shards` are the Secrets that
    hold the entries (none: the parent itself does), `strays` those that an interrupted write left behind,
    `announcements` those of runs under way, or dead, whose claims are in what was read."""

    fleet: str
    key: Key
    name: str  # of the Secret
    id: str  # applyset-…-v1, the value of members' part-of label
    writer: str = ""
    epoch: int = 0
    released: str = ""
    applied: str = ""
    last_good: str = ""
    commit: str = ""
    run: str = ""
    hold: str = ""
    deletion: str = ""
    depends_on: tuple[str, ...] = ()
    resource_version: str = ""
    uid: str = ""
    shards: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()
    announcements: tuple[str, ...] = ()


class Inventory(Struct, frozen=True):
    parent: Parent
    entries: Mapping[ObjectId, Entry] = field(default_factory=dict)
