"""Cells of pods: what a person reads first when something is wrong."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from roadstead.sim.cells.parts import NONE, Cell, Value, age, condition, field, get, holds, text


def _statuses(value: Value, key: str = "containerStatuses") -> list[Value]:
    found: list[Value] = get(value, "status", key, default=[])
    return found


def _lasting(value: Value) -> set[str]:
    """Init containers that go on beside the others."""
    return {
        each["name"]
        for each in get(value, "spec", "initContainers", default=())
        if each.get("restartPolicy") == "Always"
    }


def _ready(value: Value, now: datetime) -> str:
    lasting = _lasting(value)
    counted = [each for each in _statuses(value) if "running" in (each.get("state") or {})]
    counted += [each for each in _statuses(value, "initContainerStatuses") if each["name"] in lasting]
    ready = sum(bool(each.get("ready")) for each in counted)
    return f"{ready}/{len(value['spec'].get('containers') or ()) + len(lasting)}"


def _ended(terminated: Value) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _initializing(value: Value) -> str:
    """What an init container waits for or died of; empty when all are done."""
    lasting = _lasting(value)
    for number, each in enumerate(_statuses(value, "initContainerStatuses")):
        state = each.get("state") or {}
        ended, waiting = state.get("terminated"), get(state, "waiting", "reason", default="")
        if ended is not None and not ended.get("exitCode"):
            continue
        if each["name"] in lasting and each.get("started"):
            continue
        if ended is not None:
            return f"Init:{_ended(ended)}"
        if waiting not in ("", "PodInitializing"):
            return f"Init:{waiting}"
        return f"Init:{number}/{len(value['spec']['initContainers'])}"
    return ""


def _status(value: Value, now: datetime) -> str:
    phase = get(value, "status", "phase", default="Unknown")
    reason = get(value, "status", "reason") or phase
    if condition(value, "PodScheduled").get("reason") == "SchedulingGated":
        reason = "SchedulingGated"
    waiting = _initializing(value)
    if value["metadata"].get("deletionTimestamp"):
        if get(value, "status", "reason") == "NodeLost":
            return "Unknown"
        if phase not in ("Succeeded", "Failed"):
            return "Terminating"
    if waiting and not holds(value, "Initialized"):
        return waiting
    return _running(value, waiting or reason)


def _running(value: Value, reason: str) -> str:
    """The first container that is not well speaks for the pod."""
    running, failed = False, ""
    for each in reversed(_statuses(value)):
        state = each.get("state") or {}
        ended = state.get("terminated")
        if get(state, "waiting", "reason"):
            reason = state["waiting"]["reason"]
        elif ended is not None:
            reason = _ended(ended)
            failed = reason if ended.get("exitCode") else failed
        elif each.get("ready") and "running" in state:
            running = True
    if reason != "Completed":
        return reason
    if running and holds(value, "Ready"):
        return "Running"
    return failed or ("NotReady" if running else reason)


def _restarts(value: Value, now: datetime) -> str:
    lasting = _lasting(value)
    starting = _initializing(value) and not holds(value, "Initialized")
    before = _statuses(value, "initContainerStatuses")
    counted = (
        before if starting else [*(each for each in before if each["name"] in lasting), *_statuses(value)]
    )
    number = sum(each.get("restartCount", 0) for each in counted)
    last = _latest(get(each, "lastState", "terminated", "finishedAt") for each in counted)
    return f"{number} ({age(last, now)} ago)" if number and last else str(number)


def _latest(times: Iterable[Any]) -> str:
    return max((each for each in times if each), default="")


def _address(value: Value, now: datetime) -> str:
    found = get(value, "status", "podIPs", default=[{}])
    return str((found or [{}])[0].get("ip") or NONE)


def _gates(value: Value, now: datetime) -> str:
    gates = get(value, "spec", "readinessGates", default=())
    return f"{sum(holds(value, each['conditionType']) for each in gates)}/{len(gates)}" if gates else NONE


CELLS: dict[str, dict[str, Cell]] = {
    "Pod": {
        "Ready": _ready,
        "Status": _status,
        "Restarts": _restarts,
        "IP": _address,
        "Node": text("spec", "nodeName"),
        "Nominated Node": text("status", "nominatedNodeName"),
        "Readiness Gates": _gates,
    },
    "Namespace": {"Status": field("status", "phase")},
}
