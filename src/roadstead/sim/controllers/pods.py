"""The scheduler and the kubelets: pods get a node, start, fail as they are told to, and end.

Nothing runs: a pod is ready after a set time. What it needs and is not there (claims, ConfigMaps, Secrets) keeps
it waiting, as it would on a real node.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from roadstead.sim.controllers import containers, needs
from roadstead.sim.controllers.containers import Seen, View
from roadstead.sim.controllers.events import Controller, Event, itself
from roadstead.sim.controllers.machines import host_address
from roadstead.sim.controllers.needs import CLAIMS, CONFIG_MAPS, SECRETS
from roadstead.sim.controllers.world import World
from roadstead.sim.store import Key

Value = dict[str, Any]

NAME = "kubelet"
PODS = ("", "pods")
STOPS = 1.0  # seconds that a pod takes to end, unless it is given less


def _sync(world: World, key: Key) -> None:
    pod = world.get(PODS, key)
    if pod is None or not world.machines.nodes:
        return
    if not pod["spec"].get("nodeName"):
        if not pod["metadata"].get("deletionTimestamp"):
            _schedule(world, pod)
        return
    if pod["metadata"].get("deletionTimestamp"):
        _end(world, pod)
    elif (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed"):
        _tell(world, pod)


def _schedule(world: World, pod: Value) -> None:
    if pod["spec"].get("schedulerName", "default-scheduler") != "default-scheduler":
        return
    lacks = next(
        (
            name
            for name in needs.claims(pod)
            if world.get(CLAIMS, (pod["metadata"]["namespace"], name)) is None
        ),
        "",
    )
    if lacks:
        _unschedulable(world, pod, f'persistentvolumeclaim "{lacks}" not found')
        return
    node = _wanted(pod) or world.machines.place()
    if node not in world.machines.names():
        count = world.machines.nodes
        _unschedulable(
            world,
            pod,
            f"0/{count} nodes are available: {count} node(s) didn't match Pod's node affinity/selector.",
        )
        return
    scheduled = _condition(world, pod, "PodScheduled", stands=True)
    status = {**pod["status"], "conditions": [scheduled]}
    world.stamp(PODS, {**pod, "spec": {**pod["spec"], "nodeName": node}, "status": status})


def _unschedulable(world: World, pod: Value, message: str) -> None:
    said = _condition(world, pod, "PodScheduled", stands=False, reason="Unschedulable", message=message)
    world.report(PODS, pod, {**pod["status"], "conditions": [said]}, manager="kube-scheduler")


def _wanted(pod: Value) -> str:
    """The node that a DaemonSet's pod names."""
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for each in term.get("matchFields") or ():
            if each["key"] == "metadata.name":
                return str(each["values"][0])
    return ""


def _end(world: World, pod: Value) -> None:
    metadata = pod["metadata"]
    known = world.machines.ends.setdefault(metadata["uid"], world.now())
    left = min(STOPS, metadata.get("deletionGracePeriodSeconds", 0)) - (world.now() - known).total_seconds()
    if left > 0:
        world.call_later(left, NAME, (metadata["namespace"], metadata["name"]))
    else:
        world.delete(PODS, pod, grace=0)


def _tell(world: World, pod: Value) -> None:
    metadata = pod["metadata"]
    begun = world.machines.begun.setdefault(metadata["uid"], world.now())
    age = (world.now() - begun).total_seconds()
    view = View(pod, world.machines, begun, age, lambda spec: needs.lack(world, pod, spec))
    status, until = _status(world, view)
    world.report(PODS, pod, status, manager="kubelet")
    if until is not None:
        world.call_later(max(until - age, 0.001), NAME, (metadata["namespace"], metadata["name"]))


def _status(world: World, view: View) -> tuple[Value, float | None]:
    pod, spec = view.pod, view.pod["spec"]
    node = spec["nodeName"]
    mounted = all(needs.present(world, pod, *each) for each in needs.volumes(pod))
    initial, initialised = [], mounted
    for each in spec.get("initContainers") or ():
        stays = each.get("restartPolicy") == "Always"
        seen = containers.container(view, each, held=not initialised, ends=not stays)
        if not stays and initialised and seen.status["state"].get("running"):
            seen = containers.finished(view, each)
        initial.append(seen)
        initialised = initialised and bool(
            seen.status["state"].get("terminated", {}).get("exitCode") == 0 or seen.status["ready"]
        )
    tasks = spec.get("restartPolicy", "Always") != "Always"
    main = [
        containers.container(view, each, held=not initialised, ends=tasks)
        if mounted
        else containers.creating(view, each)
        for each in spec["containers"]
    ]
    address = pod["status"].get("podIP") or (
        host_address(node) if spec.get("hostNetwork") else world.machines.address()
    )
    phase = _phase(main, tasks=tasks)
    out: Value = {
        "observedGeneration": pod["metadata"].get("generation", 1),
        "phase": phase,
        "conditions": list(_conditions(world, pod, phase=phase, initialised=initialised, main=main)),
        "hostIP": host_address(node),
        "hostIPs": [{"ip": host_address(node)}],
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": view.time(0),
    }
    if initial:
        out["initContainerStatuses"] = [each.status for each in initial]
    out["containerStatuses"] = [each.status for each in main]
    out["qosClass"] = pod["status"].get("qosClass", "BestEffort")
    moments = [each.until for each in (*initial, *main) if each.until is not None]
    return out, min(moments, default=None)


def _phase(main: list[Seen], *, tasks: bool) -> str:
    states = [each.status["state"] for each in main]
    if tasks and all("terminated" in state for state in states):
        return "Failed" if any(state["terminated"]["exitCode"] for state in states) else "Succeeded"
    begun = any("running" in state for state in states) or any(each.status["restartCount"] for each in main)
    return "Running" if begun else "Pending"


def _conditions(
    world: World, pod: Value, *, phase: str, initialised: bool, main: list[Seen]
) -> Iterator[Value]:
    before = {each["type"]: each for each in pod["status"].get("conditions") or ()}
    unready = [each.status["name"] for each in main if not each.status["ready"]]
    listed = " ".join(unready)
    why = ("ContainersNotReady", f"containers with unready status: [{listed}]") if unready else ("", "")
    if phase == "Succeeded":
        why = ("PodCompleted", "")
    said: list[tuple[str, bool, str, str]] = [
        ("PodReadyToStartContainers", phase not in ("Succeeded", "Failed"), "", ""),
        ("Initialized", initialised, "" if initialised else "ContainersNotInitialized", ""),
        ("Ready", not unready, *why),
        ("ContainersReady", not unready, *why),
        ("PodScheduled", True, "", ""),
    ]
    for sort, stands, reason, message in said:
        made = _condition(world, pod, sort, stands=stands, reason=reason, message=message)
        was = before.get(sort)
        if was is not None and was["status"] == made["status"]:
            made["lastTransitionTime"] = was["lastTransitionTime"]
        yield made


def _condition(
    world: World, pod: Value, sort: str, *, stands: bool, reason: str = "", message: str = ""
) -> Value:
    out: Value = {"type": sort}
    if world.since(1, 34):
        out["observedGeneration"] = pod["metadata"].get("generation", 1)
    out |= {
        "status": "True" if stands else "False",
        "lastProbeTime": None,
        "lastTransitionTime": world.cluster.now(),
    }
    return out | {key: text for key, text in (("reason", reason), ("message", message)) if text}


def _itself(world: World, event: Event) -> Iterable[Key]:
    if event.gone:
        uid = event.value["metadata"]["uid"]
        world.machines.begun.pop(uid, None)
        world.machines.ends.pop(uid, None)
        return ()
    return itself(world, event)


def _needed(world: World, event: Event) -> Iterable[Key]:
    """Pods that wait for something in this namespace."""
    waiting: set[Key] = world.machines.waiting
    found = sorted(each for each in waiting if each[0] == event.change.key[0]) if not event.gone else []
    waiting.difference_update(found)
    return found


def _unplaced(world: World, event: Event) -> Iterable[Key]:
    """Pods without a node that a new claim may help."""
    if event.change.before is not None:
        return
    for key in list(world.cluster.store.shelf(PODS).objects):
        pod = world.get(PODS, key) if key[0] == event.change.key[0] else None
        if pod is not None and event.change.key[1] in needs.claims(pod) and not pod["spec"].get("nodeName"):
            yield key


def look_again(world: World) -> None:
    """All pods, because what is told of images has changed."""
    for key in list(world.cluster.store.shelf(PODS).objects):
        world.call(NAME, key)


CONTROLLER = Controller(
    NAME, _sync, {PODS: _itself, CONFIG_MAPS: _needed, SECRETS: _needed, CLAIMS: _unplaced}
)
