"""Everything with a pod template: defaults that depend on images and volumes, selectors, names of containers."""

import re
from collections.abc import Iterator
from typing import Any

from roadstead.sim.rules import containers, names, volumes
from roadstead.sim.schema.requiring import Cause, forbidden, invalid, required, unsupported

# Where the pod's spec stands in an object of each kind.
SPECS: dict[str, tuple[str, ...]] = {
    "Pod": ("spec",),
    "PodTemplate": ("template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"),
        ("spec", "template", "spec"),
    ),
}
SELECTING = ("ReplicationController", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
SOURCELESS = {"name"}


def filled(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    """With the defaults that a schema cannot tell."""
    found: dict[str, Any] = _inside(value, SPECS[kind], _spec)
    if kind != "Pod":
        return found
    found = _inside(found, SPECS[kind], _own)
    status = found.get("status")
    return {**found, "status": _addressed(status)} if status else found


def _addressed(status: dict[str, Any]) -> dict[str, Any]:
    """A pod's address is the first of its addresses, whoever says which."""
    first, listed = status.get("podIP"), status.get("podIPs")
    if not first or (listed and listed[0].get("ip") == first):
        return status
    return {**status, "podIPs": [{"ip": first}]}


def _inside(value: Any, path: tuple[str, ...], change: Any) -> Any:
    if not path:
        return change(value) if isinstance(value, dict) else value
    if not isinstance(value, dict) or path[0] not in value:
        return value
    return {**value, path[0]: _inside(value[path[0]], path[1:], change)}


def _spec(spec: dict[str, Any]) -> dict[str, Any]:
    out = dict(spec)
    for name in CONTAINERS:
        if isinstance(spec.get(name), list):
            out[name] = [_container(each) for each in spec[name]]
    if "volumes" in spec:
        out["volumes"] = [
            {**each, "emptyDir": {}} if each.keys() <= SOURCELESS else _volume(each)
            for each in spec["volumes"]
        ]
    if spec.get("serviceAccountName"):
        out["serviceAccount"] = spec["serviceAccountName"]
    elif spec.get("serviceAccount"):
        out["serviceAccountName"] = spec["serviceAccount"]
    if spec.get("hostNetwork"):
        for name in ("containers", "initContainers"):
            if out.get(name):
                out[name] = [_host_ports(each) for each in out[name]]
    return out


def _own(spec: dict[str, Any]) -> dict[str, Any]:
    """What templates of pods do not get: requests as large as the limits, and time to end."""
    out = dict(spec)
    for name in ("containers", "initContainers"):
        if isinstance(spec.get(name), list):
            out[name] = [_requesting(each) for each in spec[name]]
    if isinstance(grace := spec.get("terminationGracePeriodSeconds"), int) and grace < 0:
        out["terminationGracePeriodSeconds"] = 1
    return out


def _requesting(container: Any) -> Any:
    resources = (container.get("resources") or {}) if isinstance(container, dict) else {}
    if not resources.get("limits"):
        return container
    requests = {**resources["limits"], **(resources.get("requests") or {})}
    return {**container, "resources": {**resources, "requests": requests}}


def _volume(volume: dict[str, Any]) -> dict[str, Any]:
    image = volume.get("image")
    if image and "pullPolicy" not in image:
        return {**volume, "image": {**image, "pullPolicy": _pull_policy(image.get("reference", ""))}}
    return volume


def _container(container: Any) -> Any:
    if not isinstance(container, dict) or "imagePullPolicy" in container:
        return container
    return {**container, "imagePullPolicy": _pull_policy(container.get("image", ""))}


PART = r"[a-z0-9]+([._-]+[a-z0-9]+)*"
IMAGE = re.compile(rf"([a-zA-Z0-9.-]+(:[0-9]+)?/)?{PART}(/{PART})*(:\w[\w.-]*)?(@[\w:+.-]+)?", re.ASCII)


def _pull_policy(image: str) -> str:
    if not IMAGE.fullmatch(image):
        return "IfNotPresent"  # no tag can be read in it
    last = image.rsplit("/", 1)[-1]
    if "@" in last:
        return "IfNotPresent"
    tag = last.rpartition(":")[2] if ":" in last else "latest"
    return "Always" if tag == "latest" else "IfNotPresent"


def _host_ports(container: dict[str, Any]) -> dict[str, Any]:
    ports = container.get("ports")
    if not ports:
        return container
    return {
        **container,
        "ports": [{**each, "hostPort": each.get("hostPort") or each.get("containerPort")} for each in ports],
    }


def causes(kind: str, value: dict[str, Any]) -> Iterator[Cause]:
    path = SPECS[kind]
    template: Any = value
    for part in path[:-1]:
        template = template.get(part) if isinstance(template, dict) else None
    spec = template.get("spec") if isinstance(template, dict) else None
    at = ".".join(path)
    if not isinstance(spec, dict):
        return
    if not spec.get("containers"):
        yield required(f"{at}.containers")
    yield from containers.causes(spec, at, claimed=_claimed(value) if kind == "StatefulSet" else set())
    yield from volumes.causes(spec, at)
    yield from _tolerations(spec, at)
    if kind == "StatefulSet":
        for number, claim in enumerate((value.get("spec") or {}).get("volumeClaimTemplates") or ()):
            yield from volumes.claim(claim, f"spec.volumeClaimTemplates[{number}]")
            if not (claim.get("metadata") or {}).get("name"):
                yield required(f"{at}.volumes[{number}].name")
    if kind in SELECTING:
        yield from _selector(value.get("spec", {}), template)
        if spec.get("restartPolicy", "Always") != "Always":
            yield Cause(
                "FieldValueNotSupported",
                f'Unsupported value: "{spec["restartPolicy"]}": supported values: "Always"',
                f"{at}.restartPolicy",
            )
    if kind in ("Job", "CronJob") and spec.get("restartPolicy") == "Always":
        yield Cause(
            "FieldValueNotSupported",
            'Unsupported value: "Always": supported values: "OnFailure", "Never"',
            f"{at}.restartPolicy",
        )
    if kind != "Pod" and len(path) > 1:
        above = ".".join(path[:-1])
        yield from names.labels((template.get("metadata") or {}).get("labels"), f"{above}.labels")


def _claimed(value: dict[str, Any]) -> set[str]:
    """Names of the volumes that a StatefulSet makes claims for."""
    templates = (value.get("spec") or {}).get("volumeClaimTemplates") or ()
    return {(each.get("metadata") or {}).get("name", "") for each in templates if isinstance(each, dict)}


EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def _tolerations(spec: dict[str, Any], at: str) -> Iterator[Cause]:
    for number, each in enumerate(spec.get("tolerations") or ()):
        place, operator = f"{at}.tolerations[{number}]", each.get("operator", "")
        key, value = each.get("key", ""), each.get("value", "")
        if key and names.qualified_problem(key):
            yield invalid(f"{place}.key", key, names.qualified_problem(key))
        if not key and operator != "Exists":
            why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            yield invalid(f"{place}.operator", operator, why)
        if "tolerationSeconds" in each and each.get("effect") != "NoExecute":
            why = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            yield invalid(f"{place}.effect", each.get("effect", ""), why)
        if operator in ("", "Equal") and not names.VALUE.fullmatch(value):
            yield invalid(f"{place}.operator", value, names.VALUE_TEXT)
        elif operator == "Exists" and value:
            yield invalid(f"{place}.operator", each, "value must be empty when `operator` is 'Exists'")
        elif operator not in ("", "Equal", "Exists"):
            yield unsupported(f"{place}.operator", operator, ("Equal", "Exists"))
        if each.get("effect") and each["effect"] not in EFFECTS:
            yield unsupported(f"{place}.effect", each["effect"], EFFECTS)


def _selector(spec: dict[str, Any], template: dict[str, Any]) -> Iterator[Cause]:
    replicas = spec.get("replicas")
    if isinstance(replicas, int) and replicas < 0:
        yield invalid("spec.replicas", replicas, "must be greater than or equal to 0")
    labels = (template.get("metadata") or {}).get("labels") or {}
    selector = spec.get("selector")
    yield from names.selector(selector, "spec.selector")
    mismatch = invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")
    if not isinstance(selector, dict):
        yield mismatch
        return
    plain = not {"matchLabels", "matchExpressions"} & selector.keys()
    wanted = selector if plain else selector.get("matchLabels") or {}
    if not wanted and not selector.get("matchExpressions"):
        yield invalid("spec.selector", selector, "empty selector is invalid for deployment")
    elif any(labels.get(key) != text for key, text in wanted.items()):
        yield mismatch


def unchangeable(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Cause]:
    """Of a running pod only images, tolerations and deadlines may change."""

    def bare(value: dict[str, Any]) -> dict[str, Any]:
        spec = dict(value.get("spec") or {})
        for key in (
            "activeDeadlineSeconds",
            "tolerations",
            "terminationGracePeriodSeconds",
            "schedulingGates",
        ):
            spec.pop(key, None)
        for group in ("containers", "initContainers"):
            if group in spec:
                spec[group] = [
                    {key: item for key, item in each.items() if key != "image"} for each in spec[group] or ()
                ]
        return spec

    if bare(old) != bare(new):
        yield forbidden(
            "spec",
            "pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
            "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
            "previously negative)\n",
        )
