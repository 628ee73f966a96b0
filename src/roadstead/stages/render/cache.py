"""What renders keep: blobs on disk, and in memory the bound objects that were used last.

What is on disk is read here, too: no worker process need start for what is known.
"""

from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from roadstead.world.blobs import Blobs

if TYPE_CHECKING:
    from roadstead.stages.render.bind import Bound

_MOST = 256 << 20  # bytes of manifests in memory


class Cache:
    """One for a process and its worker processes, which open `root` themselves."""

    def __init__(self, root: Path) -> None:
        self.blobs = Blobs(root)
        self._bounds: OrderedDict[str, Bound] = OrderedDict()
        self._size = 0

    def bound(self, key: str) -> "Bound | None":
        from roadstead.stages.render import bind  # here, as caches are made before all else is imported

        found = self._bounds.get(key)
        if found is not None:
            self._bounds.move_to_end(key)
        elif (found := bind.kept(key, self.blobs)) is not None:
            self.remember(key, found)
        return found

    def remember(self, key: str, bound: "Bound") -> None:
        if key in self._bounds:
            return
        self._bounds[key] = bound
        self._size += _size(bound)
        while self._size > _MOST and len(self._bounds) > 1:
            _, dropped = self._bounds.popitem(last=False)
            self._size -= _size(dropped)


def _size(bound: "Bound") -> int:
    return sum(len(manifest.body) for manifest in bound.manifests)
