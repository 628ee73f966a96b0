"""DELETE: of one object or of all that a selector chooses, with preconditions and propagation."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson

from roadstead.sim import answers, status, writing
from roadstead.sim.answers import Answer
from roadstead.sim.reading import Page
from roadstead.sim.requests import Options
from roadstead.sim.writing import Write

# Kinds whose DELETE answers with the object itself.
GIVES_OBJECT = {
    "Service",
    "Pod",
    "PersistentVolumeClaim",
    "PersistentVolume",
    "PodTemplate",
    "ResourceQuota",
    "ServiceAccount",
}
ORPHANS = {("batch", "jobs"), ("", "replicationcontrollers")}
POLICIES = ("Orphan", "Background", "Foreground")


def one(write: Write, body: dict[str, Any], options: Options, render: Callable[[bytes], bytes]) -> Answer:
    found = write.current()
    if found is None:
        raise write.missing()
    stored, live = found
    _check(write, live, body)
    if body.get("dryRun") == ["All"]:
        write = replace(write, dry_run=True)
    data, gone = writing.delete(
        write, stored, live, propagation=_propagation(write, live, body, options), grace=_grace(body, options)
    )
    if not gone or write.kind.kind in GIVES_OBJECT:
        return Answer(render(data))
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


def many(write: Write, page: Page, body: dict[str, Any], options: Options) -> None:
    for (namespace, name), stored in page.found:
        each = replace(write, namespace=namespace, name=name)
        live = orjson.loads(stored.data)
        policy = _propagation(each, live, body, options)
        writing.delete(each, stored, live, propagation=policy, grace=_grace(body, options))


def _grace(body: dict[str, Any], options: Options) -> int | None:
    found = body.get("gracePeriodSeconds")
    return found if isinstance(found, int) else options.number("gracePeriodSeconds") or None


def _propagation(write: Write, live: dict[str, Any], body: dict[str, Any], options: Options) -> str:
    found = body.get("propagationPolicy") or options.text("propagationPolicy")
    if found and found not in POLICIES:
        message = f'propagationPolicy: Unsupported value: "{found}": supported values: "Foreground", "Background", "Orphan", "nil"'
        raise status.ApiError(422, "Invalid", f'DeleteOptions.meta.k8s.io "" is invalid: {message}', {})
    if not found and "orphanDependents" in body:
        found = "Orphan" if body["orphanDependents"] else "Background"
    finalizers = live["metadata"].get("finalizers") or ()
    if not found and write.kind.storage in ORPHANS and "foregroundDeletion" not in finalizers:
        found = "Orphan"
    return str(found or "")


def _check(write: Write, live: dict[str, Any], body: dict[str, Any]) -> None:
    wanted = body.get("preconditions") or {}
    for key, label in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        if wanted.get(key) and wanted[key] != live["metadata"][key]:
            why = f"Precondition failed: {label} in precondition: {wanted[key]}, {label} in object meta: {live['metadata'][key]}"
            raise status.conflict(write.kind.group, write.kind.plural, write.name, why)
