"""The ReplicaSet of a Deployment's template: finding it, making it, and what is written onto it."""

from typing import Any

from roadstead.sim.controllers import revisions, rollouts
from roadstead.sim.controllers.events import reference
from roadstead.sim.controllers.replicasets import REPLICA_SETS
from roadstead.sim.controllers.world import World
from roadstead.sim.merge.comparing import equal

Value = dict[str, Any]

HASH = "pod-template-hash"
DOMAIN = "deployment.kubernetes.io/"
REVISION, HISTORY = DOMAIN + "revision", DOMAIN + "revision-history"
DESIRED, MOST = DOMAIN + "desired-replicas", DOMAIN + "max-replicas"
NOT_COPIED = {
    "kubectl.kubernetes.io/last-applied-configuration",
    "deprecated.deployment.rollback.to",
    *(REVISION, HISTORY, DESIRED, MOST),
}


def newest(found: Value, sets: list[Value]) -> Value | None:
    """The set that has the deployment's template, the oldest if there are several."""
    wanted = found["spec"]["template"]
    same = [each for each in sets if equal(_without_hash(each["spec"]["template"]), _plain(wanted))]
    return min(
        same, key=lambda each: (each["metadata"]["creationTimestamp"], each["metadata"]["name"]), default=None
    )


def _plain(template: Value) -> Value:
    inner = {key: item for key, item in (template.get("metadata") or {}).items() if item}
    return {**template, "metadata": inner}


def _without_hash(template: Value) -> Value:
    inner = template.get("metadata") or {}
    labels = {key: item for key, item in (inner.get("labels") or {}).items() if key != HASH}
    return _plain({**template, "metadata": {**inner, "labels": labels}})


def ready_seconds(found: Value) -> Value:
    seconds = found["spec"].get("minReadySeconds")
    return {"minReadySeconds": seconds} if seconds else {}


def revision_of(one: Value) -> int:
    written = (one["metadata"].get("annotations") or {}).get(REVISION, "0")
    return int(written) if written.isdecimal() else 0


def annotations_of(found: Value, new: Value, revision: str) -> dict[str, str]:
    """Of the set: the deployment's, its revision, and the revisions it had before."""
    own = found["metadata"].get("annotations") or {}
    kept = new["metadata"].get("annotations") or {}
    out = {**kept, **{key: text for key, text in own.items() if key not in NOT_COPIED}}
    was = kept.get(REVISION, "")
    if not was or int(was) < int(revision):
        out[REVISION] = revision
        if was:
            out[HISTORY] = ",".join(filter(None, (kept.get(HISTORY, ""), was)))
    return out


def made(world: World, found: Value, revision: str, others: list[Value]) -> Value | None:
    template, namespace = found["spec"]["template"], found["metadata"]["namespace"]
    inner = template.get("metadata") or {}
    for collisions in range(10):
        mark = revisions.hashed(template, collisions=collisions)
        name = f"{found['metadata']['name']}-{mark}"
        if world.get(REPLICA_SETS, (namespace, name)) is None:
            break
    labels = {**(inner.get("labels") or {}), HASH: mark}
    selector = found["spec"]["selector"]
    value: Value = {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": labels,
            "ownerReferences": [reference(found)],
        },
        "spec": {
            **ready_seconds(found),
            "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), HASH: mark}},
            "template": {**template, "metadata": {**inner, "labels": labels}},
        },
    }
    value["spec"]["replicas"] = 0
    value["spec"]["replicas"] = rollouts.new_size(found, value, others)
    if (found["spec"].get("strategy") or {}).get("type") == "Recreate":
        value["spec"]["replicas"] = found["spec"].get("replicas", 1)
    value["metadata"]["annotations"] = {**annotations_of(found, value, revision), **sizes(found)}
    return world.try_create(REPLICA_SETS, value)


def sizes(found: Value) -> dict[str, str]:
    wanted = found["spec"].get("replicas", 1)
    return {DESIRED: str(wanted), MOST: str(wanted + rollouts.limits(found)[0])}
