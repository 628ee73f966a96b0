"""Namespaces: what each of them has from its beginning, and their end, pods first, once nothing is left in them.

A namespace that waits says in its conditions for what: kinds and counts, and whose finalizers.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from roadstead.sim.controllers.events import EVERYTHING, Controller, Event, itself
from roadstead.sim.controllers.world import World
from roadstead.sim.store import Key, Resource

Value = dict[str, Any]

NAMESPACES = ("", "namespaces")
ACCOUNTS = ("", "serviceaccounts")
CONFIG_MAPS = ("", "configmaps")
PODS = ("", "pods")
BUNDLE = "kube-root-ca.crt"
ABOUT = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of "
    "Kubernetes clusters."
)
AUTHORITY = "-----BEGIN CERTIFICATE-----\nsimulated: nothing is encrypted here\n-----END CERTIFICATE-----\n"


def _of_namespace(world: World, event: Event) -> Iterable[Key]:
    """What goes may be what a namespace waits for, or what it has to have again."""
    namespace = event.change.key[0]
    after = event.change.after
    if namespace and (after is None or b'"deletionTimestamp"' in after):
        given = after is None and (event.resource, event.change.key[1]) in GIVEN
        if given or world.terminates(namespace):
            yield "", namespace


GIVEN = {(CONFIG_MAPS, BUNDLE), (ACCOUNTS, "default")}


def _sync(world: World, key: Key) -> None:
    found = world.get(NAMESPACES, key)
    if found is None:
        return
    if found["metadata"].get("deletionTimestamp"):
        _end(world, found)
        return
    place = {"namespace": key[1]}
    about = {"annotations": {"kubernetes.io/description": ABOUT}}
    _ensure(
        world, CONFIG_MAPS, {"metadata": {**place, "name": BUNDLE, **about}, "data": {"ca.crt": AUTHORITY}}
    )
    _ensure(world, ACCOUNTS, {"metadata": {**place, "name": "default"}})


def _ensure(world: World, resource: Resource, value: Value) -> None:
    key = (value["metadata"]["namespace"], value["metadata"]["name"])
    if world.cluster.store.get(resource, key) is None:
        world.create(resource, value)


def _end(world: World, found: Value) -> None:
    name = found["metadata"]["name"]
    if "kubernetes" not in (found["spec"].get("finalizers") or ()):
        return
    for resource in _filled(world, name):
        if resource == PODS or not _left(world, name, [PODS]):
            for value in world.all(resource, name):
                if not value["metadata"].get("deletionTimestamp"):
                    world.delete(resource, value, policy="Background")
    left = _left(world, name, _filled(world, name))
    found = world.report(
        NAMESPACES, found, {**found["status"], "conditions": _conditions(world, found, left)}
    )
    if not left:
        kept = [each for each in found["spec"]["finalizers"] if each != "kubernetes"]
        world.update(NAMESPACES, {**found, "spec": {**found["spec"], "finalizers": kept}}, below="finalize")


def _filled(world: World, namespace: str) -> list[Resource]:
    """Resources with objects in the namespace, pods first."""
    shelves = world.cluster.store.shelves.items()
    found = [which for which, shelf in shelves if any(key[0] == namespace for key in shelf.objects)]
    return sorted(found, key=lambda which: (which != PODS, which))


def _left(world: World, namespace: str, resources: list[Resource]) -> dict[Resource, list[Value]]:
    found = {which: world.all(which, namespace) for which in resources}
    return {which: values for which, values in found.items() if values}


def _conditions(world: World, found: Value, left: dict[Resource, list[Value]]) -> list[Value]:
    known = {each["type"]: each for each in found["status"].get("conditions") or ()}
    out = []
    for sort, said, reason, message in _told(left):
        was = known.get(sort)
        since = was["lastTransitionTime"] if was and was["status"] == said else world.cluster.now()
        out.append(
            {
                "type": sort,
                "status": said,
                "lastTransitionTime": since,
                "reason": reason,
                "message": message,
            }
        )
    return out


def _told(left: dict[Resource, list[Value]]) -> Iterator[tuple[str, str, str, str]]:
    yield (
        "NamespaceDeletionDiscoveryFailure",
        "False",
        "ResourcesDiscovered",
        "All resources successfully discovered",
    )
    yield (
        "NamespaceDeletionGroupVersionParsingFailure",
        "False",
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    )
    yield (
        "NamespaceDeletionContentFailure",
        "False",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    )
    kinds = [f"{plural}.{group} has {len(left[group, plural])} resource instances" for group, plural in left]
    if kinds:
        message = f"Some resources are remaining: {', '.join(sorted(kinds))}"
        yield "NamespaceContentRemaining", "True", "SomeResourcesRemain", message
    else:
        yield "NamespaceContentRemaining", "False", "ContentRemoved", "All content successfully removed"
    values = [value for found in left.values() for value in found]
    counted = Counter(each for value in values for each in value["metadata"].get("finalizers") or ())
    holders = [f"{finalizer} in {counted[finalizer]} resource instances" for finalizer in sorted(counted)]
    if holders:
        message = f"Some content in the namespace has finalizers remaining: {', '.join(holders)}"
        yield "NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", message
    else:
        message = "All content-preserving finalizers finished"
        yield "NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers", message


CONTROLLER = Controller("namespace", _sync, {NAMESPACES: itself, EVERYTHING: _of_namespace})
