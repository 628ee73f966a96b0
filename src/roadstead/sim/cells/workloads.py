"""Cells of what runs pods."""

from datetime import datetime

from roadstead.sim.cells.parts import (
    NONE,
    UNKNOWN,
    UNSET,
    Cell,
    Value,
    age,
    between,
    count,
    field,
    flag,
    get,
    holds,
    labels,
    moment,
    selector,
    since,
)

TEMPLATE = ("spec", "template", "spec", "containers")


def containers(key: str, *path: str) -> Cell:
    return lambda value, now: ",".join(each.get(key, "") for each in get(value, *path, default=()))


def _ready(value: Value, now: datetime) -> str:
    return f"{get(value, 'status', 'readyReplicas', default=0)}/{get(value, 'spec', 'replicas', default=0)}"


def _job_status(value: Value, now: datetime) -> str:
    if holds(value, "Complete"):
        return "Complete"
    if holds(value, "Failed"):
        return "Failed"
    if value["metadata"].get("deletionTimestamp"):
        return "Terminating"
    found = (each for each in ("Suspended", "FailureTarget", "SuccessCriteriaMet") if holds(value, each))
    return next(found, "Running")


def _completions(value: Value, now: datetime) -> str:
    done = get(value, "status", "succeeded", default=0)
    wanted, parallel = get(value, "spec", "completions"), get(value, "spec", "parallelism", default=0)
    if wanted is not None:
        return f"{done}/{wanted}"
    return f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"


def _duration(value: Value, now: datetime) -> str:
    begun, ended = get(value, "status", "startTime"), get(value, "status", "completionTime")
    if not begun:
        return ""
    return between(moment(begun), moment(ended)) if ended else age(begun, now)


def _targets(value: Value, now: datetime) -> str:
    wanted = get(value, "spec", "metrics", default=())
    known = get(value, "status", "currentMetrics", default=()) or ()
    found = [_metric(each, known[n] if n < len(known) else {}) for n, each in enumerate(wanted)]
    more = f" + {len(found) - 2} more..." if len(found) > 2 else ""
    return ", ".join(found[:2]) + more or NONE


def _metric(wanted: Value, known: Value) -> str:
    sort = wanted["type"]
    key = sort[0].lower() + sort[1:]
    target, current = wanted[key]["target"], get(known, key, "current", default={})
    resource = sort in ("Resource", "ContainerResource")
    name = f"{wanted[key]['name']}: " if resource else ""
    if "averageValue" in target:
        mean = "" if resource or sort == "Pods" else " (avg)"
        return f"{name}{current.get('averageValue', UNKNOWN)}/{target['averageValue']}{mean}"
    if not resource:
        return f"{current.get('value', UNKNOWN)}/{target.get('value')}"
    share, aim = current.get("averageUtilization"), target.get("averageUtilization")
    return f"{name}{UNKNOWN if share is None else f'{share}%'}/{'<auto>' if aim is None else f'{aim}%'}"


def _controller(value: Value, now: datetime) -> str:
    for owner in value["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            group = owner["apiVersion"].rpartition("/")[0]
            kind = owner["kind"].lower()
            return f"{kind}.{group}/{owner['name']}" if group else f"{kind}/{owner['name']}"
    return NONE


_TEMPLATE: dict[str, Cell] = {
    "Containers": containers("name", *TEMPLATE),
    "Images": containers("image", *TEMPLATE),
    "Selector": selector("spec", "selector"),
}
_REPLICAS: dict[str, Cell] = _TEMPLATE | {
    "Ready": _ready,
    "Up-to-date": field("status", "updatedReplicas", default=0),
    "Available": field("status", "availableReplicas", default=0),
    "Desired": field("spec", "replicas", default=0),
    "Current": field("status", "replicas", default=0),
}
_SET = _REPLICAS | {"Ready": field("status", "readyReplicas", default=0)}
_AUTOSCALER: dict[str, Cell] = {
    "Reference": lambda value, now: "{kind}/{name}".format_map(value["spec"]["scaleTargetRef"]),
    "Targets": _targets,
    "MinPods": lambda value, now: str(get(value, "spec", "minReplicas", default=UNSET)),
    "MaxPods": field("spec", "maxReplicas", default=0),
    "Replicas": field("status", "currentReplicas", default=0),
}

CELLS: dict[str, dict[str, Cell]] = {
    "Deployment": _REPLICAS,
    "StatefulSet": _REPLICAS,
    "ReplicaSet": _SET,
    "ReplicationController": _SET,
    "DaemonSet": _TEMPLATE
    | {
        "Desired": field("status", "desiredNumberScheduled", default=0),
        "Current": field("status", "currentNumberScheduled", default=0),
        "Ready": field("status", "numberReady", default=0),
        "Up-to-date": field("status", "updatedNumberScheduled", default=0),
        "Available": field("status", "numberAvailable", default=0),
        "Node Selector": lambda value, now: labels(
            get(value, "spec", "template", "spec", "nodeSelector", default={})
        ),
    },
    "Job": _TEMPLATE | {"Status": _job_status, "Completions": _completions, "Duration": _duration},
    "CronJob": {
        "Schedule": field("spec", "schedule"),
        "Timezone": field("spec", "timeZone"),
        "Suspend": flag("spec", "suspend"),
        "Active": count("status", "active"),
        "Last Schedule": since("status", "lastScheduleTime", default=NONE),
        "Containers": containers("name", "spec", "jobTemplate", *TEMPLATE),
        "Images": containers("image", "spec", "jobTemplate", *TEMPLATE),
        "Selector": selector("spec", "jobTemplate", "spec", "selector"),
    },
    "PodTemplate": {
        "Containers": containers("name", "template", "spec", "containers"),
        "Images": containers("image", "template", "spec", "containers"),
        "Pod Labels": lambda value, now: labels(get(value, "template", "metadata", "labels", default={})),
    },
    "ControllerRevision": {"Controller": _controller, "Revision": field("revision", default=0)},
    "HorizontalPodAutoscaler": _AUTOSCALER,
    "PodDisruptionBudget": {
        "Min Available": lambda value, now: str(get(value, "spec", "minAvailable", default="N/A")),
        "Max Unavailable": lambda value, now: str(get(value, "spec", "maxUnavailable", default="N/A")),
        "Allowed Disruptions": field("status", "disruptionsAllowed", default=0),
    },
    "Scale": {
        "Desired": field("spec", "replicas", default=0),
        "Available": field("status", "replicas", default=0),
    },
}
