"""Garbage collection: what is owned goes with its last owner, or stays when its owner goes as an orphan's would.

A foreground deletion waits for what blocks it; an orphaning one first takes the owner out of what it owned.
"""

from collections.abc import Iterable
from typing import Any

from roadstead.sim.controllers.events import EVERYTHING, OWNED, Controller, Event
from roadstead.sim.controllers.world import World
from roadstead.sim.store import Key, Resource

Value = dict[str, Any]

NAME = "garbage"
FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"


def _concerned(world: World, event: Event) -> Iterable[Key]:
    """Keys here are of a resource and an object in it: both in one text, as names never hold a space."""
    data = event.change.after
    if data is None:
        uid = event.value["metadata"]["uid"]
        if uid in world.owned:
            world.departed.add(uid)
        for resource, key in world.owned.get(uid, ()):
            yield _key(resource, key)
        if OWNED in (event.change.last or b""):
            yield from _waiting(world, event)
    elif OWNED in data and event.change.before is None:
        yield _key(event.resource, event.change.key)
    elif b'"deletionTimestamp"' in data or event.owners_changed:
        if {ORPHAN, FOREGROUND} & {*_finalizers(event.value)}:
            yield _key(event.resource, event.change.key)
        yield from _waiting(world, event)


def _waiting(world: World, event: Event) -> Iterable[Key]:
    """Owners that may wait for what changed here."""
    for value in (event.before, event.value):
        for each in ((value or {}).get("metadata") or {}).get("ownerReferences") or ():
            found = _resource(world, each)
            if found is not None:
                resource, namespaced = found
                yield _key(resource, (event.change.key[0] if namespaced else "", each["name"]))


def _key(resource: Resource, key: Key) -> Key:
    return " ".join(resource), " ".join(key)


def _sync(world: World, key: Key) -> None:
    group, plural = key[0].split(" ")
    namespace, name = key[1].split(" ")
    resource = (group, plural)
    value = world.get(resource, (namespace, name))
    if value is None:
        return
    finalizers = _finalizers(value)
    if value["metadata"].get("deletionTimestamp") and FOREGROUND in finalizers:
        _foreground(world, resource, value)
    elif value["metadata"].get("deletionTimestamp") and ORPHAN in finalizers:
        _orphan(world, resource, value)
    elif value["metadata"].get("ownerReferences") and not value["metadata"].get("deletionTimestamp"):
        _owned(world, resource, value)


def _foreground(world: World, resource: Resource, value: Value) -> None:
    uid = value["metadata"]["uid"]
    blocked = False
    for which, key in [*world.owned.get(uid, ())]:
        found = world.get(which, key)
        if found is None:
            continue
        blocked = blocked or any(
            each["uid"] == uid and each.get("blockOwnerDeletion") for each in _references(found)
        )
        if not found["metadata"].get("deletionTimestamp"):
            world.call(NAME, _key(which, key))
    if not blocked:
        _finish(world, resource, value, FOREGROUND)


def _orphan(world: World, resource: Resource, value: Value) -> None:
    uid = value["metadata"]["uid"]
    for which, key in [*world.owned.get(uid, ())]:
        found = world.get(which, key)
        if found is not None:
            _disown(world, which, found, {uid})
    _finish(world, resource, value, ORPHAN)


def _owned(world: World, resource: Resource, value: Value) -> None:
    gone, waiting, solid = set(), set(), 0
    namespace = value["metadata"].get("namespace", "")
    for each in _references(value):
        known = _resource(world, each)
        if known is None and each["uid"] not in world.departed:
            solid += 1  # nobody can say that it is gone
            continue
        owner = world.get(known[0], (namespace if known[1] else "", each["name"])) if known else None
        if owner is None or owner["metadata"]["uid"] != each["uid"]:
            gone.add(each["uid"])
        elif owner["metadata"].get("deletionTimestamp") and FOREGROUND in _finalizers(owner):
            waiting.add(each["uid"])
        else:
            solid += 1
    if solid:
        if gone or waiting:
            _disown(world, resource, value, gone | waiting)
    elif gone or waiting:
        world.delete(resource, value, policy=_policy(world, value, foreground=bool(waiting)))


def _policy(world: World, value: Value, *, foreground: bool) -> str:
    if foreground and world.owned.get(value["metadata"]["uid"]):
        return "Foreground"
    finalizers = _finalizers(value)
    return "Orphan" if ORPHAN in finalizers else "Foreground" if FOREGROUND in finalizers else "Background"


def _disown(world: World, resource: Resource, value: Value, uids: set[str]) -> None:
    kept = [each for each in _references(value) if each["uid"] not in uids]
    metadata = {key: item for key, item in value["metadata"].items() if key != "ownerReferences"}
    if kept:
        metadata["ownerReferences"] = kept
    world.update(resource, {**value, "metadata": metadata})


def _finish(world: World, resource: Resource, value: Value, finalizer: str) -> None:
    kept = [each for each in _finalizers(value) if each != finalizer]
    world.update(resource, {**value, "metadata": {**value["metadata"], "finalizers": kept}})


def _resource(world: World, named: Value) -> tuple[Resource, bool] | None:
    kind = world.kind_named(named["apiVersion"], named["kind"])
    return (kind.storage, kind.namespaced) if kind else None


def _references(value: Value) -> list[Value]:
    return value["metadata"].get("ownerReferences") or []


def _finalizers(value: Value) -> list[str]:
    return value["metadata"].get("finalizers") or []


CONTROLLER = Controller(NAME, _sync, {EVERYTHING: _concerned})
