"""The objects of one cluster, as bytes, with the versions and the history that watches live on.

Knows nothing of kinds or rules. One counter per cluster numbers all writes. History is kept for so many
writes per resource; whoever asks for older ones has to list again.
"""

from collections import deque
from collections.abc import Callable, Iterator

from msgspec import Struct, field

Key = tuple[str, str]  # namespace ("" for none), name
Resource = tuple[str, str]  # group, plural

HISTORY = 1000


class ForgottenError(Exception):
    """Nobody knows any more what was there at that version."""


def place(key: Key) -> str:
    """What objects are ordered by."""
    return f"{key[0]}/{key[1]}"


class Stored(Struct, frozen=True):
    data: bytes
    version: int


class Change(Struct, frozen=True):
    """`before` is None for a creation, `after` None for a deletion; `last` is then the object as it went."""

    version: int
    key: Key
    before: bytes | None
    after: bytes | None
    last: bytes | None = None


class Shelf(Struct):
    """One resource's objects."""

    objects: dict[Key, Stored] = field(default_factory=dict)
    history: deque[Change] = field(default_factory=lambda: deque(maxlen=HISTORY))
    forgotten: int = 0  # the newest version that left the history
    watchers: dict[int, Callable[[Change], None]] = field(default_factory=dict)

    def at(self, version: int) -> dict[Key, Stored]:
        """The objects as they were. Raises ForgottenError."""
        if version < self.forgotten:
            raise ForgottenError(version)
        out = dict(self.objects)
        for change in reversed(self.history):
            if change.version <= version:
                break
            if change.before is None:
                out.pop(change.key, None)
            else:
                out[change.key] = Stored(change.before, version)
        return out


class Store:
    """`counting`: resources whose objects are numbered together, as `counted`."""

    def __init__(self, counting: frozenset[Resource] = frozenset()) -> None:
        self.version = 1
        self.counted = 0
        self._counting = counting
        self.shelves: dict[Resource, Shelf] = {}
        self.observer: Callable[[Resource, Change], None] | None = None  # hears of every change
        self._tickets = 0

    def shelf(self, resource: Resource) -> Shelf:
        found = self.shelves.get(resource)
        if found is None:
            found = self.shelves[resource] = Shelf()
        return found

    def get(self, resource: Resource, key: Key) -> Stored | None:
        shelf = self.shelves.get(resource)
        return shelf.objects.get(key) if shelf else None

    def next_version(self) -> int:
        """The version that the next `put` or `remove` must be given: it stands inside the bytes."""
        return self.version + 1

    def put(self, resource: Resource, key: Key, data: bytes) -> Stored:
        self.version += 1
        shelf = self.shelf(resource)
        before = shelf.objects.get(key)
        if before is None and resource in self._counting:
            self.counted += 1
        stored = shelf.objects[key] = Stored(data, self.version)
        self._record(resource, shelf, Change(self.version, key, before.data if before else None, data))
        return stored

    def remove(self, resource: Resource, key: Key, last: bytes) -> None:
        """`last`: the object as it goes, already with its final version."""
        self.version += 1
        shelf = self.shelf(resource)
        before = shelf.objects.pop(key)
        self.counted -= resource in self._counting
        self._record(resource, shelf, Change(self.version, key, before.data, None, last))

    def items(
        self, resource: Resource, namespace: str = "", *, version: int | None = None
    ) -> Iterator[tuple[Key, Stored]]:
        """In the order in which the real server lists; `version`: as it was then. Raises ForgottenError."""
        shelf = self.shelves.get(resource)
        if shelf is None:
            return iter(())
        objects = shelf.objects if version is None else shelf.at(version)
        chosen = (key for key in objects if not namespace or key[0] == namespace)
        return iter([(key, objects[key]) for key in sorted(chosen, key=place)])

    def since(self, resource: Resource, version: int) -> list[Change] | None:
        """Changes after a version, None when some of them are forgotten."""
        shelf = self.shelf(resource)
        if version < shelf.forgotten:
            return None
        return [change for change in shelf.history if change.version > version]

    def watch(self, resource: Resource, notify: Callable[[Change], None]) -> Callable[[], None]:
        """Calls `notify` for each change from now on; the returned function ends that."""
        shelf = self.shelf(resource)
        self._tickets += 1
        ticket = self._tickets
        shelf.watchers[ticket] = notify
        return lambda: shelf.watchers.pop(ticket, None) and None

    def forget(self, resource: Resource) -> None:
        """As compaction does: nobody can resume from before now."""
        shelf = self.shelf(resource)
        shelf.history.clear()
        shelf.forgotten = self.version

    def _record(self, resource: Resource, shelf: Shelf, change: Change) -> None:
        if len(shelf.history) == HISTORY:
            shelf.forgotten = shelf.history[0].version
        shelf.history.append(change)
        for notify in tuple(shelf.watchers.values()):
            notify(change)
        if self.observer is not None:
            self.observer(resource, change)
