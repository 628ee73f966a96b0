"""DELETE: of one object or of all that a selector chooses, with preconditions and propagation."""

from typing import Any, Protocol

import orjson
from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.sim import answers, bodies, ending, reading, status, writing
from roadstead.sim.answers import Answer
from roadstead.sim.cluster import Cluster
from roadstead.sim.kinds import Kind
from roadstead.sim.listing import Page
from roadstead.sim.requests import Options
from roadstead.sim.schema import requiring
from roadstead.sim.writes import Write

# Kinds whose DELETE answers with the object itself.
GIVES_OBJECT = {
    "Service",
    "Pod",
    "PersistentVolumeClaim",
    "PersistentVolume",
    "PodTemplate",
    "ResourceQuota",
    "ServiceAccount",
    "StorageClass",
    "VolumeAttachment",
    "VolumeAttributesClass",
    "CSINode",
    "CSIDriver",
    "CSIStorageCapacity",
    "ResourceClaim",
    "ResourceClaimTemplate",
    "ResourceSlice",
    "DeviceClass",
}
ORPHANS = {("batch", "jobs"), ("", "replicationcontrollers")}
ENDING = (writing.PODS, ("", "namespaces"))  # which end by and by
POLICIES = ("Foreground", "Background", "Orphan", "nil")


class Wish(Struct, frozen=True):
    """How to delete. Without a body, the query says it; with one, the query says nothing."""

    propagation: str = ""
    grace: int | None = None
    dry_run: bool = False
    told: bool = False  # asked in the old way to delete dependents: what is not gone yet is accepted
    preconditions: dict[str, Any] = field(default_factory=dict)


def wish(body: dict[str, Any] | None, options: Options) -> Wish:
    """Raises ApiError(422) for what no server understands."""
    if body is None:
        body = {"propagationPolicy": options.text("propagationPolicy")}
        if options.text("orphanDependents"):
            body["orphanDependents"] = options.flag("orphanDependents")
        if options.text("gracePeriodSeconds"):
            body["gracePeriodSeconds"] = options.number("gracePeriodSeconds")
        if options.text("dryRun"):
            body["dryRun"] = [options.text("dryRun")]
    policy, orphan = body.get("propagationPolicy"), body.get("orphanDependents")
    refused = []
    if policy and orphan is not None:
        why = "orphanDependents and deletionPropagation cannot be both set"
        refused.append(requiring.invalid("propagationPolicy", policy, why))
    elif policy and policy not in POLICIES:
        refused.append(requiring.unsupported("propagationPolicy", policy, POLICIES))
    dry = body.get("dryRun") or []
    if dry and dry != ["All"]:
        refused.append(requiring.unsupported("dryRun", dry, ("All",)))
    if refused:
        raise status.invalid("meta.k8s.io", "DeleteOptions", "", refused)
    if not policy and orphan is not None:
        policy = "Orphan" if orphan else "Background"
    return Wish(
        policy or "",
        body.get("gracePeriodSeconds"),
        bool(dry),
        told=orphan is False,
        preconditions=body.get("preconditions") or {},
    )


TYPES: dict[str, type | tuple[type, ...]] = {
    "gracePeriodSeconds": int,
    "orphanDependents": bool,
    "propagationPolicy": str,
    "preconditions": dict,
    "dryRun": list,
}


def read(cluster: Cluster, data: bytes, sort: str) -> dict[str, Any]:
    """The options of a delete. Raises ApiError for what are none."""
    try:
        body = bodies.parse(data, sort)
    except status.ApiError as error:
        raise _unreadable(cluster, error.message) from error
    if not isinstance(body, dict):
        raise _unreadable(cluster, "couldn't get version/kind; json parse error")
    _check(cluster, body)
    return body


def _check(cluster: Cluster, body: dict[str, Any]) -> None:
    kind, version = body.get("kind"), body.get("apiVersion")
    if kind not in (None, "", "DeleteOptions"):
        told = version or "meta.k8s.io/v1"
        raise _unreadable(cluster, f'no kind "{kind}" is registered for version "{told}"')
    for key, wanted in TYPES.items():
        found = body.get(key)
        if found is not None and (
            not isinstance(found, wanted) or (wanted is int and isinstance(found, bool))
        ):
            why = f"json: cannot unmarshal into Go struct field DeleteOptions.{key}"
            raise _unreadable(cluster, why)


def _unreadable(cluster: Cluster, why: str) -> status.ApiError:
    return status.ApiError(500, "", why) if cluster.old else status.bad_request(why)


def warnings(kind: Kind, wanted: Wish) -> tuple[str, ...]:
    if kind.storage != ("batch", "jobs") or wanted.propagation:
        return ()
    return (
        "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove "
        "them or set propagationPolicy=Orphan to suppress this warning",
    )


class Render(Protocol):
    def __call__(self, data: bytes, *, raw: bool) -> bytes: ...


def one(write: Write, wanted: Wish, render: Render) -> Answer:
    """What has to wait for its end is answered as it is kept."""
    found = write.current()
    if found is None:
        raise write.missing()
    stored, live = found
    _precondition(write, live, wanted.preconditions)
    write = replace(write, dry_run=wanted.dry_run)
    policy = _propagation(write, live, wanted)
    data, gone = ending.delete(write, stored, live, propagation=policy, grace=wanted.grace)
    if gone and wanted.dry_run and live["metadata"].get("finalizers") and write.kind.storage not in ENDING:
        return answers.value(_unsaid(write.kind))
    if not gone or write.kind.kind in GIVES_OBJECT:
        return Answer(render(data, raw=not gone), 202 if wanted.told and not gone else 200)
    details = {
        "name": write.name,
        "group": write.kind.group,
        "kind": write.kind.plural,
        "uid": live["metadata"]["uid"],
    }
    return answers.value(
        {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": {key: value for key, value in details.items() if value},
        }
    )


def _unsaid(kind: Kind) -> dict[str, Any]:
    """What is shown to who only tries to delete an object that nothing would hold then."""
    head: dict[str, Any] = {"kind": kind.kind, "apiVersion": kind.api_version}
    if kind.custom:
        return head
    counted = kind.storage == ("apps", "daemonsets")
    metadata = {"annotations": {reading.TEMPLATE_COUNT: "0"}} if counted else {}
    return {**head, "metadata": metadata, **reading.unsaid(kind)}


def many(write: Write, page: Page, wanted: Wish) -> None:
    for (namespace, name), stored in page.found:
        each = replace(write, namespace=namespace, name=name, dry_run=wanted.dry_run)
        live = orjson.loads(stored.data)
        _precondition(each, live, wanted.preconditions)
        policy = _propagation(each, live, wanted)
        ending.delete(each, stored, live, propagation=policy, grace=wanted.grace)


def _propagation(write: Write, live: dict[str, Any], wanted: Wish) -> str:
    if write.kind.storage == ("", "namespaces") and wanted.told:
        return "Foreground"
    finalizers = live["metadata"].get("finalizers") or ()
    if not wanted.propagation and write.kind.storage in ORPHANS and "foregroundDeletion" not in finalizers:
        return "Orphan"
    return wanted.propagation


def _precondition(write: Write, live: dict[str, Any], wanted: dict[str, Any]) -> None:
    for key, label in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        if wanted.get(key) and wanted[key] != live["metadata"][key]:
            why = f"Precondition failed: {label} in precondition: {wanted[key]}, {label} in object meta: {live['metadata'][key]}"
            raise status.conflict(write.kind.group, write.kind.plural, write.name, why)
