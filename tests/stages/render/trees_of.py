"""Snapshots made of files, for tests of render: an object store of its own, no working tree."""

from collections.abc import Mapping
from pathlib import Path

import pygit2

from roadstead.model.snapshot import Revision, Snapshot
from roadstead.world.git import trees

Files = Mapping[str, str | bytes]
FOLDER, FILE, LINK = 0o040000, 0o100644, 0o120000


class Store:
    def __init__(self, folder: Path) -> None:
        self._repository = pygit2.init_repository(str(folder), bare=True)
        self.path = str(folder)

    def tree(self, files: Files, *, links: Mapping[str, str] | None = None) -> str:
        """The hash of a tree with these files, and links by their targets."""
        root: dict = {}
        for mode, entries in ((FILE, files), (LINK, links or {})):
            for path, content in entries.items():
                *folders, name = path.split("/")
                folder = root
                for part in folders:
                    folder = folder.setdefault(part, {})
                data = content.encode() if isinstance(content, str) else content
                folder[name] = (mode, self._repository.create_blob(data))
        return str(self._write(root))

    def revision(self, files: Files, *, links: Mapping[str, str] | None = None, name: str = "") -> Revision:
        tree = self.tree(files, links=links)
        return Revision(name, "https://git.example/fleet", "main", "", tree, self.path)

    def snapshot(self, files: Files, *, links: Mapping[str, str] | None = None, **sources: Files) -> Snapshot:
        others = {name: self.revision(content, name=name) for name, content in sources.items()}
        return Snapshot(self.revision(files, links=links), others)

    def open(self, files: Files, *, links: Mapping[str, str] | None = None) -> trees.Tree:
        return trees.open(self.path, self.tree(files, links=links))

    def _write(self, folder: dict) -> pygit2.Oid:
        builder = self._repository.TreeBuilder()
        for name, entry in folder.items():
            if isinstance(entry, dict):
                builder.insert(name, self._write(entry), FOLDER)
            else:
                mode, oid = entry
                builder.insert(name, oid, mode)
        return builder.write()


def folder(path: Path) -> dict[str, bytes]:
    """The files below a folder of this machine."""
    return {str(one.relative_to(path)): one.read_bytes() for one in path.rglob("*") if one.is_file()}
