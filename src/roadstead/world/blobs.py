"""Bytes kept on this machine: content by its digest, and results by the key of what they were made from.

A cache: everything in it can be made again. Writes are atomic; what is read is checked against its
sha256, and damaged or half-written content counts as missing. Small files, read and written
synchronously; safe for several processes at once. What a key covers is the caller's business.
"""

import contextlib
import errno
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from roadstead.model import errors
from roadstead.model.errors import Place, Problem
from roadstead.model.reasons import BAD_ARGUMENT, DISK_FULL

_DAY = 24 * 3600.0
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Blobs:
    """`root` is made when first written to."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, data: bytes) -> str:
        """Keep content; its sha256 in hexadecimal digits."""
        digest = hashlib.sha256(data).hexdigest()
        if self.get(digest) is None:
            self._write(self._path("content", digest), data)
        return digest

    def get(self, digest: str) -> bytes | None:
        data = self._read(self._path("content", digest))
        return data if data is not None and hashlib.sha256(data).hexdigest() == digest else None

    def has(self, digest: str) -> bool:
        """Whether content is there, whole or not; it counts as used."""
        try:
            os.utime(self._path("content", digest))
        except OSError:
            return False
        return True

    def keep(self, key: str, data: bytes) -> None:
        """Keep the result that belongs to `key` (any text)."""
        self._write(self._path("results", _hex(key)), hashlib.sha256(data).digest() + data)

    def kept(self, key: str) -> bytes | None:
        found = self._read(self._path("results", _hex(key)))
        if found is None or hashlib.sha256(found[32:]).digest() != found[:32]:
            return None
        return found[32:]

    def tidy(self) -> None:
        """Sweep, unless somebody did today."""
        mark = self.root / "swept"
        try:
            if mark.exists() and time.time() - mark.stat().st_mtime < _DAY:
                return
            mark.touch()  # first, so that a second process leaves it to this one
            self.sweep()
        except OSError:
            return  # a folder that is read only, or not there yet

    def sweep(self, *, unused_for: float = 30 * _DAY, most: int = 2 << 30) -> int:
        """Remove what nobody read or wrote for so many seconds; then, until `most` bytes are left, what was
        used longest ago, but nothing that was used today: a run may be at it. How many files that were."""
        now = time.time()
        found = sorted(self._files())
        size = sum(each for _, each, _ in found)
        removed = 0
        for used, each, path in found:
            if now - used < min(unused_for, _DAY) or (size <= most and now - used < unused_for):
                break
            path.unlink(missing_ok=True)  # another process may have been faster
            size -= each
            removed += 1
        return removed

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """When they were used, their sizes and places; also what a process left that was killed in a write."""
        for path in self.root.glob("*/*/*"):
            with contextlib.suppress(FileNotFoundError):
                state = path.stat()
                yield state.st_mtime, state.st_size, path

    def _path(self, family: str, name: str) -> Path:
        return self.root / family / name[:2] / name

    def _read(self, path: Path) -> bytes | None:
        try:
            data = path.read_bytes()
            os.utime(path)  # for sweep
        except OSError:
            return None
        return data

    def _write(self, path: Path, data: bytes) -> None:
        temporary = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).replace(path)
        except OSError as cause:
            if temporary:
                Path(temporary).unlink(missing_ok=True)
            if cause.errno not in FULL:
                raise
            raise disk_full(self.root) from cause


def disk_full(place: Path) -> errors.RoadsteadError:
    return errors.error(Problem(DISK_FULL, f"no space left to write below {place}", DISK_FULL.remedy))


def unwritten(path: Path, cause: OSError) -> errors.RoadsteadError:
    """Why a file or folder that a person named was not written."""
    if cause.errno in FULL:
        return disk_full(path.parent)
    text = f"cannot be written: {(cause.strerror or 'unknown').lower()}"
    return errors.error(
        Problem(BAD_ARGUMENT, text, "name a place that can be written", place=Place(str(path)))
    )


def _hex(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
