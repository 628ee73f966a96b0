"""Which files differ between two revisions, submodules included.

Costs what differs, not what is there: folders of equal hash are not opened. Links are compared as what they
say; the file that one leads to is told by itself.
"""

from collections.abc import Iterator

from roadstead.model.snapshot import Mount, Revision
from roadstead.world.git import objects
from roadstead.world.git.objects import Entry, Store

_Found = tuple[str, Entry]  # the store that holds it, and what it is


def between(before: Revision, after: Revision) -> list[str]:
    """Paths of the files added, removed or changed, sorted."""
    old, new = _Side(before), _Side(after)
    moved = set(before.mounts) ^ set(after.mounts)
    return sorted(_differing("", (old, old.root), (new, new.root), frozenset(mount.path for mount in moved)))


class _Side:
    """Opens folders of one revision, wherever they are stored."""

    def __init__(self, revision: Revision) -> None:
        self.root: _Found = (revision.store, Entry(objects.FOLDER, revision.tree))
        self._mounts: dict[str, Mount] = {mount.path: mount for mount in revision.mounts}
        self._stores: dict[str, Store] = {}

    def entries(self, path: str, found: _Found | None) -> dict[str, _Found]:
        """What a folder holds; nothing where there is none."""
        if found is None or found[1].mode != objects.FOLDER:
            return {}
        if found[0] not in self._stores:
            self._stores[found[0]] = Store(found[0])
        below = self._stores[found[0]].folder(found[1].oid)
        return {name: self._mounted(f"{path}{name}", (found[0], entry)) for name, entry in below.items()}

    def _mounted(self, path: str, found: _Found) -> _Found:
        mount = self._mounts.get(path) if found[1].mode == objects.SUBMODULE else None
        return (mount.store, Entry(objects.FOLDER, mount.tree)) if mount and not mount.error else found


def _differing(
    path: str, before: tuple[_Side, _Found | None], after: tuple[_Side, _Found | None], moved: frozenset[str]
) -> Iterator[str]:
    old, new = before[0].entries(path, before[1]), after[0].entries(path, after[1])
    for name in old.keys() | new.keys():
        was, now = old.get(name), new.get(name)
        place = f"{path}{name}"
        if was and now and was[1] == now[1] and not any(m.startswith(f"{place}/") for m in moved):
            continue
        if any(found and found[1].mode != objects.FOLDER for found in (was, now)):
            yield place
        yield from _differing(f"{place}/", (before[0], was), (after[0], now), moved)
