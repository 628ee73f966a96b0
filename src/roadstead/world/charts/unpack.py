"""Unpack a folder into a Git store, in a worker process: nothing of it is ever a file of this machine.

Links stay links, which world/git/trees follows no further than the tree. Names that lead elsewhere, other
things than files and links, and what unpacks to more than anybody means are refused.
"""

import io
import tarfile
from typing import Any

import msgspec
from msgspec import Struct

from roadstead.model import errors
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.reasons import OUTSIDE_SNAPSHOT
from roadstead.world.charts import http
from roadstead.world.git import objects

JOB = "roadstead.world.charts.unpack:job"
_LARGEST = 256 << 20  # bytes of all files together
_MOST = 50_000  # files and folders

_Folder = dict[str, Any]  # name -> a folder, or an objects.Entry


class Question(Struct, frozen=True, array_like=True):
    store: str
    where: str  # for messages
    packed: bytes


_questions = msgspec.msgpack.Decoder(Question)


def job(payload: bytes) -> bytes:
    """The hash of the tree that was written."""
    import pygit2

    question = _questions.decode(payload)
    repository = pygit2.Repository(question.store)
    root: _Folder = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(question.packed), mode="r:*") as archive:
            _read(archive, root, repository, question.where)
    except (tarfile.TarError, OSError, EOFError) as cause:
        raise http.unreadable(question.where, f"the packed folder cannot be unpacked: {cause}") from cause
    return _write(root, repository).encode()


def _read(archive: tarfile.TarFile, root: _Folder, repository: Any, where: str) -> None:
    size = 0
    for count, member in enumerate(archive):
        size += member.size
        if size > _LARGEST or count >= _MOST:
            limits = f"{_LARGEST >> 20} MiB or {_MOST} files"
            raise http.unreadable(where, f"the packed folder is larger than {limits}")
        parts = [part for part in member.name.split("/") if part not in ("", ".")]
        if member.name.startswith("/") or any(objects.is_unsafe(part) for part in parts):
            raise _outside(where, member.name)
        if member.isdir():
            _enter(root, parts, where)
        elif parts:
            _enter(root, parts[:-1], where)[parts[-1]] = _entry(archive, member, repository, where)


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo, repository: Any, where: str) -> objects.Entry:
    if member.issym():
        link = member.linkname.encode(errors="surrogateescape")
        return objects.Entry(objects.LINK, str(repository.create_blob(link)))
    file = archive.extractfile(member) if member.isfile() or member.islnk() else None
    if file is None:
        raise http.unreadable(where, f"only files, folders and links can be read, found {member.name}")
    mode = objects.EXECUTABLE if member.mode & 0o100 else objects.FILE
    return objects.Entry(mode, str(repository.create_blob(file.read())))


def _enter(root: _Folder, parts: list[str], where: str) -> _Folder:
    folder = root
    for part in parts:
        below = folder.setdefault(part, {})
        if not isinstance(below, dict):
            raise http.unreadable(where, f"a file is named as a folder: {'/'.join(parts)}")
        folder = below
    return folder


def _write(folder: _Folder, repository: Any) -> str:
    builder = repository.TreeBuilder()
    for name, below in folder.items():
        if isinstance(below, dict):
            builder.insert(name, _write(below, repository), objects.FOLDER)
        else:
            builder.insert(name, below.oid, below.mode)
    return str(builder.write())


def _outside(where: str, name: str) -> RoadsteadError:
    cause = f"{where}: the packed folder holds a name that leads elsewhere: {name!r}"
    return errors.error(Problem(OUTSIDE_SNAPSHOT, cause, "remove it from the artifact"))
