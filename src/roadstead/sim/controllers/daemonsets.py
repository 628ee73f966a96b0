"""DaemonSets: a pod on each made-up node, replaced a few at a time when the template changes."""

from collections.abc import Iterable
from typing import Any

from roadstead.sim.controllers import revisions, rollouts, selecting
from roadstead.sim.controllers.events import Controller, Event, its_controller, itself, key_of
from roadstead.sim.controllers.machines import NODES
from roadstead.sim.controllers.replicasets import PODS, active, available_in, is_ready, pod_of
from roadstead.sim.controllers.world import World
from roadstead.sim.store import Key

Value = dict[str, Any]

NAME = "daemonset"
DAEMON_SETS = ("apps", "daemonsets")
REVISION = "controller-revision-hash"
GENERATION = "pod-template-generation"
COUNTED = "deprecated.daemonset.template.generation"
TOLERATED = (
    ("not-ready", "NoExecute"),
    ("unreachable", "NoExecute"),
    ("disk-pressure", "NoSchedule"),
    ("memory-pressure", "NoSchedule"),
    ("pid-pressure", "NoSchedule"),
    ("unschedulable", "NoSchedule"),
)


def _sync(world: World, key: Key) -> None:
    found = world.get(DAEMON_SETS, key)
    if found is None or found["metadata"].get("deletionTimestamp"):
        return
    revision = revisions.current(world, found, label=REVISION)
    mark = revision["metadata"]["labels"][REVISION]
    nodes = _nodes(world, found)
    pods = _placed(world, found)
    for node in nodes:
        if node not in pods:
            world.try_create(PODS, _pod(found, node, mark))
    for node, pod in pods.items():
        if not active(pod) or node not in nodes:
            world.delete(PODS, pod)
    if (found["spec"].get("updateStrategy") or {}).get("type") != "OnDelete":
        _update(world, found, nodes, mark)
    _report(world, found, nodes, mark)
    revisions.trim(world, found, {revision["metadata"]["name"]})


def _nodes(world: World, found: Value) -> list[str]:
    wanted = (found["spec"]["template"]["spec"].get("nodeSelector") or {}).items()
    nodes = world.all(NODES)
    return [each["metadata"]["name"] for each in nodes if wanted <= selecting.labels_of(each).items()]


def _placed(world: World, found: Value) -> dict[str, Value]:
    """Pods by the node that they are for."""
    return {_node(pod): pod for pod in world.controlled(PODS, found)}


def _node(pod: Value) -> str:
    terms = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    return str(terms["nodeSelectorTerms"][0]["matchFields"][0]["values"][0])


def _pod(found: Value, node: str, mark: str) -> Value:
    made = pod_of(found)
    annotations = found["metadata"].get("annotations") or {}
    labels = {
        **(made["metadata"].get("labels") or {}),
        REVISION: mark,
        GENERATION: annotations.get(COUNTED, "1"),
    }
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    tolerations = [
        *(made["spec"].get("tolerations") or ()),
        *(
            {"key": f"node.kubernetes.io/{name}", "operator": "Exists", "effect": effect}
            for name, effect in TOLERATED
        ),
    ]
    spec = {**made["spec"], "affinity": {"nodeAffinity": required}, "tolerations": tolerations}
    return {"metadata": {**made["metadata"], "labels": labels}, "spec": spec}


def _update(world: World, found: Value, nodes: list[str], mark: str) -> None:
    """Replace old pods, first those that are of no use, as long as few enough are missing."""
    rolling = (found["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    most = max(rollouts.share(rolling.get("maxUnavailable", 1), len(nodes), up=True), 1)
    pods = _placed(world, found)
    old = [pod for pod in pods.values() if active(pod) and selecting.labels_of(pod).get(REVISION) != mark]
    wait = found["spec"].get("minReadySeconds", 0)
    missing = sum(
        node not in pods or not active(pods[node]) or bool(available_in(world, pods[node], wait))
        for node in nodes
    )
    for pod in sorted(old, key=lambda pod: (is_ready(pod), _node(pod))):
        if available_in(world, pod, wait):
            world.delete(PODS, pod)
        elif missing < most:
            missing += 1
            world.delete(PODS, pod)


def _report(world: World, found: Value, nodes: list[str], mark: str) -> None:
    pods = [pod for node, pod in _placed(world, found).items() if node in nodes and active(pod)]
    wait = found["spec"].get("minReadySeconds", 0)
    waits = [available_in(world, pod, wait) for pod in pods]
    counts = {
        "updatedNumberScheduled": sum(selecting.labels_of(pod).get(REVISION) == mark for pod in pods),
        "numberAvailable": waits.count(0.0),
        "numberUnavailable": len(nodes) - waits.count(0.0),
    }
    out: Value = {
        "currentNumberScheduled": len(pods),
        "numberMisscheduled": 0,
        "desiredNumberScheduled": len(nodes),
        "numberReady": sum(map(is_ready, pods)),
        "observedGeneration": found["metadata"]["generation"],
    }
    out |= {name: count for name, count in counts.items() if count}
    world.report(DAEMON_SETS, found, out)
    coming = [each for each in waits if 0 < each < float("inf")]
    if coming:
        world.call_later(min(coming), NAME, key_of(found))


def _everywhere(world: World, event: Event) -> Iterable[Key]:
    """A node that comes or goes."""
    if event.gone or event.change.before is None:
        yield from list(world.cluster.store.shelf(DAEMON_SETS).objects)


CONTROLLER = Controller(
    NAME, _sync, {DAEMON_SETS: itself, PODS: its_controller("DaemonSet"), NODES: _everywhere}
)
