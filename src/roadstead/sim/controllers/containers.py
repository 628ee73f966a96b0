"""What a kubelet says of a pod at an age: pure, from the pod and how its images fail.

Also says when there will be something else to say, so that nobody has to look before.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from roadstead.sim.controllers.machines import Machines, Way

Value = dict[str, Any]

FIRST_BACK_OFF, LAST_BACK_OFF = 10, 300


class Seen(Struct, frozen=True):
    """One container: its status, and at which age of the pod that will be another (None: never)."""

    status: Value
    until: float | None = None


class View(Struct, frozen=True):
    """A pod on its node. `missing`: what a container needs and is not there, by its specification."""

    pod: Value
    machines: Machines
    begun: datetime
    age: float
    missing: Callable[[Value], str]

    @property
    def whole(self) -> float:
        return self.machines.ready_after

    def time(self, age: float) -> str:
        return (self.begun + timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%SZ")


def container(view: View, spec: Value, *, held: bool = False, ends: bool = False) -> Seen:
    """`held`: others have to end before; `ends`: it does its work and is done."""
    if held:
        return _waiting(view, spec, "PodInitializing")
    lacks = view.missing(spec)
    if lacks:
        return _waiting(view, spec, "CreateContainerConfigError", lacks)
    way = view.machines.fails(spec["image"])
    if way is Way.PULL:
        return _unpulled(view, spec)
    if view.age < view.whole:
        return _waiting(view, spec, "ContainerCreating", until=view.whole)
    if way is Way.CRASH:
        return _crashed(view, spec)
    if ends and view.age >= 2 * view.whole:
        return _done(view, spec, 0)
    until = 2 * view.whole if ends else None
    return _status(view, spec, _running(view, view.whole), ready=way is None, started=True, until=until)


def creating(view: View, spec: Value) -> Seen:
    """It waits for something that is mounted into it."""
    return _waiting(view, spec, "ContainerCreating")


def finished(view: View, spec: Value) -> Seen:
    return _done(view, spec, 0)


def _unpulled(view: View, spec: Value) -> Seen:
    name = _full(spec["image"])
    why = f'failed to pull and unpack image "{name}": failed to resolve reference "{name}": {name}: not found'
    if view.age < view.whole / 2:
        return _waiting(view, spec, "ContainerCreating", until=view.whole / 2)
    if view.age < view.whole:
        error = f"rpc error: code = NotFound desc = {why}"
        return _waiting(view, spec, "ErrImagePull", error, until=view.whole)
    message = (
        f'Back-off pulling image "{spec["image"]}": ErrImagePull: rpc error: code = NotFound desc = {why}'
    )
    return _waiting(view, spec, "ImagePullBackOff", message)


def _crashed(view: View, spec: Value) -> Seen:
    if view.pod["spec"].get("restartPolicy") == "Never":
        return _done(view, spec, 1)
    count, wait, since = 1, FIRST_BACK_OFF, view.whole
    while view.age >= since + wait:
        since += wait
        count, wait = count + 1, min(wait * 2, LAST_BACK_OFF)
    metadata = view.pod["metadata"]
    which = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
    written = f"{wait // 60}m{wait % 60}s" if wait >= 60 else f"{wait}s"
    message = f"back-off {written} restarting failed container={spec['name']} pod={which}"
    state = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    last = {"terminated": _end(view, spec, 1, since)}
    return _status(view, spec, state, last=last, restarts=count, until=since + wait)


def _done(view: View, spec: Value, code: int) -> Seen:
    return _status(view, spec, {"terminated": _end(view, spec, code, view.age)})


def _end(view: View, spec: Value, code: int, age: float) -> Value:
    return {
        "exitCode": code,
        "reason": "Error" if code else "Completed",
        "startedAt": view.time(age),
        "finishedAt": view.time(age),
        "containerID": _identity(view, spec),
    }


def _running(view: View, age: float) -> Value:
    return {"running": {"startedAt": view.time(age)}}


def _waiting(view: View, spec: Value, reason: str, message: str = "", *, until: float | None = None) -> Seen:
    said = {"reason": reason} | ({"message": message} if message else {})
    return _status(view, spec, {"waiting": said}, until=until)


def _status(
    view: View,
    spec: Value,
    state: Value,
    *,
    last: Value | None = None,
    ready: bool = False,
    started: bool = False,
    restarts: int = 0,
    until: float | None = None,
) -> Seen:
    there = "waiting" not in state or restarts > 0
    identity = {"containerID": _identity(view, spec)} if there else {}
    value = {
        "name": spec["name"],
        "state": state,
        "lastState": last or {},
        "ready": ready,
        "restartCount": restarts,
        "image": _full(spec["image"]) if there else spec["image"],
        "imageID": f"{_full(spec['image']).partition('@')[0]}@sha256:{_digest(spec['image'])}"
        if there
        else "",
        **identity,
        "started": started,
    }
    return Seen(value, until)


def _identity(view: View, spec: Value) -> str:
    return f"containerd://{_digest(view.pod['metadata']['uid'] + spec['name'])}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _full(image: str) -> str:
    """The name with its registry."""
    first, slash, _ = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return image
    return f"docker.io/{image}" if slash else f"docker.io/library/{image}"
