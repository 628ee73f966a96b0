"""Read of a cluster what its copy needs: namespaces, definitions, the fleet's inventories, what the fleet owns or
wants, what pods there need to start and are limited by, and who judges writes. Only reads are sent.

Of Secrets, but for our own inventories, and of ConfigMaps that are not ours only metadata is asked for: in the copy
they have the keys that their field managers tell, without values.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from roadstead.engine.surveying import Survey
from roadstead.model import reasons
from roadstead.model.errors import RoadsteadError
from roadstead.model.facts import ApiResource
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.objects import kinds
from roadstead.operations.rehearse import judges
from roadstead.operations.rehearse.snapshot import Object, Taken
from roadstead.stages.observe import finding, serving
from roadstead.world import tasks
from roadstead.world.inventory import names
from roadstead.world.inventory.reading import SECRETS
from roadstead.world.kube.client import Client

_AT_ONCE = 8
_NAMESPACES = ApiResource("", "v1", "Namespace", "namespaces", namespaced=False)
_MAPS = ApiResource("", "v1", "ConfigMap", "configmaps", namespaced=True)
_CLAIMS = ApiResource("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", namespaced=True)
_LIMITS = tuple(
    ApiResource("", "v1", kind, f"{kind.lower()}s", namespaced=True)
    for kind in ("LimitRange", "ResourceQuota")
)
_DEFINITIONS = ApiResource(
    "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False
)
_RIGHTS = tuple(
    ApiResource(
        "rbac.authorization.k8s.io", "v1", kind, f"{kind.lower()}s", namespaced=not kind.startswith("Cluster")
    )
    for kind in ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
)
_SECRET = GroupKind("", "Secret")
_TYPES = {  # by the key that each of these types has to have
    "tls.key": "kubernetes.io/tls",
    ".dockerconfigjson": "kubernetes.io/dockerconfigjson",
    ".dockercfg": "kubernetes.io/dockercfg",
    "ssh-privatekey": "kubernetes.io/ssh-auth",
}


async def take(found: Survey) -> Taken:
    client = found.client
    wanted = {one.id for each in found.manifests.values() for one in each}
    ours = {
        one for one, live in found.view.live.items() if live.part_of in found.view.parents or one in wanted
    }
    reading = _Reading(client)
    await reading.list(_NAMESPACES)
    await reading.list(_DEFINITIONS)
    await reading.list(SECRETS, names.NAMESPACE, selector=names.fleet_selector(found.desired.fleet))
    await reading.objects(ours)
    if any(one.act_as for one in found.assignments.values()):  # what these may do is part of the question
        await tasks.each(_RIGHTS, reading.list, limit=_AT_ONCE)
    places = sorted({one.namespace for one in (*ours, *wanted) if one.namespace})
    await reading.judges(places)  # before what is read of ConfigMaps without values
    await tasks.each(places, reading.around, limit=_AT_ONCE)
    return Taken(found.cluster.name, found.facts.version, list(reading.found.values()), reading.notes)


class _Reading:
    """What was found so far; earlier finds, which are whole, stay."""

    def __init__(self, client: Client) -> None:
        self.found: dict[ObjectId, Object] = {}
        self.notes: list[str] = []
        self._client = client

    async def list(
        self,
        resource: ApiResource,
        namespace: str = "",
        *,
        name: str = "",
        selector: str = "",
        metadata: bool = False,
    ) -> None:
        try:
            listing = await self._client.list(
                resource, namespace=namespace, name=name, selector=selector, metadata=metadata
            )
        except RoadsteadError as error:
            if error.problem.reason is not reasons.FORBIDDEN:
                raise
            self.notes.append(f"{resource.plural} could not be read: {error.problem.cause}")
        else:
            for one in listing.objects():
                self._keep(shell(one) if metadata else one)

    async def objects(self, wanted: Iterable[ObjectId]) -> None:
        by_kind: dict[GroupKind, set[ObjectId]] = defaultdict(set)
        for one in wanted:
            by_kind[one.group_kind].add(one)
        served = await serving.ask(self._client, by_kind)

        async def of_kind(resource: ApiResource) -> None:
            secret = resource.group_kind == _SECRET
            wished = by_kind[resource.group_kind]
            answer = await finding.find(self._client, resource, wished, dict, metadata=secret)
            for one, value in answer.objects.items():
                if one in wished:
                    self._keep(shell(value) if secret else value)
            self.notes += [f"{one} could not be read: {why.cause}" for one, why in answer.unreadable.items()]

        await tasks.each(served.resources.values(), of_kind, limit=_AT_ONCE)
        self.notes += [f"{kind} could not be read: {why.cause}" for kind, why in served.unknown.items()]

    async def around(self, namespace: str) -> None:
        """What pods of the namespace may need, and what limits them, whoever made it."""
        await self.list(SECRETS, namespace, metadata=True)
        await self.list(_MAPS, namespace, metadata=True)
        for resource in (_CLAIMS, *_LIMITS):
            await self.list(resource, namespace)

    async def judges(self, places: Iterable[str]) -> None:
        """Who may refuse what is written to the namespaces, and the params that they go by."""
        served = await serving.ask(self._client, judges.KINDS)
        await tasks.each(served.resources.values(), self.list, limit=_AT_ONCE)
        wanted = judges.params(self.found.values())
        kinds = await serving.ask(self._client, {one.kind for one in wanted})
        for one in wanted:
            resource = kinds.resources.get(one.kind)
            if resource is None:
                continue
            for place in ([one.namespace] if one.namespace else places) if resource.namespaced else [""]:
                await self.list(resource, place, name=one.name, metadata=one.kind == _SECRET)

    def _keep(self, value: Object) -> None:
        self.found.setdefault(kinds.identify(value), value)


def shell(metadata: Object) -> Object:
    """A Secret or ConfigMap of which only metadata is known: with its keys, without their values."""
    keys = sorted(set(_keys(metadata["metadata"].get("managedFields") or ())))
    value = {**metadata, "data": dict.fromkeys(keys, "")}
    if metadata["kind"] == "Secret":
        value["type"] = next((sort for key, sort in _TYPES.items() if key in keys), "Opaque")
    return value


def _keys(entries: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for entry in entries:
        for part in ("f:data", "f:stringData"):
            for field in (entry.get("fieldsV1") or {}).get(part) or ():
                if field.startswith("f:"):
                    yield field.removeprefix("f:")
