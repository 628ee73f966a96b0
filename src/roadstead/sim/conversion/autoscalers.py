"""HorizontalPodAutoscalers of autoscaling/v1, which are kept as autoscaling/v2.

The older version has a field for the use of processors only. Other metrics, behavior and the state of both stand
in annotations there: metrics and conditions in shapes of their own, behavior with the names of Go fields.
"""

import json
from collections.abc import Iterator
from typing import Any

Value = dict[str, Any]
Path = tuple[str, ...]

METRICS = "autoscaling.alpha.kubernetes.io/metrics"
CURRENT = "autoscaling.alpha.kubernetes.io/current-metrics"
CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior"
TOLERANCES = tuple(f"autoscaling.alpha.kubernetes.io/scale-{way}-tolerance" for way in ("down", "up"))
CARRIED = (METRICS, CURRENT, CONDITIONS, BEHAVIOR, *TOLERANCES)  # no object keeps them as annotations
WHOLE_SPEC = ("scaleTargetRef", "minReplicas", "maxReplicas")
WHOLE_STATUS = ("observedGeneration", "lastScaleTime", "currentReplicas", "desiredReplicas")
CONDITION = ("type", "status", "lastTransitionTime", "reason", "message", "observedGeneration")
DEFAULT_USE = 80  # percent of the processors that were asked for

# By metric: names in annotations, in their order there, and where that stands in autoscaling/v2. `*` is `target`
# in a spec and `current` in a status.
_RESOURCE: tuple[tuple[str, Path], ...] = (
    ("name", ("name",)),
    ("*AverageUtilization", ("*", "averageUtilization")),
    ("*AverageValue", ("*", "averageValue")),
)
_NAMED = ("metricName", ("metric", "name"))
_SOURCES: dict[str, tuple[tuple[str, Path], ...]] = {
    "object": (
        ("target", ("describedObject",)),
        _NAMED,
        ("*Value", ("*", "value")),
        ("selector", ("metric", "selector")),
        ("averageValue", ("*", "averageValue")),
    ),
    "pods": (_NAMED, ("*AverageValue", ("*", "averageValue")), ("selector", ("metric", "selector"))),
    "resource": _RESOURCE,
    "containerResource": (*_RESOURCE, ("container", ("container",))),
    "external": (
        _NAMED,
        ("metricSelector", ("metric", "selector")),
        ("*Value", ("*", "value")),
        ("*AverageValue", ("*", "averageValue")),
    ),
}
# Amounts that are written even when nobody gave them.
_ALWAYS = {
    *(("target", "object", "*Value"), ("target", "pods", "*AverageValue")),
    *(
        ("current", "object", "*Value"),
        ("current", "external", "*Value"),
        ("current", "pods", "*AverageValue"),
    ),
    *(("current", "resource", "*AverageValue"), ("current", "containerResource", "*AverageValue")),
}
_GO = {
    name.lower(): name[0].lower() + name[1:]
    for name in (
        *("ScaleUp", "ScaleDown", "StabilizationWindowSeconds", "SelectPolicy", "Policies", "Tolerance"),
        *("Type", "Value", "PeriodSeconds"),
    )
}
_RULES = ("stabilizationWindowSeconds", "selectPolicy", "policies", "tolerance")


def shown(value: Value) -> Value:
    """autoscaling/v1 of what is kept."""
    spec, status = value.get("spec") or {}, value.get("status") or {}
    metrics, current = spec.get("metrics") or (), status.get("currentMetrics") or ()
    carried: Value = {}
    if spec.get("behavior") is not None:
        carried[BEHAVIOR] = _go_behavior(spec["behavior"])
    if status.get("conditions"):
        carried[CONDITIONS] = [
            {key: each[key] for key in CONDITION if key in each} for each in status["conditions"]
        ]
    if current:
        carried[CURRENT] = [_old(each, "current") for each in current]
    others = [each for each in metrics if _use(each, "target") is None]
    if others:
        carried[METRICS] = [_old(each, "target") for each in others]
    out = _annotated(value, {key: _encoded(each) for key, each in carried.items()})
    out |= {"spec": _whole(spec)}
    out |= {"status": {key: status[key] for key in WHOLE_STATUS if key in status}}
    for each in metrics:
        if (use := _use(each, "target")) is not None:
            out["spec"]["targetCPUUtilizationPercentage"] = use
            break
    for each in current:
        if (use := _use(each, "current")) is not None:
            out["status"]["currentCPUUtilizationPercentage"] = use
    return out


def kept(value: Value) -> Value:
    """autoscaling/v2 of what somebody wrote as autoscaling/v1."""
    spec, status = value.get("spec") or {}, value.get("status") or {}
    annotations = (value.get("metadata") or {}).get("annotations") or {}
    out = without(value)
    out["spec"] = _whole(spec)
    out["status"] = {key: status[key] for key in WHOLE_STATUS if key in status}
    metrics = _news(annotations.get(METRICS), "target") or []
    if spec.get("targetCPUUtilizationPercentage") is not None:
        metrics.append(_processors("target", spec["targetCPUUtilizationPercentage"], type="Utilization"))
    out["spec"]["metrics"] = metrics or [_processors("target", DEFAULT_USE, type="Utilization")]
    behavior = _lowered(_decoded(annotations.get(BEHAVIOR)))
    if isinstance(behavior, dict) and behavior:
        out["spec"]["behavior"] = behavior
    if status.get("currentCPUUtilizationPercentage") is not None:
        out["status"]["currentMetrics"] = [_processors("current", status["currentCPUUtilizationPercentage"])]
    current = _news(annotations.get(CURRENT), "current")
    if current is not None:
        out["status"]["currentMetrics"] = current
    conditions = _decoded(annotations.get(CONDITIONS))
    if isinstance(conditions, list) and all(isinstance(each, dict) for each in conditions):
        out["status"]["conditions"] = conditions
    return out


def without(value: Value) -> Value:
    """Without the annotations that stand for fields."""
    return _annotated(value, {})


def _whole(spec: Value) -> Value:
    """What both versions have. Conversion knows no missing number, reference or name, but zero and empty ones: a
    field that an apply drops in one version stays where the other version shows it like that."""
    found = {key: spec[key] for key in WHOLE_SPEC if key in spec}
    reference = {"kind": "", "name": "", **(found.get("scaleTargetRef") or {})}
    return {"maxReplicas": 0, **found, "scaleTargetRef": reference}


def _annotated(value: Value, carried: dict[str, str]) -> Value:
    metadata = value.get("metadata") or {}
    found = metadata.get("annotations")
    if not carried and not (isinstance(found, dict) and any(key in found for key in CARRIED)):
        return dict(value)
    rest = {key: each for key, each in (found or {}).items() if key not in CARRIED} | carried
    kept_metadata = {key: item for key, item in metadata.items() if key != "annotations"}
    return {**value, "metadata": kept_metadata | ({"annotations": rest} if rest else {})}


def _processors(word: str, use: Any, **more: str) -> Value:
    return {"type": "Resource", "resource": {"name": "cpu", word: {**more, "averageUtilization": use}}}


def _use(metric: Value, word: str) -> Any:
    """How much of the processors a metric means, if it is about that."""
    resource = metric.get("resource") or {}
    if metric.get("type") != "Resource" or resource.get("name") != "cpu":
        return None
    return (resource.get(word) or {}).get("averageUtilization")


def _old(metric: Value, word: str) -> Value:
    out: Value = {"type": metric.get("type", "")}
    for source, rows in _SOURCES.items():
        if source in metric:
            out[source] = dict(_old_source(metric[source], word, source, rows))
    return out


def _old_source(
    found: Value, word: str, source: str, rows: tuple[tuple[str, Path], ...]
) -> Iterator[tuple[str, Any]]:
    for name, path in rows:
        value: Any = found
        for part in path:
            value = (value or {}).get(word if part == "*" else part)
        if value is None and (word, source, name) in _ALWAYS:
            value = "0"
        if value is not None:
            yield _word(name, word), value


def _word(name: str, word: str) -> str:
    return name.replace("*", word)


def _news(written: str | None, word: str) -> list[Value] | None:
    """Metrics from their annotation; None where it is not there or makes no sense."""
    found = _decoded(written)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        return None
    return [_new(each, word) for each in found]


def _new(metric: Value, word: str) -> Value:
    out: Value = {"type": metric.get("type", "")}
    for source, rows in _SOURCES.items():
        found = metric.get(source)
        if not isinstance(found, dict):
            continue
        made: Value = {word: {}}
        for name, path in rows:
            value = found.get(_word(name, word))
            if value is None and (word, source, name) in _ALWAYS:
                value = "0"
            if value is not None:
                _put(made, [word if part == "*" else part for part in path], value)
        if word == "target":
            made[word] = _typed(source, made[word])
        out[source] = made
    return out


def _put(made: Value, path: list[str], value: Any) -> None:
    for part in path[:-1]:
        made = made.setdefault(part, {})
    made[path[-1]] = value


def _typed(source: str, target: Value) -> Value:
    if source == "object" and "averageValue" in target and target.get("value") == "0":
        target = {key: item for key, item in target.items() if key != "value"}
    if "averageUtilization" in target:
        sort = "Utilization"
    elif source == "object":
        sort = "AverageValue" if "averageValue" in target else "Value"
    else:
        sort = "Value" if "value" in target else "AverageValue"
    return {"type": sort, **target}


def _go_behavior(behavior: Value) -> Value:
    return {_up(way): _go_rules(behavior.get(way)) for way in ("scaleUp", "scaleDown")}


def _go_rules(rules: Value | None) -> Value | None:
    if rules is None:
        return None
    out = {_up(key): rules.get(key) for key in _RULES}
    policies = rules.get("policies")
    if policies is not None:
        names = ("type", "value", "periodSeconds")
        out["Policies"] = [{_up(key): each.get(key) for key in names} for each in policies]
    return out


def _up(name: str) -> str:
    return name[0].upper() + name[1:]


def _lowered(value: Any) -> Any:
    """Behavior with the names of the API; nulls are left out."""
    if isinstance(value, dict):
        known = {_GO[key.lower()]: item for key, item in value.items() if key.lower() in _GO}
        return {key: _lowered(item) for key, item in known.items() if item is not None}
    return [_lowered(item) for item in value] if isinstance(value, list) else value


def _encoded(value: Any) -> str:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _decoded(written: str | None) -> Any:
    try:
        return json.loads(written or "null")
    except ValueError:
        return None
