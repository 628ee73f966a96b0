"""LimitRanges and ResourceQuotas: what they may limit, and limits that go together."""

from collections.abc import Iterator
from typing import Any

from roadstead.sim.rules import names, sizes
from roadstead.sim.schema import amounts
from roadstead.sim.schema.requiring import Cause, duplicate, forbidden, invalid, required

Value = dict[str, Any]
LIMITED = ("Pod", "Container", "PersistentVolumeClaim")


def limit_range(value: Value, old: Value | None) -> Iterator[Cause]:
    seen: set[str] = set()
    for number, limit in enumerate((value.get("spec") or {}).get("limits") or ()):
        kind = limit.get("type", "")
        if kind not in LIMITED and "/" not in kind:
            yield invalid(
                f"spec.limits[{number}].type", kind, "must be a standard limit type or fully qualified"
            )
        yield from _limits(limit, f"spec.limits[{number}]")
        if kind in seen:
            yield duplicate(f"spec.limits[{number}].type", kind)
        seen.add(kind)


PODS_ONLY = ("pods",)
OF_PODS = (*PODS_ONLY, "cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")


def quota(value: Value, old: Value | None) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    for scope in spec.get("scopes") or ():
        fit = PODS_ONLY if scope == "BestEffort" else OF_PODS
        if any(name in sizes.STANDARD and name not in fit for name in spec.get("hard") or ()):
            yield invalid("spec.scopes", spec["scopes"], "unsupported scope applied to resource")
    for name, amount in (spec.get("hard") or {}).items():
        at = f"spec.hard[{name}]"
        problem = names.qualified_problem(name)
        if problem:
            yield invalid(at, name, problem)
        elif name not in sizes.STANDARD and "/" not in name:
            yield invalid(at, name, "must be a standard resource type or fully qualified")
        if amounts.number(amount) < 0:
            yield invalid(at, amount, "must be greater than or equal to 0")


ASCENDING = ("min", "defaultRequest", "default", "max")


def _limits(limit: Value, at: str) -> Iterator[Cause]:
    """Each of them may not be greater than those after it."""
    if limit.get("type") == "Pod":
        for key in ("default", "defaultRequest"):
            if limit.get(key):
                yield forbidden(f"{at}.{key}", "may not be specified when `type` is 'Pod'")
    bounds = {**(limit.get("min") or {}), **(limit.get("max") or {})}
    if limit.get("type") == "PersistentVolumeClaim" and "storage" not in bounds:
        yield required(
            f"{at}.limits", "either minimum or maximum storage value is required, but neither was provided"
        )
    for number, key in enumerate(ASCENDING):
        for name, amount in (limit.get(key) or {}).items():
            check = (
                sizes.name_of_container if limit.get("type") in ("Pod", "Container") else sizes.name_of_any
            )
            yield from check(name, f"{at}.{key}[{name}]")
            for above in ASCENDING[number + 1 :]:
                other = (limit.get(above) or {}).get(name)
                if other is not None and amounts.number(amount) > amounts.number(other):
                    yield invalid(
                        f"{at}.{key}[{name}]",
                        amount,
                        f"{key} value {amount} is greater than {above} value {other}",
                    )
    for name, ratio in (limit.get("maxLimitRequestRatio") or {}).items():
        if amounts.number(ratio) < 1:
            yield invalid(f"{at}.maxLimitRequestRatio[{name}]", ratio, f"ratio {ratio} is less than 1")
