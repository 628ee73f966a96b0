"""Notice, from metadata alone, that an owned object may have changed.

Pure but for being fed by stream.follow. An object whose uid, signature and mark are as its inventory
entry says was not touched; any difference is a suspicion, never a verdict: the engine looks at the
object and decides (correctness.md, Drift). The sender of DELETED may only have dropped our label.
"""

from collections.abc import Callable, Mapping
from typing import Any

from roadstead.model.facts import ApiResource
from roadstead.model.ids import ObjectId
from roadstead.model.inventory import Entry
from roadstead.objects import kinds, ownership


class Suspicions:
    """A stream.Follower for the kinds of `entries`; `entries` may be replaced while it listens."""

    def __init__(self, entries: Mapping[ObjectId, Entry], suspect: Callable[[ObjectId], None]) -> None:
        self.entries = entries
        self._suspect = suspect

    def listed(self, resource: ApiResource, objects: list[dict[str, Any]]) -> None:
        present = {kinds.identify(obj) for obj in objects}
        for obj in objects:
            self.seen(resource, obj)
        for object_id in self.entries:
            if object_id.group_kind == resource.group_kind and object_id not in present:
                self._suspect(object_id)

    def seen(self, resource: ApiResource, obj: dict[str, Any]) -> None:
        live = ownership.live(obj, resource)
        entry = self.entries.get(live.id)
        if entry and (entry.uid, entry.signature, entry.mark) != (live.uid, live.signature, live.mark):
            self._suspect(live.id)

    def gone(self, resource: ApiResource, obj: dict[str, Any]) -> None:
        object_id = kinds.identify(obj)
        if object_id in self.entries:
            self._suspect(object_id)
