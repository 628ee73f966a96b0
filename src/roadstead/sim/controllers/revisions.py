"""Revisions of templates: their hashes, and the ControllerRevisions of StatefulSets and DaemonSets.

A hash has the form of the real one, not its value: nobody may rely on that.
"""

import hashlib
from typing import Any

import orjson

from roadstead.sim.controllers.events import reference
from roadstead.sim.controllers.world import World

Value = dict[str, Any]

REVISIONS = ("apps", "controllerrevisions")
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def hashed(value: Any, *, collisions: int = 0) -> str:
    digest = hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS) + bytes([collisions])).digest()
    number = str(int.from_bytes(digest[:4], "big")).zfill(10)
    return "".join(_LETTERS[int(each)] for each in number)


def current(world: World, owner: Value, *, label: str) -> Value:
    """The revision of the owner's template, made if need be, always the newest. `label` holds its hash."""
    known = world.controlled(REVISIONS, owner)
    data = {"spec": {"template": {**owner["spec"]["template"], "$patch": "replace"}}}
    highest = max((each["revision"] for each in known), default=0)
    same = next((each for each in known if each["data"] == data), None)
    if same is not None:
        if same["revision"] < highest:
            same = world.update(REVISIONS, {**same, "revision": highest + 1})
        return same
    mark = hashed(data)
    labels = (owner["spec"]["template"].get("metadata") or {}).get("labels") or {}
    metadata: Value = {
        "name": f"{owner['metadata']['name']}-{mark}",
        "namespace": owner["metadata"]["namespace"],
        "labels": {**labels, label: mark},
        "ownerReferences": [reference(owner)],
    }
    annotations = owner["metadata"].get("annotations")
    if annotations:
        metadata["annotations"] = annotations
    return world.create(REVISIONS, {"metadata": metadata, "data": data, "revision": highest + 1})


def trim(world: World, owner: Value, used: set[str]) -> None:
    """Forget the oldest beyond the limit that nothing uses."""
    idle = [each for each in world.controlled(REVISIONS, owner) if each["metadata"]["name"] not in used]
    idle.sort(key=lambda each: each["revision"])
    for each in idle[: max(len(idle) - owner["spec"].get("revisionHistoryLimit", 10), 0)]:
        world.delete(REVISIONS, each)


def template(revision: Value) -> Value:
    found = revision["data"]["spec"]["template"]
    return {key: item for key, item in found.items() if key != "$patch"}
