"""HorizontalPodAutoscalers, in the form of autoscaling/v2: what they look at, and how fast they may go."""

from collections.abc import Iterator
from typing import Any

from roadstead.sim.schema import amounts
from roadstead.sim.schema.requiring import Cause, forbidden, invalid, required, unsupported

Value = dict[str, Any]
SOURCES = {
    "Resource": "resource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
    "ContainerResource": "containerResource",
}
OUTSIDE = ("Object", "External")  # metrics that are there when no pod is
TYPES = ("Utilization", "Value", "AverageValue")
LOOKS = ("Disabled", "Max", "Min")


def autoscaler(value: Value, old: Value | None) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    version = (spec.get("scaleTargetRef") or {}).get("apiVersion", "")
    if "/" not in version and version != "v1":
        yield invalid("spec.scaleTargetRef.apiVersion", version, "apiVersion must specify API group")
    for number, metric in enumerate(spec.get("metrics") or ()):
        yield from _metric(metric, f"spec.metrics[{number}]")
    for direction, rules in (spec.get("behavior") or {}).items():
        yield from _rules(rules or {}, f"spec.behavior.{direction}")
    most, least = spec.get("maxReplicas", 0), spec.get("minReplicas", 1)
    if most < 1:
        yield invalid("spec.maxReplicas", most, "must be greater than 0")
    elif most < least:
        yield invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    outside = any(each.get("type") in OUTSIDE for each in spec.get("metrics") or ())
    if least < (0 if outside else 1):
        yield invalid("spec.minReplicas", least, f"must be greater than or equal to {0 if outside else 1}")


def _rules(rules: Value, at: str) -> Iterator[Cause]:
    chosen = rules.get("selectPolicy", "Max")
    if chosen not in LOOKS:
        yield unsupported(f"{at}.selectPolicy", chosen, LOOKS)
    for number, policy in enumerate(rules.get("policies") or ()):
        place = f"{at}.policies[{number}]"
        if policy.get("type") not in ("Percent", "Pods"):
            yield unsupported(f"{place}.type", policy.get("type"), ("Percent", "Pods"))
        for key in ("value", "periodSeconds"):
            if policy.get(key, 0) <= 0:
                yield invalid(f"{place}.{key}", policy.get(key, 0), "must be greater than zero")


def _metric(metric: Value, at: str) -> Iterator[Cause]:
    field = SOURCES.get(metric.get("type", ""))
    if field is None:
        yield unsupported(f"{at}.type", metric.get("type"), tuple(SOURCES))
        return
    if field not in metric:
        yield required(f"{at}.{field}", "must populate information for the given metric source")
    for other in SOURCES.values():
        if other in metric and other != field:
            yield forbidden(f"{at}.{other}", "must populate the given metric source only")
    source = metric.get(field)
    if source is not None:
        target = source.get("target") or {}
        yield from _target(target, f"{at}.{field}.target")
        yield from _fitting(field, target, f"{at}.{field}.target")
        name = (source.get("metric") or {}).get("name", "")
        if "/" in name:
            yield invalid(f"{at}.{field}.metric.name", name, "may not contain '/'")


def _target(target: Value, at: str) -> Iterator[Cause]:
    if target.get("type") not in TYPES:
        why = "must be either Utilization, Value, or AverageValue"
        yield invalid(f"{at}.type", target.get("type", ""), why)
    for key in ("value", "averageValue"):
        if key in target and amounts.number(target[key]) <= 0:
            yield invalid(f"{at}.{key}", target[key], "must be positive")
    if target.get("averageUtilization", 1) < 1:
        yield invalid(f"{at}.averageUtilization", target["averageUtilization"], "must be greater than 0")


def _fitting(field: str, target: Value, at: str) -> Iterator[Cause]:
    """Whether a source of this sort can be measured against the target."""
    value, average, use = (key in target for key in ("value", "averageValue", "averageUtilization"))
    if field in ("resource", "containerResource"):
        if not use and not average:
            why = "must set either a target raw value or a target utilization"
            yield required(f"{at}.averageUtilization", why)
        elif use and average:
            yield forbidden(
                f"{at}.averageValue", "may not set both a target raw value and a target utilization"
            )
    elif field == "pods":
        if not average:
            yield required(f"{at}.averageValue", "must specify a positive target averageValue")
    elif not value and not average:
        yield required(f"{at}.averageValue", "must set either a target value for metric or a per-pod target")
    elif field == "external" and value and average:
        yield forbidden(f"{at}.value", "may not set both a target value for metric and a per-pod target")
