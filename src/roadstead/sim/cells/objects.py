"""Cells of what pods use: settings, storage, limits, and what is told about them."""

from datetime import datetime

from roadstead.sim.cells.parts import (
    NONE,
    UNSET,
    Cell,
    Value,
    age,
    condition,
    count,
    field,
    get,
)

MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def _modes(found: list[str]) -> str:
    return ",".join(short for mode, short in MODES.items() if mode in found)


def _phase(value: Value, now: datetime) -> str:
    if value["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return str(get(value, "status", "phase", default=""))


def _bound(*path: str) -> Cell:
    """What is known once the claim has a volume."""
    return lambda value, now: get(value, *path, default="") if get(value, "spec", "volumeName") else ""


def _claim(value: Value, now: datetime) -> str:
    found = get(value, "spec", "claimRef")
    return f"{found.get('namespace', '')}/{found.get('name', '')}" if found else ""


def _class_name(value: Value, now: datetime) -> str:
    default = get(value, "metadata", "annotations", DEFAULT_CLASS) == "true"
    return f"{value['metadata']['name']}{' (default)' if default else ''}"


def _quota(limits: bool) -> Cell:
    def cell(value: Value, now: datetime) -> str:
        hard, used = (get(value, "status", key, default={}) for key in ("hard", "used"))
        return ", ".join(
            f"{name}: {used.get(name, '0')}/{hard[name]}"
            for name in sorted(hard)
            if name.startswith("limits.") is limits
        )

    return cell


def _seen(value: Value, now: datetime, *, first: bool) -> str:
    begun = value.get("firstTimestamp") or value.get("eventTime")
    if first:
        return age(begun, now)
    return age(get(value, "series", "lastObservedTime") or value.get("lastTimestamp") or begun, now)


def _about(value: Value, now: datetime) -> str:
    found = value.get("involvedObject") or value.get("regarding") or {}
    kind = found.get("kind", "").lower()
    return f"{kind}/{found['name']}" if found.get("name") else kind


def _source(value: Value, now: datetime) -> str:
    found = value.get("source") or {}
    who = found.get("component") or value.get("reportingComponent") or ""
    where = found.get("host") or value.get("reportingInstance") or ""
    return f"{who}, {where}" if where else who


def _levels(*path: str) -> Cell:
    return field("spec", "limited", *path)


_VOLUME: dict[str, Cell] = {
    "Status": _phase,
    "StorageClass": field("spec", "storageClassName", default=""),
    "VolumeAttributesClass": field("spec", "volumeAttributesClassName", default=UNSET),
    "VolumeMode": field("spec", "volumeMode", default=UNSET),
}
CELLS: dict[str, dict[str, Cell]] = {
    "ConfigMap": {
        "Data": lambda value, now: sum(len(value.get(key) or ()) for key in ("data", "binaryData"))
    },
    "Secret": {"Type": field("type"), "Data": count("data")},
    "ServiceAccount": {"Secrets": count("secrets")},
    "PersistentVolumeClaim": _VOLUME
    | {
        "Volume": field("spec", "volumeName", default=""),
        "Capacity": _bound("status", "capacity", "storage"),
        "Access Modes": lambda value, now: (
            _modes(get(value, "status", "accessModes", default=[]))
            if get(value, "spec", "volumeName")
            else ""
        ),
    },
    "PersistentVolume": _VOLUME
    | {
        "Capacity": field("spec", "capacity", "storage", default=""),
        "Access Modes": lambda value, now: _modes(get(value, "spec", "accessModes", default=[])),
        "Reclaim Policy": field("spec", "persistentVolumeReclaimPolicy", default=""),
        "Claim": _claim,
        "Reason": field("status", "reason", default=""),
    },
    "StorageClass": {
        "Name": _class_name,
        "Provisioner": field("provisioner"),
        "ReclaimPolicy": field("reclaimPolicy", default="Delete"),
        "VolumeBindingMode": field("volumeBindingMode", default=UNSET),
        "AllowVolumeExpansion": lambda value, now: "true" if value.get("allowVolumeExpansion") else "false",
    },
    "VolumeAttributesClass": {"DriverName": field("driverName")},
    "VolumeAttachment": {
        "Attacher": field("spec", "attacher"),
        "PV": field("spec", "source", "persistentVolumeName", default=""),
        "Node": field("spec", "nodeName"),
        "Attached": field("status", "attached", default=False),
    },
    "CSINode": {"Drivers": count("spec", "drivers")},
    "CSIDriver": {
        "AttachRequired": field("spec", "attachRequired", default=True),
        "PodInfoOnMount": field("spec", "podInfoOnMount", default=False),
        "StorageCapacity": field("spec", "storageCapacity", default=False),
        "TokenRequests": lambda value, now: (
            ",".join(each["audience"] for each in get(value, "spec", "tokenRequests", default=())) or UNSET
        ),
        "RequiresRepublish": field("spec", "requiresRepublish", default=False),
        "Modes": lambda value, now: ",".join(get(value, "spec", "volumeLifecycleModes", default=())) or NONE,
    },
    "ResourceQuota": {"Request": _quota(False), "Limit": _quota(True)},
    "PriorityClass": {
        "Value": field("value", default=0),
        "Global-Default": field("globalDefault", default=False),
        "PreemptionPolicy": field("preemptionPolicy", default=UNSET),
    },
    "RuntimeClass": {"Handler": field("handler")},
    "Lease": {"Holder": field("spec", "holderIdentity", default="")},
    "Event": {
        "Last Seen": lambda value, now: _seen(value, now, first=False),
        "Type": field("type", default=""),
        "Reason": field("reason", default=""),
        "Object": _about,
        "Subobject": field("involvedObject", "fieldPath", default=""),
        "Source": _source,
        "Message": lambda value, now: (value.get("message") or "").strip(),
        "First Seen": lambda value, now: _seen(value, now, first=True),
        "Count": lambda value, now: get(value, "series", "count") or value.get("count") or 1,
    },
    "FlowSchema": {
        "PriorityLevel": field("spec", "priorityLevelConfiguration", "name"),
        "MatchingPrecedence": field("spec", "matchingPrecedence", default=0),
        "DistinguisherMethod": field("spec", "distinguisherMethod", "type"),
        "MissingPL": lambda value, now: condition(value, "Dangling").get("status", "?"),
    },
    "PriorityLevelConfiguration": {
        "Type": field("spec", "type"),
        "NominalConcurrencyShares": _levels("nominalConcurrencyShares"),
        "Queues": _levels("limitResponse", "queuing", "queues"),
        "HandSize": _levels("limitResponse", "queuing", "handSize"),
        "QueueLengthLimit": _levels("limitResponse", "queuing", "queueLengthLimit"),
    },
}
