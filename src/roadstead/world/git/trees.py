"""Read files of a snapshot: a Git tree with the trees of its submodules mounted in it.

Cheap to open anywhere (all arguments are strings), never reads a working file. Links are followed as a file
system does, but nothing that a link, a `..` or a crafted name leads to outside of the tree can be read: such a
path is an OutsideSnapshot problem. Pointers of Git LFS are never taken for content. Fetching the objects is fetch.py's, hashing a working tree worktree.py's.
"""

import fnmatch
import hashlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from roadstead.model import errors, reasons
from roadstead.model.errors import Place, Problem, RoadsteadError
from roadstead.model.reasons import Reason
from roadstead.model.snapshot import Mount
from roadstead.world.git import failures, lfs, objects

MOST_LINKS = 40  # followed for one path, as Linux does
MOST_SPECIAL = 10_000  # links and submodules that one digest may cover
_NO_LFS = "run `git lfs pull` in a checkout and name that as the fleet, or keep the file in Git itself"
MOST_ENTRIES = 500_000  # looked at in one walk: a few crafted links or trees can stand for billions


class File(NamedTuple):
    """`mode` is FILE or EXECUTABLE; or LINK, SUBMODULE for one that leads nowhere: reading it tells why."""

    path: str
    oid: str
    mode: int


class _Node(NamedTuple):
    """A folder or file at its real place (links followed), for telling names, `..` and circles."""

    name: str
    store: str
    entry: objects.Entry
    above: "_Node | None"

    @property
    def place(self) -> str:
        above = self.above.place if self.above else ""
        return f"{above}/{self.name}" if above else self.name


class Tree:
    """Paths are relative to the root of the tree, with `/`; "" is the root itself."""

    def __init__(self, store: str, tree: str, mounts: Sequence[Mount]) -> None:
        self._root = _Node("", store, objects.Entry(objects.FOLDER, tree), None)
        self._mounts = {mount.path: mount for mount in mounts}
        self._stores: dict[str, objects.Store] = {}

    def read(self, path: str) -> bytes:
        node = self._find(path)
        if node.entry.mode == objects.FOLDER:
            raise _error(reasons.FILE_MISSING, path, "a file is needed, found a folder")
        blob = self._store(node).blob(node.entry.oid)
        digest = lfs.named(blob)
        content = lfs.content(Path(node.store), digest) if digest else blob
        if content is None:
            raise _error(
                reasons.SOURCE_UNREADABLE, path, "Git LFS keeps the file's content elsewhere", _NO_LFS
            )
        return content

    def exists(self, path: str) -> bool:
        """Whether it can be read; False also for a link that leads nowhere. Leaving the tree is an error."""
        try:
            self._find(path)
        except RoadsteadError as error:
            if error.problem.reason is reasons.FILE_MISSING:
                return False
            raise
        return True

    def is_folder(self, path: str) -> bool:
        return self.exists(path) and self._find(path).entry.mode == objects.FOLDER

    def walk(self, path: str = "") -> Iterator[File]:
        """All files below a folder (or the one file), sorted by name in each folder, links resolved.

        Links that lead out of the tree, nowhere or in a circle, and submodules that cannot be read, are
        yielded as what they are.
        """
        return self._walk(_clean(path), self._find(path), (), itertools.count(1))

    def glob(self, wanted: Iterable[str], *, under: str = "") -> list[str]:
        """Paths of the files that match one of the patterns, which are relative to the folder `under`.

        `*` and `?` stay within a name, `**` is any number of folders (links to folders are not entered by
        it); names that begin with a dot must be written with it. Sorted, each once. Links that lead nowhere
        are among them, so that reading tells.
        """
        found: set[str] = set()
        folder = _clean(under)
        if not self.is_folder(folder):
            return []
        for pattern in wanted:
            parts = _clean(pattern).split("/")
            if pattern.startswith("/") or ".." in parts:
                raise _error(reasons.OUTSIDE_SNAPSHOT, pattern, "a pattern may not leave its folder")
            steps = tuple(part for i, part in enumerate(parts) if part != "**" or parts[i - 1 : i] != ["**"])
            found.update(self._glob(folder, self._find(folder), steps, itertools.count(1)))
        return sorted(found)

    def oid(self, path: str = "") -> str:
        """A digest of everything below: equal digests, equal content, what links lead to included."""
        return self._digest(self._find(path))

    def copy_out(self, paths: Iterable[str], destination: Path) -> None:
        """Write the files and folders to the same paths below `destination`, links as what they lead to.

        An error where one of them leads out of the tree, nowhere or in a circle; nothing but plain files
        and folders is ever written.
        """
        for wanted in paths:
            for file in self.walk(wanted):
                content = self.read(file.path)
                target = destination / file.path
                with failures.of_files(f"writing {target}"):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(content)
                    if file.mode == objects.EXECUTABLE:
                        target.chmod(0o755)

    def _store(self, node: _Node) -> objects.Store:
        if node.store not in self._stores:
            self._stores[node.store] = objects.Store(node.store)
        return self._stores[node.store]

    def _entries(self, node: _Node) -> dict[str, objects.Entry]:
        return self._store(node).folder(node.entry.oid)

    def _find(self, path: str) -> _Node:
        if path.startswith("/") or "\0" in path:
            raise _error(reasons.OUTSIDE_SNAPSHOT, path, "an absolute path")
        return self._follow(self._root, path, path)

    def _follow(self, start: _Node, path: str, asked: str) -> _Node:
        """Go from a folder along a path, as a file system does."""
        node, links = start, 0
        ahead = path.split("/")[::-1]
        while ahead:
            name = ahead.pop()
            if node.entry.mode != objects.FOLDER:
                raise _error(reasons.FILE_MISSING, asked, f"{node.place} is a file")
            if name in ("", "."):
                continue
            if name == "..":
                if node.above is None:
                    raise _error(reasons.OUTSIDE_SNAPSHOT, asked, f"it leads out of the repository by {path}")
                node = node.above
                continue
            entry = self._entries(node).get(name)
            if entry is None:
                raise _error(reasons.FILE_MISSING, asked, f"there is no {name} in {node.place or 'the root'}")
            if entry.mode != objects.LINK:
                node = self._enter(_Node(name, node.store, entry, node), asked)
                continue
            target = self._store(node).link(entry.oid)
            links += 1
            if target.startswith("/") or "\0" in target:
                raise _error(reasons.OUTSIDE_SNAPSHOT, asked, f"a link leads to {target}")
            if links > MOST_LINKS:
                raise _error(reasons.FILE_MISSING, asked, "links lead in a circle")
            ahead += target.split("/")[::-1]
            path = target
        return node

    def _enter(self, node: _Node, asked: str) -> _Node:
        if node.entry.mode != objects.SUBMODULE:
            return node
        mount = self._mounts.get(node.place)
        if mount is None or mount.error:
            why = mount.error if mount else "it has no address in .gitmodules"
            reason = reasons.REASONS[mount.reason] if mount else reasons.SOURCE_UNREADABLE
            raise _error(reason, asked, f"submodule {node.place} cannot be read: {why}")
        return _Node(node.name, mount.store, objects.Entry(objects.FOLDER, mount.tree), node.above)

    def _child(self, folder: _Node, name: str, shown: str) -> _Node | None:
        """An entry of the folder with links followed; None when it leads nowhere."""
        try:
            return self._follow(folder, name, shown)
        except RoadsteadError:
            return None

    def _walk(self, shown: str, node: _Node, chain: tuple[str, ...], count: Iterator[int]) -> Iterator[File]:
        if node.entry.mode != objects.FOLDER:
            yield File(shown, node.entry.oid, node.entry.mode)
            return
        chain = (*chain, node.place)
        for name, entry in self._entries(node).items():
            _limit(count, shown)
            path = f"{shown}/{name}" if shown else name
            if entry.mode in (objects.FILE, objects.EXECUTABLE):
                yield File(path, entry.oid, entry.mode)
                continue
            below = self._child(node, name, path)
            if below is None or (entry.mode == objects.LINK and _circles(below, chain)):
                yield File(path, entry.oid, entry.mode)
            else:
                yield from self._walk(path, below, chain, count)

    def _glob(self, shown: str, folder: _Node, parts: tuple[str, ...], count: Iterator[int]) -> Iterator[str]:
        first, rest = parts[0], parts[1:]
        if first == "**" and rest:
            yield from self._glob(shown, folder, rest, count)
        for name, entry in self._entries(folder).items():
            _limit(count, shown)
            if not _matches(name, first):
                continue
            path = f"{shown}/{name}" if shown else name
            below = self._child(folder, name, path)
            if below is None or below.entry.mode != objects.FOLDER:
                if not rest:
                    yield path
            elif first == "**" and entry.mode != objects.LINK:
                yield from self._glob(path, below, parts, count)
            elif first != "**" and rest:
                yield from self._glob(path, below, rest, count)

    def _digest(self, start: _Node) -> str:
        """Git's own hash where it says everything; else one over all that links and mounts lead to."""
        reached = {start.place: start}
        lines = [start.entry.oid]
        ahead = [start]
        while ahead:
            node = ahead.pop()
            if node.entry.mode != objects.FOLDER:
                continue
            for path, _ in self._store(node).special(node.entry.oid):
                target = self._child(node, path, path)
                lines.append(f"{node.place}/{path} {target.place} {target.entry.oid}" if target else path)
                if target and target.place not in reached:
                    reached[target.place] = target
                    ahead.append(target)
                if len(lines) > MOST_SPECIAL:
                    raise _error(reasons.SOURCE_UNREADABLE, start.place, f"more than {MOST_SPECIAL} links")
        if len(lines) == 1:
            return lines[0]
        return hashlib.sha256("\n".join(lines).encode(errors="surrogateescape")).hexdigest()


def open(store: str, tree: str, mounts: Sequence[Mount] = ()) -> Tree:
    """A revision's files: `trees.open(revision.store, revision.tree, revision.mounts)`."""
    return Tree(store, tree, mounts)


def _circles(target: _Node, chain: tuple[str, ...]) -> bool:
    """Whether a link leads to a folder that is being walked, or to one above."""
    above = f"{target.place}/" if target.place else ""
    return target.entry.mode == objects.FOLDER and any(f"{place}/".startswith(above) for place in chain)


def _limit(count: Iterator[int], shown: str) -> None:
    if next(count) > MOST_ENTRIES:
        raise _error(reasons.SOURCE_UNREADABLE, shown, f"more than {MOST_ENTRIES} files and folders")


def _matches(name: str, pattern: str) -> bool:
    if name.startswith(".") and not pattern.startswith("."):
        return False
    return pattern == "**" or fnmatch.fnmatchcase(name, pattern)


def _clean(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _error(reason: Reason, path: str, cause: str, hint: str = "") -> RoadsteadError:
    return errors.error(Problem(reason, cause, hint, place=Place(file=path)))
