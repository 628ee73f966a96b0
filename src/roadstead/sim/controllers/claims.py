"""PersistentVolumeClaims and volumes: bound to made-up volumes where there are nodes, protected as long as used."""

from collections.abc import Iterable
from typing import Any

from roadstead.sim.controllers import needs
from roadstead.sim.controllers.events import Controller, Event, itself
from roadstead.sim.controllers.needs import CLAIMS
from roadstead.sim.controllers.replicasets import PODS
from roadstead.sim.controllers.world import World
from roadstead.sim.store import Key

Value = dict[str, Any]

CLAIM, VOLUME = "claim", "volume"
VOLUMES = ("", "persistentvolumes")
CLAIM_PROTECTION, VOLUME_PROTECTION = "kubernetes.io/pvc-protection", "kubernetes.io/pv-protection"
BOUND = {"pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes"}
DRIVER = "simulated"


def _sync_claim(world: World, key: Key) -> None:
    claim = world.get(CLAIMS, key)
    if claim is None:
        return
    if claim["metadata"].get("deletionTimestamp"):
        if not _used(world, claim):
            _unprotect(world, CLAIMS, claim, CLAIM_PROTECTION)
    elif world.machines.nodes and (claim.get("status") or {}).get("phase") != "Bound":
        _bind(world, claim)


def _used(world: World, claim: Value) -> bool:
    namespace, name = claim["metadata"]["namespace"], claim["metadata"]["name"]
    for pod in world.all(PODS, namespace):
        over = pod["status"].get("phase") in ("Succeeded", "Failed")
        if not over and pod["spec"].get("nodeName") and name in needs.claims(pod):
            return True
    return False


def _unprotect(world: World, resource: tuple[str, str], value: Value, finalizer: str) -> None:
    kept = [each for each in value["metadata"].get("finalizers") or () if each != finalizer]
    world.update(resource, {**value, "metadata": {**value["metadata"], "finalizers": kept}})


def _bind(world: World, claim: Value) -> None:
    spec = claim["spec"]
    if spec.get("storageClassName") == "" and not spec.get("volumeName"):
        return  # it wants a volume that somebody makes by hand
    name = spec.get("volumeName") or f"pvc-{claim['metadata']['uid']}"
    volume = world.get(VOLUMES, ("", name)) or _volume(world, claim, name)
    annotations = {**(claim["metadata"].get("annotations") or {}), **BOUND}
    metadata = {**claim["metadata"], "annotations": annotations}
    claim = world.update(CLAIMS, {**claim, "metadata": metadata, "spec": {**spec, "volumeName": name}})
    status = {
        "phase": "Bound",
        "accessModes": spec.get("accessModes"),
        "capacity": volume["spec"]["capacity"],
    }
    world.report(CLAIMS, claim, status)


def _volume(world: World, claim: Value, name: str) -> Value:
    spec, metadata = claim["spec"], claim["metadata"]
    made = {
        "capacity": spec["resources"]["requests"],
        "accessModes": spec["accessModes"],
        "persistentVolumeReclaimPolicy": "Delete",
        "volumeMode": spec.get("volumeMode", "Filesystem"),
        "csi": {"driver": DRIVER, "volumeHandle": name},
        "claimRef": {
            "kind": "PersistentVolumeClaim",
            "apiVersion": "v1",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
        },
    }
    if spec.get("storageClassName"):
        made["storageClassName"] = spec["storageClassName"]
    annotations = {"pv.kubernetes.io/provisioned-by": DRIVER}
    return world.create(VOLUMES, {"metadata": {"name": name, "annotations": annotations}, "spec": made})


def _sync_volume(world: World, key: Key) -> None:
    """A volume is available, bound, or released; a made-up one goes with its claim."""
    volume = world.get(VOLUMES, key)
    if volume is None:
        return
    named = volume["spec"].get("claimRef")
    claim = world.get(CLAIMS, (named["namespace"], named["name"])) if named else None
    there = claim is not None and claim["metadata"]["uid"] == named.get("uid", claim["metadata"]["uid"])
    phase = "Bound" if there else "Released" if named and named.get("uid") else "Available"
    if volume["metadata"].get("deletionTimestamp"):
        if not there:
            _unprotect(world, VOLUMES, volume, VOLUME_PROTECTION)
        return
    if (volume.get("status") or {}).get("phase") != phase:
        changed = {"phase": phase, "lastPhaseTransitionTime": world.cluster.now()}
        volume = world.report(VOLUMES, volume, changed)
    if phase == "Released" and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
        world.delete(VOLUMES, volume)


def _claims_of(world: World, event: Event) -> Iterable[Key]:
    """Of a pod that goes or has ended: claims that may wait for it."""
    if event.gone or (event.value.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        for name in needs.claims(event.value):
            yield event.change.key[0], name


def _volume_of(world: World, event: Event) -> Iterable[Key]:
    name = (event.value.get("spec") or {}).get("volumeName")
    if name:
        yield "", name


CLAIM_CONTROLLER = Controller(CLAIM, _sync_claim, {CLAIMS: itself, PODS: _claims_of})
VOLUME_CONTROLLER = Controller(VOLUME, _sync_volume, {VOLUMES: itself, CLAIMS: _volume_of})
