"""An announcement as a Secret, and back: what a run is about to do with many bundles, named before its first write.

Pure. For each bundle it holds the parent as the run claims it, and the entries of objects of which no
inventory knows more than the name. It *stands* while its epoch is later than the one the parent was written
in: the parent's next write ends it, whether its Secret is deleted afterwards or not. Until then whoever reads
the inventory reads both as one.
"""

import base64
import binascii
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from roadstead.model.ids import ObjectId
from roadstead.model.inventory import Entry, Inventory, Parent
from roadstead.world.inventory import names

FORMAT = 1
MOST = 2_000  # bundles and entries in one Secret: 400 bytes each at worst, before they are packed


class Announcement(Struct, frozen=True):
    """`claims` holds by the parent's name what is claimed of it. Immutable, so `resource_version` tells which
    of two was first."""

    name: str
    uid: str
    resource_version: str
    claims: Mapping[str, Inventory]

    def stands(self, name: str, parent: Parent | None) -> bool:
        """Whether the parent is claimed, and `parent`, None if there is none, was not written since."""
        claim = self.claims.get(name)
        return claim is not None and (parent is None or claim.parent.epoch > parent.epoch)


class _Claim(Struct, array_like=True, frozen=True):
    parent: Parent
    entries: list[tuple[ObjectId, str]]  # and its apiVersion


class _Content(Struct, array_like=True, frozen=True):
    format: int
    claims: list[_Claim]


def unknown(owned: Inventory) -> Inventory:
    """What must be named before anything is written: the parent, and what nothing is known of but the name."""
    parent = replace(owned.parent, resource_version="", uid="", shards=(), strays=(), announcements=())
    return Inventory(parent, {one.id: one for one in owned.entries.values() if not one.uid})


def parts(claims: Iterable[Inventory]) -> Iterator[list[Inventory]]:
    """As many as fit into one Secret each; a large bundle is in several."""
    part: list[Inventory] = []
    room = MOST
    for claim in claims:
        for entries in _slices(claim.entries):
            if room < 1 + len(entries):
                yield part
                part, room = [], MOST
            part.append(replace(claim, entries=entries))
            room -= 1 + len(entries)
    if part:
        yield part


def _slices(entries: Mapping[ObjectId, Entry]) -> Iterator[dict[ObjectId, Entry]]:
    """At least one, and none larger than what fits beside its parent."""
    items = list(entries.items())
    for start in range(0, max(1, len(items)), MOST - 1):
        yield dict(items[start : start + MOST - 1])


def encode(name: str, fleet: str, claims: Iterable[Inventory]) -> dict[str, Any]:
    told = [
        _Claim(one.parent, [(each.id, each.api_version) for each in one.entries.values()]) for one in claims
    ]
    packed = zlib.compress(msgspec.msgpack.encode(_Content(FORMAT, told)), 1)
    labels = {names.ANNOUNCEMENT_LABEL: "true", names.FLEET_LABEL: names.fleet_label(fleet)}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": names.TYPE,
        "immutable": True,
        "metadata": {"name": name, "namespace": names.NAMESPACE, "labels": labels},
        "data": {"claims": base64.b64encode(packed).decode()},
    }


def is_announcement(secret: Mapping[str, Any]) -> bool:
    return names.ANNOUNCEMENT_LABEL in secret["metadata"].get("labels", {})


def decode(secret: Mapping[str, Any]) -> Announcement:
    """ValueError says what is wrong."""
    metadata = secret["metadata"]
    try:
        packed = base64.b64decode(secret.get("data", {})["claims"], validate=True)
        content = msgspec.msgpack.decode(zlib.decompress(packed), type=_Content)
    except (KeyError, binascii.Error, zlib.error, msgspec.DecodeError) as error:
        raise ValueError(f"its claims cannot be read: {error}") from error
    if content.format != FORMAT:
        raise ValueError(f"its claims are in format {content.format}, this version reads {FORMAT}")
    claims = {
        one.parent.name: Inventory(
            one.parent, {each: Entry(each, api_version=at) for each, at in one.entries}
        )
        for one in content.claims
    }
    return Announcement(metadata["name"], metadata["uid"], metadata["resourceVersion"], claims)


def merged(stored: Inventory | None, claims: Mapping[str, Inventory]) -> Inventory:
    """What is known of a parent with the `claims` that stand, by their announcements' names. Its shards are strays
    then: they do not hold what it holds."""
    ordered = sorted(claims.values(), key=lambda claim: claim.parent.epoch)
    now = stored.parent if stored else ordered[0].parent
    entries = stored.entries if stored else {}
    for claim in ordered:
        entries = {**claim.entries, **entries}
    parent = replace(
        ordered[-1].parent,
        resource_version=now.resource_version,
        uid=now.uid,
        strays=(*now.shards, *now.strays),
        announcements=tuple(claims),
    )
    return Inventory(parent, entries)
