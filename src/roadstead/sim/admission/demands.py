"""What a pod asks for altogether: its containers run side by side, those that initialise it one after another. Pure."""

from typing import Any

from roadstead.sim.schema import amounts

Value = dict[str, Any]
Amounts = dict[str, str]


def of(pod: Value, side: str) -> Amounts:
    """`side`: requests or limits. What the pod says for itself as a whole counts instead of its containers."""
    spec = pod["spec"]
    found: Amounts = {}
    for container in spec["containers"]:
        _add(found, _said(container, side))
    beside: Amounts = {}  # what stays, of the initial containers so far
    initial: Amounts = {}
    for container in spec.get("initContainers") or ():
        now = dict(beside)
        _add(now, _said(container, side))
        if container.get("restartPolicy") == "Always":
            _add(found, _said(container, side))
            beside = now
        _raise(initial, now)
    _raise(found, initial)
    found |= {name: amount for name, amount in _said(spec, side).items() if name in ("cpu", "memory")}
    overhead = spec.get("overhead") or {}
    _add(
        found,
        overhead if side == "requests" else {name: overhead[name] for name in overhead if name in found},
    )
    return found


def _said(holder: Value, side: str) -> Amounts:
    return (holder.get("resources") or {}).get(side) or {}


def _add(found: Amounts, more: Amounts) -> None:
    for name, amount in more.items():
        found[name] = amounts.added(found[name], amount) if name in found else amount


def _raise(found: Amounts, other: Amounts) -> None:
    for name, amount in other.items():
        if name not in found or amounts.number(amount) > amounts.number(found[name]):
            found[name] = amount
