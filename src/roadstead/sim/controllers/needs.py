"""What a pod needs to be there before it can start: claims, and what it mounts or takes its environment from."""

from collections.abc import Iterator
from typing import Any

from roadstead.sim.controllers.world import World
from roadstead.sim.store import Resource

Value = dict[str, Any]

CONFIG_MAPS, SECRETS, CLAIMS = ("", "configmaps"), ("", "secrets"), ("", "persistentvolumeclaims")


def claims(pod: Value) -> Iterator[str]:
    for volume in pod["spec"].get("volumes") or ():
        if volume.get("persistentVolumeClaim"):
            yield volume["persistentVolumeClaim"]["claimName"]


def volumes(pod: Value) -> Iterator[tuple[Resource, str]]:
    """What has to be there before a pod starts."""
    for volume in pod["spec"].get("volumes") or ():
        for field, resource, key in (("configMap", CONFIG_MAPS, "name"), ("secret", SECRETS, "secretName")):
            found = volume.get(field)
            if found and not found.get("optional"):
                yield resource, found[key]


def present(world: World, pod: Value, resource: Resource, name: str) -> bool:
    found = world.cluster.store.get(resource, (pod["metadata"]["namespace"], name)) is not None
    if not found:
        world.machines.waiting.add((pod["metadata"]["namespace"], pod["metadata"]["name"]))
    return found


def lack(world: World, pod: Value, spec: Value) -> str:
    """What a container's environment is taken from and is not there."""
    for resource, word, name, key in _references(spec):
        if not present(world, pod, resource, name):
            return f'{word} "{name}" not found'
        if key:
            found = world.get(resource, (pod["metadata"]["namespace"], name)) or {}
            if key not in (found.get("data") or {}) and key not in (found.get("binaryData") or {}):
                world.machines.waiting.add((pod["metadata"]["namespace"], pod["metadata"]["name"]))
                kind = "ConfigMap" if resource == CONFIG_MAPS else "Secret"
                return f"couldn't find key {key} in {kind} {pod['metadata']['namespace']}/{name}"
    return ""


def _references(spec: Value) -> Iterator[tuple[Resource, str, str, str]]:
    for each in spec.get("envFrom") or ():
        for field, resource, word in (
            ("configMapRef", CONFIG_MAPS, "configmap"),
            ("secretRef", SECRETS, "secret"),
        ):
            found = each.get(field)
            if found and not found.get("optional"):
                yield resource, word, found["name"], ""
    for each in spec.get("env") or ():
        source = each.get("valueFrom") or {}
        for field, resource, word in (
            ("configMapKeyRef", CONFIG_MAPS, "configmap"),
            ("secretKeyRef", SECRETS, "secret"),
        ):
            found = source.get(field)
            if found and not found.get("optional"):
                yield resource, word, found["name"], found["key"]
