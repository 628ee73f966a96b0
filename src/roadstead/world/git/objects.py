"""Read objects of a store: folders, files, links, and which tree a commit has.

Reads the object database alone, so that neither the configuration nor the references of a repository matter.
Names that a working file must never have (`..`, `.git` in any spelling) make a folder unreadable. Memory: each
folder read stays, as objects never change; open a new store for a new task.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError

FOLDER, FILE, EXECUTABLE, LINK, SUBMODULE = 0o040000, 0o100644, 0o100755, 0o120000, 0o160000
LONGEST_LINK = 4096

# What HFS+ leaves out when it compares names: `.g<U+200C>it` is `.git` there.
_IGNORED_BY_HFS = dict.fromkeys(
    (*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF)
)


class Entry(NamedTuple):
    mode: int
    oid: str


class Store:
    """`path` is a bare repository or the .git folder of one; alternates are followed."""

    def __init__(self, path: str) -> None:
        import pygit2

        self._path = path
        self._folders: dict[str, dict[str, Entry]] = {}
        self._plain: set[str] = set()
        try:
            self._database: pygit2.Odb = pygit2.Odb(str(Path(path) / "objects"))
        except (pygit2.GitError, OSError) as cause:
            raise _unreadable(f"the object store {path} cannot be opened: {cause}") from cause

    def __contains__(self, oid: str) -> bool:
        import pygit2

        return self._database.exists(pygit2.Oid(hex=oid))

    def blob(self, oid: str) -> bytes:
        return self._read(oid, "blob")

    def link(self, oid: str) -> str:
        """Where a link leads, as it is written."""
        target = self._read(oid, "blob")
        if len(target) > LONGEST_LINK:
            raise _outside(f"a link of {len(target)} bytes")
        return target.decode(errors="surrogateescape")

    def folder(self, oid: str) -> dict[str, Entry]:
        """Name to entry, in Git's order."""
        if oid not in self._folders:
            self._folders[oid] = dict(_entries(self._read(oid, "tree")))
        return self._folders[oid]

    def special(self, oid: str) -> Iterator[tuple[str, Entry]]:
        """The links and submodules at any depth below a folder, by path."""
        if oid in self._plain:
            return
        found = False
        for name, entry in self.folder(oid).items():
            if entry.mode in (LINK, SUBMODULE):
                found = True
                yield name, entry
            elif entry.mode == FOLDER:
                for path, below in self.special(entry.oid):
                    found = True
                    yield f"{name}/{path}", below
        if not found:
            self._plain.add(oid)

    def commit(self, oid: str) -> bytes:
        return self._read(oid, "commit")

    def tag(self, oid: str) -> bytes:
        return self._read(oid, "tag")

    def tree_of(self, commit: str) -> str:
        """The tree of a commit."""
        return self.commit(commit).partition(b"\n")[0].removeprefix(b"tree ").decode()

    def _read(self, oid: str, wanted: str) -> bytes:
        import pygit2

        try:
            kind, data = self._database.read(oid)
        except (KeyError, ValueError, pygit2.GitError) as cause:
            raise _unreadable(f"the {wanted} {oid} is missing or damaged in {self._path}") from cause
        if kind != _KINDS[wanted]:
            raise _unreadable(f"object {oid} in {self._path} should be a {wanted}, found type {int(kind)}")
        return data


_KINDS = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}


def _entries(data: bytes) -> Iterator[tuple[str, Entry]]:
    """Git's own form: mode, space, name, NUL, 20 bytes of hash; again and again."""
    start = 0
    while start < len(data):
        end = data.index(b"\0", start)
        mode, _, raw = data[start:end].partition(b" ")
        name = raw.decode(errors="surrogateescape")
        if is_unsafe(name):
            raise _outside(f"a folder holds an entry named {name!r}")
        start = end + 21
        yield name, Entry(_mode(int(mode, 8)), data[end + 1 : start].hex())


def _mode(written: int) -> int:
    """Old repositories hold file modes such as 0o100664."""
    if written & 0o170000 == 0o100000:
        return EXECUTABLE if written & 0o100 else FILE
    return written & 0o170000


def is_unsafe(name: str) -> bool:
    """A name that leads elsewhere, or that some file system takes for Git's own folder."""
    if name.isascii() and name[:1] not in ("", ".", "g", "G"):
        return "/" in name
    if name in ("", ".", "..") or "/" in name:
        return True
    plain = name.translate(_IGNORED_BY_HFS).casefold().partition(":")[0].rstrip(". ")
    return plain in (".git", "git~1")


def _unreadable(cause: str) -> RoadsteadError:
    hint = "fetch it again with all its files; a partial clone lacks some"
    return errors.error(Problem(reasons.SOURCE_UNREADABLE, cause, hint))


def _outside(cause: str) -> RoadsteadError:
    return errors.error(Problem(reasons.OUTSIDE_SNAPSHOT, cause, "remove it from the repository"))
