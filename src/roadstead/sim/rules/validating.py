"""Validation of single kinds, as far as users meet it; `CHECKS` finds it by storage."""

import re
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any

from roadstead.sim.rules import admission, contents, definitions, events, limiting, names, scaling, storing
from roadstead.sim.schema import amounts
from roadstead.sim.schema.requiring import Cause, forbidden, invalid, required

Value = dict[str, Any]
SUBJECTS = ("ServiceAccount", "User", "Group")
CRON_FIELD = re.compile(r"(\*|[0-9]+|[A-Za-z]{3})(-([0-9]+|[A-Za-z]{3}))?(/[0-9]+)?", re.ASCII)


def _role(value: Value, old: Value | None) -> Iterator[Cause]:
    for number, rule in enumerate(value.get("rules") or ()):
        at = f"rules[{number}]"
        if not rule.get("verbs"):
            yield required(f"{at}.verbs", "verbs must contain at least one value")
        if rule.get("nonResourceURLs"):
            if value["kind"] == "Role":
                yield invalid(
                    f"{at}.nonResourceURLs",
                    rule["nonResourceURLs"],
                    "namespaced rules cannot apply to non-resource URLs",
                )
            if rule.get("apiGroups") or rule.get("resources"):
                yield invalid(
                    f"{at}.nonResourceURLs",
                    rule["nonResourceURLs"],
                    "rules cannot apply to both regular resources and non-resource URLs",
                )
            continue
        if not rule.get("apiGroups"):
            yield required(f"{at}.apiGroups", "resource rules must supply at least one api group")
        if not rule.get("resources"):
            yield required(f"{at}.resources", "resource rules must supply at least one resource")


def _binding(value: Value, old: Value | None) -> Iterator[Cause]:
    reference = value.get("roleRef") or {}
    if reference.get("apiGroup") != "rbac.authorization.k8s.io":
        yield Cause(
            "FieldValueNotSupported", f'Unsupported value: "{reference.get("apiGroup")}"', "roleRef.apiGroup"
        )
    if reference.get("kind") not in ("Role", "ClusterRole"):
        yield Cause("FieldValueNotSupported", f'Unsupported value: "{reference.get("kind")}"', "roleRef.kind")
    if not reference.get("name"):
        yield required("roleRef.name")
    for number, subject in enumerate(value.get("subjects") or ()):
        at = f"subjects[{number}]"
        if not subject.get("name"):
            yield required(f"{at}.name")
        kind = subject.get("kind")
        if kind not in SUBJECTS:
            listed = ", ".join(f'"{each}"' for each in SUBJECTS)
            yield Cause(
                "FieldValueNotSupported",
                f'Unsupported value: "{kind}": supported values: {listed}',
                f"{at}.kind",
            )
        elif kind == "ServiceAccount":
            if subject.get("name") and not names.SUBDOMAIN.fullmatch(subject["name"]):
                yield invalid(f"{at}.name", subject["name"], names.SUBDOMAIN_TEXT)
            if value["kind"] == "ClusterRoleBinding" and not subject.get("namespace"):
                yield required(f"{at}.namespace")
            if subject.get("apiGroup"):
                yield Cause(
                    "FieldValueNotSupported",
                    f'Unsupported value: "{subject["apiGroup"]}": supported values: ""',
                    f"{at}.apiGroup",
                )
        elif subject.get("apiGroup") != "rbac.authorization.k8s.io":
            yield Cause(
                "FieldValueNotSupported", f'Unsupported value: "{subject.get("apiGroup")}"', f"{at}.apiGroup"
            )


def _ingress(value: Value, old: Value | None) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield invalid("spec", None, "either `defaultBackend` or `rules` must be specified")
    if spec.get("defaultBackend"):
        yield from _backend(spec["defaultBackend"], "spec.defaultBackend")
    for number, rule in enumerate(spec.get("rules") or ()):
        host = rule.get("host") or "a"
        if not names.SUBDOMAIN.fullmatch(host.removeprefix("*.")):
            yield invalid(f"spec.rules[{number}].host", host, names.SUBDOMAIN_TEXT)
        for index, path in enumerate((rule.get("http") or {}).get("paths") or ()):
            at = f"spec.rules[{number}].http.paths[{index}]"
            yield from _backend(path.get("backend") or {}, f"{at}.backend")
            if not path.get("pathType"):
                yield required(f"{at}.pathType", "pathType must be specified")
            elif path["pathType"] != "ImplementationSpecific" and not path.get("path", "").startswith("/"):
                yield invalid(f"{at}.path", path.get("path", ""), "must be an absolute path")


def _backend(backend: Value, at: str) -> Iterator[Cause]:
    service = backend.get("service")
    if not service and not backend.get("resource"):
        yield invalid(at, "", "resource or service backend is required")
    elif service:
        port = service.get("port") or {}
        if not service.get("name"):
            yield required(f"{at}.service.name")
        elif problem := names.label_problem(service["name"]):
            yield invalid(f"{at}.service.name", service["name"], problem)
        if not port.get("name") and not port.get("number"):
            yield required(at, "port name or number is required")
        elif port.get("number") and not 0 < port["number"] < 65536:
            yield invalid(
                f"{at}.service.port.number", port["number"], "must be between 1 and 65535, inclusive"
            )


CLAIM_CHANGES = ("resources", "volumeAttributesClassName", "volumeName")


def _claim(value: Value, old: Value | None) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    if not spec.get("accessModes"):
        yield required("spec.accessModes", "at least 1 access mode is required")
    if "storage" not in ((spec.get("resources") or {}).get("requests") or {}):
        yield required("spec.resources[storage]")
    elif amounts.number(spec["resources"]["requests"]["storage"]) <= 0:
        yield invalid(
            "spec.resources[storage]", spec["resources"]["requests"]["storage"], "must be greater than zero"
        )
    if old is not None and old.get("spec") != _unbound(spec, old.get("spec") or {}):
        yield forbidden(
            "spec",
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims",
        )


def _unbound(spec: Value, old: Value) -> Value:
    """Without the volume that a claim is bound to just now."""
    return spec if old.get("volumeName") else {key: item for key, item in spec.items() if key != "volumeName"}


def _amount(found: Any, at: str) -> Iterator[Cause]:
    """A number of pods, or a part of them."""
    if isinstance(found, str) and not re.fullmatch(r"[0-9]+%", found, re.ASCII):
        why = "a valid percent string must be a numeric string followed by an ending '%'"
        yield invalid(at, found, why)
    elif isinstance(found, int) and found < 0:
        yield invalid(at, found, "must be greater than or equal to 0")


def _amounts(found: Value, at: str) -> Iterator[Cause]:
    for key in ("maxUnavailable", "maxSurge", "minAvailable"):
        if key in found:
            yield from _amount(found[key], f"{at}.{key}")


def _disruption(value: Value, old: Value | None) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    yield from _amounts(spec, "spec")
    if "minAvailable" in spec and "maxUnavailable" in spec:
        yield invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set")
    yield from names.selector(spec.get("selector"), "spec.selector")


def _counts(value: Value, *keys: str) -> Iterator[Cause]:
    for key in keys:
        found = (value.get("spec") or {}).get(key)
        if isinstance(found, int) and found < 0:
            yield invalid(f"spec.{key}", found, "must be greater than or equal to 0")


def _strategy(value: Value, old: Value | None) -> Iterator[Cause]:
    yield from _counts(value, "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
    spec = value.get("spec") or {}
    deadline, ready = spec.get("progressDeadlineSeconds"), spec.get("minReadySeconds", 0)
    if deadline is not None and deadline <= ready:
        yield invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")
    strategy = (value.get("spec") or {}).get("strategy") or {}
    yield from _amounts(strategy.get("rollingUpdate") or {}, "spec.strategy.rollingUpdate")
    if strategy.get("type") == "Recreate" and "rollingUpdate" in strategy:
        why = "may not be specified when strategy `type` is 'Recreate'"
        yield forbidden("spec.strategy.rollingUpdate", why)
    elif strategy.get("type") not in ("Recreate", "RollingUpdate"):
        yield Cause("FieldValueNotSupported", f'Unsupported value: "{strategy.get("type")}"', "spec.strategy")


def _update_strategy(value: Value, old: Value | None) -> Iterator[Cause]:
    history = ("revisionHistoryLimit",) if value["kind"] == "DaemonSet" else ()
    yield from _counts(value, "minReadySeconds", *history)
    strategy = (value.get("spec") or {}).get("updateStrategy") or {}
    yield from _amounts(strategy.get("rollingUpdate") or {}, "spec.updateStrategy.rollingUpdate")
    kind = strategy.get("type")
    if (
        value["kind"] == "StatefulSet"
        and kind != "RollingUpdate"
        and strategy.get("rollingUpdate") is not None
    ):
        why = "only allowed for updateStrategy 'RollingUpdate'"
        yield invalid("spec.updateStrategy.rollingUpdate", strategy["rollingUpdate"], why)
    if kind not in ("OnDelete", "RollingUpdate"):
        why = "must be 'RollingUpdate' or 'OnDelete'"
        yield invalid("spec.updateStrategy.type", kind, why)
    if value["kind"] == "DaemonSet" and kind == "RollingUpdate":
        rolling = strategy.get("rollingUpdate") or {}
        if rolling.get("maxUnavailable") in (0, "0%") and rolling.get("maxSurge") in (0, "0%"):
            yield invalid(
                "spec.updateStrategy.rollingUpdate.maxUnavailable", 0, "cannot be 0 when `maxSurge` is 0"
            )


def _cron_job(value: Value, old: Value | None) -> Iterator[Cause]:
    schedule = (value.get("spec") or {}).get("schedule", "")
    if schedule.startswith("@"):
        return
    parts = schedule.split()
    if len(parts) != 5:
        yield invalid(
            "spec.schedule", schedule, f"expected exactly 5 fields, found {len(parts)}: [{' '.join(parts)}]"
        )
    elif any(not CRON_FIELD.fullmatch(each) for part in parts for each in part.split(",")):
        yield invalid("spec.schedule", schedule, "failed to parse int")


def _network_policy(value: Value, old: Value | None) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    for direction, key in (("ingress", "from"), ("egress", "to")):
        for number, rule in enumerate(spec.get(direction) or ()):
            for index, peer in enumerate(rule.get(key) or ()):
                at = f"spec.{direction}[{number}].{key}[{index}]"
                if not peer:
                    yield required(at, "must specify a peer")
                block = peer.get("ipBlock")
                if block is not None and not _is_network(block.get("cidr", "")):
                    why = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
                    yield invalid(f"{at}.ipBlock.cidr", block.get("cidr", ""), why)


def _is_network(written: str) -> bool:
    try:
        ip_network(written, strict=False)
    except ValueError:
        return False
    return "/" in written


def _controller(value: Value, old: Value | None) -> Iterator[Cause]:
    spec = value.get("spec") or {}
    for key in ("selector", "template"):
        if not spec.get(key):
            yield required(f"spec.{key}")


ADMISSION = "admissionregistration.k8s.io"
RBAC = "rbac.authorization.k8s.io"
CHECKS: dict[tuple[str, str], Callable[[Value, Value | None], Iterator[Cause]]] = {
    ("", "configmaps"): contents.config_map,
    ("", "secrets"): contents.secret,
    ("", "namespaces"): names.namespace,
    (RBAC, "roles"): _role,
    (RBAC, "clusterroles"): _role,
    (RBAC, "rolebindings"): _binding,
    (RBAC, "clusterrolebindings"): _binding,
    ("networking.k8s.io", "ingresses"): _ingress,
    ("networking.k8s.io", "networkpolicies"): _network_policy,
    ("", "persistentvolumeclaims"): _claim,
    ("", "events"): events.event,
    ("", "limitranges"): limiting.limit_range,
    ("", "resourcequotas"): limiting.quota,
    ("", "replicationcontrollers"): _controller,
    ("apps", "deployments"): _strategy,
    ("apps", "statefulsets"): _update_strategy,
    ("apps", "daemonsets"): _update_strategy,
    ("batch", "cronjobs"): _cron_job,
    ("policy", "poddisruptionbudgets"): _disruption,
    ("autoscaling", "horizontalpodautoscalers"): scaling.autoscaler,
    ("apiextensions.k8s.io", "customresourcedefinitions"): definitions.causes,
    (ADMISSION, "validatingadmissionpolicies"): admission.policy,
    (ADMISSION, "validatingadmissionpolicybindings"): admission.binding,
    (ADMISSION, "mutatingadmissionpolicies"): admission.mutating_policy,
    (ADMISSION, "mutatingadmissionpolicybindings"): admission.mutating_binding,
    (ADMISSION, "validatingwebhookconfigurations"): admission.webhooks,
    (ADMISSION, "mutatingwebhookconfigurations"): admission.webhooks,
    ("", "persistentvolumes"): storing.volume,
    ("networking.k8s.io", "ingressclasses"): storing.ingress_class,
    ("storage.k8s.io", "storageclasses"): storing.storage_class,
    ("scheduling.k8s.io", "priorityclasses"): storing.priority_class,
    ("node.k8s.io", "runtimeclasses"): storing.runtime_class,
    ("discovery.k8s.io", "endpointslices"): storing.endpoint_slice,
    ("apps", "controllerrevisions"): storing.revision,
}
