"""Watch what is ours in one cluster besides objects: the inventories, and the namespace in which they lie.

Metadata alone, by two streams. That somebody else wrote an inventory is for the engine to find out, by the
resourceVersion; so is what an annotation of the namespace asks for.
"""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any

from roadstead.model.errors import Problem
from roadstead.model.facts import ApiResource
from roadstead.model.ids import ObjectId
from roadstead.stages.observe.stream import Selection
from roadstead.stages.observe.streams import Streams
from roadstead.world import tasks
from roadstead.world.inventory import names, secret
from roadstead.world.inventory.reading import SECRETS
from roadstead.world.kube import client as kube

_NAMESPACES = ApiResource("", "v1", "Namespace", "namespaces", namespaced=False)

Object = dict[str, Any]


@asynccontextmanager
async def running(
    client: kube.Client,
    fleet: str,
    *,
    namespace: Callable[[Object | None], None],
    inventory: Callable[[str, str], None],
) -> AsyncIterator[None]:
    """`namespace` hears of it as it is, None when it is not there; `inventory` of a bundle, with the
    resourceVersion that its parent has now, "" when it is gone."""
    async with tasks.group() as start:
        streams = Streams(client, _SystemWatch(namespace, inventory), start)
        streams.need(
            {
                Selection(_NAMESPACES, name=names.NAMESPACE, metadata=True): (),
                Selection(SECRETS, names.NAMESPACE, selector=names.fleet_selector(fleet), metadata=True): (),
            }
        )
        try:
            yield
        finally:
            streams.stop()


class _SystemWatch:
    """A streams.Follower."""

    def __init__(
        self, namespace: Callable[[Object | None], None], inventory: Callable[[str, str], None]
    ) -> None:
        self._namespace = namespace
        self._inventory = inventory

    def seen(self, selection: Selection, obj: Object) -> None:
        if selection.name:
            self._namespace(obj)
        elif secret.is_parent(obj):
            self._inventory(secret.bundle_of(obj), obj["metadata"].get("resourceVersion", ""))

    def gone(self, selection: Selection, obj: Object) -> None:
        if selection.name:
            self._namespace(None)
        elif secret.is_parent(obj):
            self._inventory(secret.bundle_of(obj), "")

    def listed(self, selection: Selection, present: Collection[ObjectId]) -> None:
        if selection.name and not present:
            self._namespace(None)

    def interrupted(self, selection: Selection, problem: Problem | None) -> None:
        """That the cluster is not seen is told by the streams of what it owns."""

    def lost(self, selection: Selection, problem: Problem) -> None:
        """As above."""
