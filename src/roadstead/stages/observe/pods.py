"""The Pods of workloads that are on their way: their waiting reasons say at once what a Deployment says
after ten minutes.

Of a Pod only that is kept which health needs; what its containers are given, maybe secrets, is not.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Any

from roadstead.language.selectors import Expression, Operator
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.facts import ApiResource
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.stages.observe.stream import Selection
from roadstead.world import tasks
from roadstead.world.kube import client as kube

Pod = dict[str, Any]

RESOURCE = ApiResource("", "v1", "Pod", "pods", namespaced=True)
WORKLOADS = frozenset(
    {
        GroupKind("", "ReplicationController"),
        GroupKind("apps", "DaemonSet"),
        GroupKind("apps", "Deployment"),
        GroupKind("apps", "ReplicaSet"),
        GroupKind("apps", "StatefulSet"),
        GroupKind("batch", "Job"),
    }
)
_FEW = 10  # namespaces: for more, one look at the whole cluster is cheaper
_AT_ONCE = 8
_KEPT = ("name", "namespace", "labels", "creationTimestamp", "deletionTimestamp")


class Pods:
    """A streams.Follower. `changed` is called with each tended workload of which a Pod came, changed or
    went."""

    def __init__(self, changed: Callable[[ObjectId], None]) -> None:
        self._changed = changed
        self._tended: dict[str, dict[ObjectId, Mapping[str, Any]]] = defaultdict(dict)  # by namespace
        self._known: dict[str, dict[str, Pod]] = defaultdict(dict)  # by namespace and name
        self._busy: frozenset[str] = frozenset()

    def of(self, workload: Mapping[str, Any]) -> list[Pod]:
        known = self._known.get(workload["metadata"].get("namespace", ""), {})
        return [pod for pod in known.values() if selects(workload, pod)]

    def tend(self, one: ObjectId, workload: Mapping[str, Any]) -> None:
        self._tended[one.namespace][one] = workload

    def leave(self, one: ObjectId) -> None:
        self._tended[one.namespace].pop(one, None)

    def busy(self, is_pending: Callable[[ObjectId], bool]) -> frozenset[str]:
        """The namespaces where a tended workload is on its way. Pods of others are forgotten, unless there
        are so many that `selections` brings the whole cluster's."""
        found = (name for name, tended in self._tended.items() if any(map(is_pending, tended)))
        self._busy = frozenset(found)
        if len(self._busy) <= _FEW:
            for namespace in self._known.keys() - self._busy:
                del self._known[namespace]
        return self._busy

    def is_heard(self, one: ObjectId) -> bool:
        return one.namespace in self._busy

    def seen(self, selection: Selection, obj: Pod) -> None:
        pod = _slim(obj)
        self._known[pod["metadata"]["namespace"]][pod["metadata"]["name"]] = pod
        self._tell(pod)

    def gone(self, selection: Selection, obj: Pod) -> None:
        self._drop(obj["metadata"]["namespace"], obj["metadata"]["name"])

    def listed(self, selection: Selection, present: Collection[ObjectId]) -> None:
        for namespace in [one for one in self._known if selection.namespace in ("", one)]:
            for name in list(self._known[namespace]):
                if ObjectId("", "Pod", namespace, name) not in present:
                    self._drop(namespace, name)

    def interrupted(self, selection: Selection, problem: Problem | None) -> None:
        """Nothing worth telling: without Pods only the reasons are missing."""

    def lost(self, selection: Selection, problem: Problem) -> None:
        """As above."""

    def _drop(self, namespace: str, name: str) -> None:
        pod = self._known[namespace].pop(name, None)
        if pod:
            self._tell(pod)

    def _tell(self, pod: Pod) -> None:
        for one, workload in list(self._tended.get(pod["metadata"]["namespace"], {}).items()):
            if selects(workload, pod):
                self._changed(one)


def selections(namespaces: Collection[str]) -> dict[Selection, Collection[str]]:
    """What to look at for the Pods of these namespaces (streams.need)."""
    if len(namespaces) > _FEW:
        return {Selection(RESOURCE): namespaces}
    return {Selection(RESOURCE, namespace): () for namespace in namespaces}


async def read(client: kube.Client, namespaces: Collection[str]) -> Pods:
    """The Pods of these namespaces, as they are now, as far as our identity may look."""
    found = Pods(lambda one: None)

    async def ask(selection: Selection) -> None:
        try:
            async for page in client.pages(RESOURCE, namespace=selection.namespace):
                for pod in page.objects():
                    if pod["metadata"]["namespace"] in namespaces:
                        found.seen(selection, pod)
        except RoadsteadError as error:
            found.lost(selection, error.problem)

    await tasks.each(selections(namespaces), ask, limit=_AT_ONCE)
    return found


def selects(workload: Mapping[str, Any], pod: Pod) -> bool:
    """Whether the workload's selector finds the Pod. An empty one, against the API's rule, finds nothing."""
    selector = (workload.get("spec") or {}).get("selector") or {}
    if workload.get("kind") == "ReplicationController":
        selector = {"matchLabels": selector}
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or ()
    if not wanted and not expressions:
        return False
    labels = pod["metadata"].get("labels") or {}
    return wanted.items() <= labels.items() and all(
        Expression(one["key"], Operator(one["operator"]), tuple(one.get("values") or ())).matches(labels)
        for one in expressions
    )


def _slim(pod: Pod) -> Pod:
    metadata = {key: value for key, value in pod["metadata"].items() if key in _KEPT}
    spec = {"restartPolicy": (pod.get("spec") or {}).get("restartPolicy", "Always")}
    return {"metadata": metadata, "spec": spec, "status": pod.get("status") or {}}
