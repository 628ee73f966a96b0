"""What others do in one cluster to what is ours besides objects: inventories that they write, and break-glass.

Both are watched. An inventory at another resourceVersion than the one that we left or read was written by somebody
else; an annotation of the namespace that holds them asks to write nothing for a while.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from roadstead.engine import telling
from roadstead.engine.key_step import Steps
from roadstead.engine.shared import Shared
from roadstead.objects import break_glass
from roadstead.objects.break_glass import BreakGlass


class Strangers:
    """`mark` makes a bundle due, `all_due` all of them. `running` are bundles of which a step is under way: what
    is seen of their inventories may be its own doing, and is looked at when it is over (`look`)."""

    def __init__(
        self,
        shared: Shared,
        cluster: str,
        *,
        running: Collection[str],
        mark: Callable[[str], None],
        all_due: Callable[[], None],
    ) -> None:
        self._shared = shared
        self._cluster = cluster
        self._running = running
        self._mark = mark
        self._all_due = all_due
        self._glass: BreakGlass | None = None
        self._versions: dict[str, str] = {}  # of inventories' parents, as the watch tells
        self.steps: Steps | None = None

    def glass(self) -> BreakGlass | None:
        """What forbids to write at the moment."""
        glass = self._glass
        return glass if glass and self._shared.world.now < glass.until else None

    def see_namespace(self, found: Mapping[str, Any] | None) -> None:
        glass = break_glass.read(found, seen=self._shared.world.now) if found else None
        if (glass and glass.until) != (self._glass and self._glass.until):
            self._glass = glass
            if glass and self.glass():
                self._shared.emit(telling.glass(self._cluster, glass, self._shared.world.now))
            self._all_due()

    def see_inventory(self, bundle: str, version: str) -> None:
        self._versions[bundle] = version
        if bundle not in self._running:
            self.look(bundle)

    def look(self, bundle: str) -> None:
        """Whether the inventory is another than the one that we left or read."""
        steps, version = self.steps, self._versions.get(bundle)
        if steps is None or version is None:
            return
        known = steps.known.inventories.get(bundle)
        ours = known.parent.resource_version if known else ""
        older = version.isdigit() and ours.isdigit() and int(version) <= int(ours)
        if version == ours or older or not (version or known):
            return
        del self._versions[bundle]
        steps.reread()
        self._mark(bundle)
