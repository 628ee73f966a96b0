"""Changes, plans and inventories for tests of the pure parts."""

from typing import Any

from msgspec.structs import replace

from roadstead.model.ids import Key, ObjectId
from roadstead.model.inventory import Entry, Inventory, Parent, short
from roadstead.model.live import Live
from roadstead.model.plan import Action, Change, Plan
from roadstead.objects import canonical

KEY = Key("web", "prod")
PARENT = Parent(fleet="shop", key=KEY, name="p", id="applyset-x-v1", released="v1:old", applied="v1:old")


def obj(kind: str, name: str, namespace: str = "shop", **content: Any) -> dict[str, Any]:
    """`apps/v1/Deployment` or `v1/ConfigMap`."""
    api_version, _, short_kind = kind.rpartition("/")
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {}) | content.pop("metadata", {})
    return {"apiVersion": api_version, "kind": short_kind, "metadata": metadata, **content}


def change(action: Action, manifest: dict[str, Any] | None, *, live: bool = False, **fields: Any) -> Change:
    made = canonical.manifest(manifest) if manifest else None
    object_id = made.id if made else fields.pop("id")
    seen = Live(object_id, "uid", "7", "g1", PARENT.id, "sig") if live else None
    known = {"uid": "uid", "resource_version": "7"} if live else {}
    return Change(object_id, action, "because", made, live=seen, **(known | fields))


def plan(*changes: Change, digest: str = "v1:new", **fields: Any) -> Plan:
    return Plan(KEY, digest, "commit", PARENT, tuple(changes), **fields)


def entry(one: Change, **fields: Any) -> Entry:
    applied = short(one.manifest.digest) if one.manifest else "v1:x"
    known = {"uid": "uid", "applied": applied, "signature": "sig", "mark": "g1", "api_version": "v1"}
    return Entry(one.id, **(known | fields))


def owned(*entries: Entry, **parent: Any) -> Inventory:
    return Inventory(replace(PARENT, **parent), {one.id: one for one in entries})


def ids(*names: str) -> set[ObjectId]:
    """`ConfigMap/shop/a`"""
    found = set()
    for name in names:
        kind, *place = name.split("/")
        found.add(ObjectId("", kind, place[0] if len(place) == 2 else "", place[-1]))
    return found
