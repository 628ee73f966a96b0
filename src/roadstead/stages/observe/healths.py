"""The health of one cluster's objects, kept current by watches while somebody waits for it.

Waiting costs nothing but the watch: one stream per kind whatever the number of bundles that wait, and
pods are looked at only in namespaces where a workload is on its way, for their waiting reasons say at
once what a Deployment says after ten minutes. Judging an object is objects/health.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from roadstead.model.assignment import HealthRule
from roadstead.model.errors import RoadsteadError
from roadstead.model.facts import ApiResource
from roadstead.model.health import Health, State
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.objects import health, kinds, ownership
from roadstead.stages.observe import stream
from roadstead.world import tasks
from roadstead.world.kube import client as kube

PODS = GroupKind("", "Pod")
_SETTLED = (State.READY, State.SUSPENDED, State.FAILED, State.MISSING)
_WORKLOADS = frozenset(
    {
        GroupKind("apps", "Deployment"),
        GroupKind("apps", "StatefulSet"),
        GroupKind("apps", "DaemonSet"),
        GroupKind("apps", "ReplicaSet"),
        GroupKind("batch", "Job"),
    }
)


@dataclass(frozen=True, slots=True)
class Awaited:
    """`mark` is the one that the last write left (model Entry): an older object says nothing yet."""

    rules: Sequence[HealthRule] = ()
    mark: str = ""


Tell = Callable[[ObjectId, Health], None]


@asynccontextmanager
async def watching(client: kube.Client) -> AsyncIterator["Healths"]:
    """`async with healths.watching(client) as seen: await seen.until_settled(...)`"""
    async with tasks.group() as start:
        running: list[asyncio.Task[Any]] = []
        yield Healths(client, lambda work: running.append(start(work)))
        for task in running:
            task.cancel()


class Healths:
    """Implements stream.Follower for all kinds at once."""

    def __init__(self, client: kube.Client, start: Callable[[Any], None]) -> None:
        self._client = client
        self._start = start
        self._followed: set[tuple[GroupKind, str]] = set()
        self._awaited: dict[ObjectId, Awaited] = {}
        self._objects: dict[ObjectId, dict[str, Any]] = {}  # only of what somebody waits for
        self._health: dict[ObjectId, Health] = {}
        self._pods: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        self._waiting: dict[ObjectId, list[_Waiter]] = defaultdict(list)
        self._blind: dict[GroupKind, Health] = {}

    async def until_settled(
        self,
        wanted: Mapping[ObjectId, Awaited],
        *,
        deadline: float,
        tell: Tell = lambda object_id, health: None,
    ) -> dict[ObjectId, Health]:
        """The health of all `wanted` once each is ready, suspended or failed, or `deadline` seconds later."""
        waiter = _Waiter(set(wanted), tell)
        self._awaited.update(wanted)
        for object_id in wanted:
            self._waiting[object_id].append(waiter)
            if object_id in self._objects:
                self._assess(object_id)
        try:
            async with asyncio.timeout(deadline):
                await self._follow({one.group_kind for one in wanted})
                for object_id in wanted:
                    if object_id in self._health:
                        waiter.learn(object_id, self._health[object_id])
                await waiter.done.wait()
        except TimeoutError:
            pass
        finally:
            for object_id in wanted:
                self._waiting[object_id].remove(waiter)
        return {one: self._health.get(one, Health(State.UNKNOWN, "nothing seen of it yet")) for one in wanted}

    async def _follow(self, wanted: Collection[GroupKind]) -> None:
        served = await self._client.resources()
        for kind in wanted:
            resource = served.find(kind)
            if resource is None:
                self._lose(kind, Health(State.UNKNOWN, "the cluster serves no such kind"))
            elif (kind, "") not in self._followed:
                self._followed.add((kind, ""))
                self._start(self._stream(resource, selector=ownership.PART_OF))

    async def _stream(self, resource: ApiResource, *, namespace: str = "", selector: str = "") -> None:
        try:
            await stream.follow(
                self._client,
                resource,
                self,
                namespace=namespace,
                selector=selector,
                broken=lambda error: None,
            )
        except RoadsteadError as error:
            self._lose(resource.group_kind, Health(State.UNKNOWN, error.problem.cause))

    def _lose(self, kind: GroupKind, told: Health) -> None:
        for object_id in [one for one in self._waiting if one.group_kind == kind]:
            self._learn(object_id, told)
            for waiter in self._waiting[object_id]:
                waiter.give_up(object_id)

    def listed(self, resource: ApiResource, objects: list[dict[str, Any]]) -> None:
        present = set()
        for obj in objects:
            self.seen(resource, obj)
            present.add(kinds.identify(obj))
        for object_id in [one for one in self._awaited if one.group_kind == resource.group_kind]:
            if object_id not in present:
                self._learn(object_id, Health(State.MISSING, "it does not exist"))

    def seen(self, resource: ApiResource, obj: dict[str, Any]) -> None:
        object_id = kinds.identify(obj)
        if object_id.group_kind == PODS:
            self._pods[object_id.namespace][object_id.name] = obj
            self._reassess(object_id.namespace)
        if object_id in self._awaited:
            self._objects[object_id] = obj
            self._assess(object_id)

    def gone(self, resource: ApiResource, obj: dict[str, Any]) -> None:
        object_id = kinds.identify(obj)
        self._pods.get(object_id.namespace, {}).pop(object_id.name, None)
        if object_id in self._awaited:
            self._objects.pop(object_id, None)
            self._learn(object_id, Health(State.MISSING, "it is gone"))

    def _assess(self, object_id: ObjectId) -> None:
        obj = self._objects[object_id]
        pods = self._pods_of(obj) if object_id.group_kind in _WORKLOADS else ()
        awaited = self._awaited[object_id]
        if _version(ownership.mark(obj)) < _version(awaited.mark):
            found = Health(State.PROGRESSING, "waiting to see the change")
        else:
            found = health.assess(obj, rules=awaited.rules, pods=pods)
        if found.state is State.PROGRESSING and object_id.group_kind in _WORKLOADS:
            self._watch_pods(object_id.namespace)
        self._learn(object_id, found)

    def _reassess(self, namespace: str) -> None:
        for object_id in list(self._objects):
            if object_id.namespace == namespace and object_id.group_kind in _WORKLOADS:
                self._assess(object_id)

    def _watch_pods(self, namespace: str) -> None:
        if (PODS, namespace) not in self._followed:
            self._followed.add((PODS, namespace))
            resource = ApiResource("", "v1", "Pod", "pods", namespaced=True)
            self._start(self._stream(resource, namespace=namespace))

    def _pods_of(self, workload: Mapping[str, Any]) -> list[dict[str, Any]]:
        labels = ((workload.get("spec") or {}).get("selector") or {}).get("matchLabels") or {}
        pods = self._pods.get(workload["metadata"].get("namespace", ""), {}).values()
        return [
            pod for pod in pods if labels and labels.items() <= (pod["metadata"].get("labels") or {}).items()
        ]

    def _learn(self, object_id: ObjectId, told: Health) -> None:
        if self._health.get(object_id) == told:
            return
        self._health[object_id] = told
        for waiter in self._waiting.get(object_id, ()):
            waiter.learn(object_id, told)


def _version(mark: str) -> int:
    """Marks of one object compare as numbers: generations, and resourceVersions (KEP-5504)."""
    digits = mark[1:]
    return int(digits) if digits.isdigit() else 0


class _Waiter:
    def __init__(self, pending: set[ObjectId], tell: Tell) -> None:
        self._pending = pending
        self._tell = tell
        self.done = asyncio.Event()
        if not pending:
            self.done.set()

    def learn(self, object_id: ObjectId, told: Health) -> None:
        self._tell(object_id, told)
        if told.state in _SETTLED:
            self._pending.discard(object_id)
        else:
            self._pending.add(object_id)
        if not self._pending:
            self.done.set()

    def give_up(self, object_id: ObjectId) -> None:
        self._pending.discard(object_id)
        if not self._pending:
            self.done.set()
