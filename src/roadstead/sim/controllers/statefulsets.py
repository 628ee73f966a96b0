"""StatefulSets: numbered pods with claims of their own, one after another, updated from the last to the first.

As the real one, it waits for ever for a pod that does not get ready, even when its template is already another.
"""

from contextlib import suppress
from typing import Any

from roadstead.sim import status
from roadstead.sim.controllers import revisions, selecting
from roadstead.sim.controllers.events import Controller, its_controller, itself, key_of
from roadstead.sim.controllers.replicasets import PODS, active, available_in, is_ready, pod_of
from roadstead.sim.controllers.world import World
from roadstead.sim.store import Key

Value = dict[str, Any]

NAME = "statefulset"
STATEFUL_SETS = ("apps", "statefulsets")
CLAIMS = ("", "persistentvolumeclaims")
HASH = "controller.kubernetes.io/hash"
REVISION = "controller-revision-hash"
POD_NAME, POD_INDEX = "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"


def _sync(world: World, key: Key) -> None:
    found = world.get(STATEFUL_SETS, key)
    if found is None or found["metadata"].get("deletionTimestamp"):
        return
    newest = revisions.current(world, found, label=HASH)
    known = (found.get("status") or {}).get("currentRevision") or newest["metadata"]["name"]
    before = world.get(revisions.REVISIONS, (key[0], known)) or newest
    with suppress(status.ApiError):  # what is refused is tried again at the next change
        _step(world, found, before, newest)
    _report(world, found, before["metadata"]["name"], newest["metadata"]["name"])


def _ordinals(found: Value) -> range:
    first = (found["spec"].get("ordinals") or {}).get("start", 0)
    return range(first, first + found["spec"].get("replicas", 1))


def _pods(world: World, found: Value) -> dict[int, Value]:
    pods = {}
    for pod in world.controlled(PODS, found):
        number = pod["metadata"]["name"].rpartition("-")[2]
        if number.isdecimal():
            pods[int(number)] = pod
    return pods


def _step(world: World, found: Value, before: Value, newest: Value) -> None:
    """One look: end at the first thing that has to be waited for, unless all pods go at once."""
    pods = _pods(world, found)
    at_once = found["spec"].get("podManagementPolicy") == "Parallel"
    wait = found["spec"].get("minReadySeconds", 0)
    for number in _ordinals(found):
        pod = pods.get(number)
        if pod is not None and not active(pod):
            if not pod["metadata"].get("deletionTimestamp"):
                world.delete(PODS, pod)
        elif pod is None:
            _make(world, found, number, newest if number >= _partition(found) else before)
        elif is_ready(pod) and not available_in(world, pod, wait):
            continue
        elif wait and is_ready(pod):
            world.call_later(available_in(world, pod, wait), NAME, key_of(found))
        if not at_once:
            return
    beyond = sorted((each for each in pods if each not in _ordinals(found)), reverse=True)
    for number in beyond:
        if not pods[number]["metadata"].get("deletionTimestamp"):
            world.delete(PODS, pods[number])
        if not at_once:
            return
    if (found["spec"].get("updateStrategy") or {}).get("type") != "OnDelete":
        _update(world, found, pods, newest["metadata"]["name"])


def _partition(found: Value) -> int:
    strategy = found["spec"].get("updateStrategy") or {}
    return int((strategy.get("rollingUpdate") or {}).get("partition", 0))


def _update(world: World, found: Value, pods: dict[int, Value], newest: str) -> None:
    for number in reversed(_ordinals(found)):
        if number < _partition(found) or number not in pods:
            return
        pod = pods[number]
        if selecting.labels_of(pod).get(REVISION) != newest and active(pod):
            world.delete(PODS, pod)
            return
        if not is_ready(pod):
            return


def _make(world: World, found: Value, number: int, revision: Value) -> None:
    name = f"{found['metadata']['name']}-{number}"
    owner = {**found, "spec": {**found["spec"], "template": revisions.template(revision)}}
    made = pod_of(owner, name=name)
    labels = {
        **(made["metadata"].get("labels") or {}),
        POD_INDEX: str(number),
        REVISION: revision["metadata"]["name"],
        POD_NAME: name,
    }
    spec = {**made["spec"], "hostname": name, "subdomain": found["spec"].get("serviceName", "")}
    templates = found["spec"].get("volumeClaimTemplates") or ()
    own = {each["metadata"]["name"]: f"{each['metadata']['name']}-{name}" for each in templates}
    for each in templates:
        _claim(world, found, each, own[each["metadata"]["name"]])
    volumes = [each for each in spec.get("volumes") or () if each["name"] not in own]
    claims = [
        {"name": volume, "persistentVolumeClaim": {"claimName": claim}} for volume, claim in own.items()
    ]
    if volumes or claims:
        spec["volumes"] = [*claims, *volumes]
    world.create(PODS, {"metadata": {**made["metadata"], "labels": labels}, "spec": spec})


def _claim(world: World, found: Value, template: Value, name: str) -> None:
    namespace = found["metadata"]["namespace"]
    if world.get(CLAIMS, (namespace, name)) is None:
        inner = template["metadata"]
        labels = {**(inner.get("labels") or {}), **(found["spec"]["selector"].get("matchLabels") or {})}
        metadata = {"name": name, "namespace": namespace, "labels": labels}
        if inner.get("annotations"):
            metadata["annotations"] = inner["annotations"]
        world.create(CLAIMS, {"metadata": metadata, "spec": template["spec"]})


def _report(world: World, found: Value, before: str, newest: str) -> None:
    pods = [pod for pod in _pods(world, found).values() if not pod["metadata"].get("deletionTimestamp")]
    wait = found["spec"].get("minReadySeconds", 0)
    marks = [selecting.labels_of(pod).get(REVISION) for pod in pods]
    ready, current, updated = sum(map(is_ready, pods)), marks.count(before), marks.count(newest)
    if updated == len(pods) == ready and len(pods) == len(_ordinals(found)):
        before, current = newest, updated
    counts = {"readyReplicas": ready, "currentReplicas": current, "updatedReplicas": updated}
    out: Value = {"observedGeneration": found["metadata"]["generation"], "replicas": len(pods)}
    out |= {name: count for name, count in counts.items() if count}
    out |= {
        "currentRevision": before,
        "updateRevision": newest,
        "collisionCount": 0,
        "availableReplicas": sum(not available_in(world, pod, wait) for pod in pods),
    }
    seen = world.get(STATEFUL_SETS, key_of(found))
    if seen is not None:
        world.report(STATEFUL_SETS, seen, out)
        revisions.trim(world, found, {before, newest, *(mark for mark in marks if mark)})


CONTROLLER = Controller(NAME, _sync, {STATEFUL_SETS: itself, PODS: its_controller("StatefulSet")})
