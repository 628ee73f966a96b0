"""Deployments: a ReplicaSet for each template there was, and pods moved from the old to the new.

What is said of it in status and conditions is `progress`.
"""

from collections.abc import Iterable
from typing import Any

from roadstead.sim.controllers import progress, rollouts, selecting, templates
from roadstead.sim.controllers.events import (
    Controller,
    Event,
    controller,
    its_controller,
    itself,
    key_of,
    reference,
)
from roadstead.sim.controllers.replicasets import PODS, REPLICA_SETS
from roadstead.sim.controllers.world import World
from roadstead.sim.store import Key

Value = dict[str, Any]

NAME = "deployment"
DEPLOYMENTS = ("apps", "deployments")


def _sync(world: World, key: Key) -> None:
    found = world.get(DEPLOYMENTS, key)
    if found is None:
        return
    sets = world.controlled(REPLICA_SETS, found)
    if found["metadata"].get("deletionTimestamp"):
        progress.report(world, found, templates.newest(found, sets), sets, rolls=False)
        return
    sets += _adopted(world, found)
    found = progress.paused(world, found)
    if found["spec"].get("paused") or _resized(found, sets):
        _resize(world, found, templates.newest(found, sets), sets)
        sets = world.controlled(REPLICA_SETS, found)
        progress.report(world, found, templates.newest(found, sets), sets, rolls=False)
    elif (found["spec"].get("strategy") or {}).get("type") == "Recreate":
        _recreate(world, found, sets)
    else:
        _roll(world, found, sets)


def _roll(world: World, found: Value, sets: list[Value]) -> None:
    found, new = _current(world, found, sets)
    if new is not None:
        old = [each for each in sets if each["metadata"]["uid"] != new["metadata"]["uid"]]
        _scale(world, found, new, rollouts.new_size(found, new, old))
        new = world.get(REPLICA_SETS, key_of(new)) or new
        old.sort(key=lambda each: each["metadata"]["creationTimestamp"])
        for each, size in zip(old, rollouts.old_sizes(found, new, old), strict=True):
            _scale(world, found, each, size)
    _finish(world, found, new)


def _recreate(world: World, found: Value, sets: list[Value]) -> None:
    """Nothing new before the last pod of the old is gone."""
    new = templates.newest(found, sets)
    old = [each for each in sets if new is None or each["metadata"]["uid"] != new["metadata"]["uid"]]
    for each in old:
        _scale(world, found, each, 0)
    if any(world.controlled(PODS, each) for each in old):
        _finish(world, found, new)
        return
    found, new = _current(world, found, sets)
    if new is not None:
        _scale(world, found, new, found["spec"].get("replicas", 1))
    _finish(world, found, new)


def _finish(world: World, found: Value, new: Value | None) -> None:
    sets = world.controlled(REPLICA_SETS, found)
    new = world.get(REPLICA_SETS, key_of(new)) if new else None
    found = progress.report(world, found, new, sets, rolls=True)
    if new is not None and progress.complete(found, found["status"]):
        _clean(world, found, [each for each in sets if each["metadata"]["uid"] != new["metadata"]["uid"]])


def _current(world: World, found: Value, sets: list[Value]) -> tuple[Value, Value | None]:
    """The deployment with its revision, and the set of its template, made if need be."""
    new = templates.newest(found, sets)
    others = [each for each in sets if new is None or each["metadata"]["uid"] != new["metadata"]["uid"]]
    revision = str(max((templates.revision_of(each) for each in others), default=0) + 1)
    if new is None:
        new = templates.made(world, found, revision, others)
        if new is None:
            return found, None
        sets.append(new)
        found = progress.created(world, found, new["metadata"]["name"])
    else:
        annotations = templates.annotations_of(found, new, revision)
        changed = {**new["metadata"], "annotations": annotations}
        new = world.update(
            REPLICA_SETS,
            {
                **new,
                "metadata": changed,
                "spec": {**new["spec"], **templates.ready_seconds(found)},
            },
        )
        found = progress.found(world, found, new["metadata"]["name"])
    revision = new["metadata"]["annotations"][templates.REVISION]
    kept = found["metadata"].get("annotations") or {}
    if kept.get(templates.REVISION) != revision:
        metadata = {**found["metadata"], "annotations": {**kept, templates.REVISION: revision}}
        found = world.update(DEPLOYMENTS, {**found, "metadata": metadata}, below="status")
    return found, new


def _scale(world: World, found: Value, one: Value, size: int) -> None:
    annotations = one["metadata"].get("annotations") or {}
    if size == rollouts.size(one) and (not size or templates.sizes(found).items() <= annotations.items()):
        return
    metadata = {**one["metadata"], "annotations": {**annotations, **templates.sizes(found)}}
    world.update(REPLICA_SETS, {**one, "metadata": metadata, "spec": {**one["spec"], "replicas": size}})


def _resized(found: Value, sets: list[Value]) -> bool:
    """Whether somebody changed the number since the sets were sized."""
    wanted = str(found["spec"].get("replicas", 1))
    return any(_noted(each, templates.DESIRED) not in ("", wanted) for each in sets if rollouts.size(each))


def _noted(one: Value, name: str) -> str:
    return str((one["metadata"].get("annotations") or {}).get(name, ""))


def _resize(world: World, found: Value, new: Value | None, sets: list[Value]) -> None:
    """Only the number changes: of the one set that has pods, or of all in proportion."""
    wanted = found["spec"].get("replicas", 1)
    active = [each for each in sets if rollouts.size(each)]
    if len(active) <= 1:
        one = active[0] if active else new
        if one is not None:
            _scale(world, found, one, wanted)
    elif new is not None and rollouts.size(new) == wanted == rollouts.counted(new, "availableReplicas"):
        for each in active:
            _scale(world, found, each, wanted if each["metadata"]["uid"] == new["metadata"]["uid"] else 0)
    elif (found["spec"].get("strategy") or {}).get("type") != "Recreate":
        before = [int(_noted(each, templates.MOST) or rollouts.counted(found, "replicas")) for each in active]
        for each, size in zip(active, rollouts.proportional(found, active, before), strict=True):
            _scale(world, found, each, size)


def _clean(world: World, found: Value, old: list[Value]) -> None:
    empty = [
        each
        for each in old
        if not rollouts.size(each)
        and not rollouts.counted(each, "replicas")
        and not each["metadata"].get("deletionTimestamp")
    ]
    empty.sort(key=templates.revision_of)
    limit = found["spec"].get("revisionHistoryLimit", 10)
    for each in empty[: max(len(empty) - limit, 0)]:
        world.delete(REPLICA_SETS, each, policy="Background")


def _adopted(world: World, found: Value) -> list[Value]:
    out = []
    for each in selecting.unowned(world, REPLICA_SETS, found["metadata"]["namespace"], selecting.of(found)):
        if not each["metadata"].get("deletionTimestamp"):
            metadata = {**each["metadata"], "ownerReferences": [reference(found)]}
            out.append(world.update(REPLICA_SETS, {**each, "metadata": metadata}))
    return out


_controlled = its_controller("Deployment")


def _of_set(world: World, event: Event) -> Iterable[Key]:
    yield from _controlled(world, event)
    if not event.gone and controller(event.value) is None:
        yield from selecting.choosing(world, DEPLOYMENTS, event.value)


def _of_pod(world: World, event: Event) -> Iterable[Key]:
    """The last old pod that goes is what a recreating deployment waits for."""
    above = controller(event.value) if event.gone else None
    if above and above["kind"] == "ReplicaSet":
        one = world.get(REPLICA_SETS, (event.change.key[0], above["name"]))
        found = controller(one) if one else None
        if found and found["kind"] == "Deployment":
            yield event.change.key[0], found["name"]


CONTROLLER = Controller(NAME, _sync, {DEPLOYMENTS: itself, REPLICA_SETS: _of_set, PODS: _of_pod})
