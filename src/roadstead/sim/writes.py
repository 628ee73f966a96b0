"""Where and how somebody writes: what every step of a write is told."""

from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.sim import creating, reading, status
from roadstead.sim.authorising import Identity
from roadstead.sim.cluster import Cluster
from roadstead.sim.dialogue import Dialogue
from roadstead.sim.kinds import Kind
from roadstead.sim.managed import Writer
from roadstead.sim.merge.fields import EMPTY, Fields
from roadstead.sim.store import Stored

STATUS_RESET: Fields = {"f:spec": {}}
CUSTOM_RESET: Fields = {"f:apiVersion": {}, "f:kind": {}, "f:metadata": {}, "f:spec": {}}
LABELS_RESET: Fields = {"f:spec": {}, "f:metadata": {"f:labels": {}}}
MAIN_RESET: Fields = {"f:status": {}}

Value = dict[str, Any]


class Write(Struct, frozen=True):
    """Where and how somebody writes."""

    cluster: Cluster
    kind: Kind
    namespace: str
    name: str = ""
    manager: str = "unknown"
    subresource: str = ""
    dry_run: bool = False
    who: Identity | None = None  # None: the server itself
    dialogue: Dialogue = field(default_factory=Dialogue)

    @property
    def writer(self) -> Writer:
        return Writer(self.manager, self.subresource, self.cluster.now(), forgetful=self.cluster.old)

    @property
    def resets(self) -> dict[str, Fields]:
        """By version: what nobody owns who writes in this way, for it is put back."""
        kind, status = self.kind, self.subresource == "status"
        everywhere = not kind.custom or (status and not self.cluster.old)
        versions = [kind, *(kind.siblings if everywhere else ())]
        fields = self._status_reset if status else MAIN_RESET if kind.status_reset else EMPTY
        return {each.api_version: fields for each in versions} if fields else {}

    @property
    def _status_reset(self) -> Fields:
        if self.kind.custom and not self.cluster.old:
            return CUSTOM_RESET
        return LABELS_RESET if self.kind.storage == creating.LABELLED else STATUS_RESET

    def current(self) -> tuple[Stored, Value] | None:
        found = self.cluster.store.get(self.kind.storage, (self.namespace, self.name))
        return (found, reading.value(self.kind, found.data)) if found else None

    @property
    def inside(self) -> "Write":
        """The same in the version that built-in objects are kept in, where they are judged, too."""
        kept = self.kind.stored if self.kind.conversion is not None else None
        return self if kept is None else replace(self, kind=kept)

    def missing(self) -> status.ApiError:
        return status.not_found(self.kind.group, self.kind.plural, self.name)
