"""Our own bare repositories in the cache folder: made, locked, tidied, thrown away.

One folder per address with a lock file and the stores of that address in it. Whoever changes a store holds its
lock; readers need none, as objects never change and stay for weeks after their last use. Anything here may be
removed at any time when nothing runs: it is made again.
"""

import asyncio
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.world import tasks
from roadstead.world.git import command, failures
from roadstead.world.git.command import Git

KEPT = 14 * 24 * 3600.0  # seconds that something stays after its last use
_POLL = 0.02
_LOCK = "lock"


def folder(cache: Path, name: str) -> Path:
    """Where the stores of an address lie. The whole address counts: other credentials, another folder."""
    return cache / "git" / hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:32]


@asynccontextmanager
async def locked(place: Path, *, until: float) -> AsyncIterator[None]:
    """Hold the folder of an address, which then exists, against other tasks and processes."""
    while True:
        with failures.of_files(f"preparing the cache {place}"):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.mkdir(mode=0o700, exist_ok=True)
            held = _take(place / _LOCK)
        if held is not None:
            break
        if asyncio.get_running_loop().time() + _POLL > until:
            cause = f"{place} was held by another process all the time given"
            raise errors.error(Problem(reasons.SOURCE_UNREACHABLE, cause))
        await asyncio.sleep(_POLL)
    try:
        os.utime(held)  # prune() goes by it
        yield
    finally:
        os.close(held)


async def bare(path: Path, *, until: float) -> Path:
    """The bare repository at `path`, made when missing. Call it with the lock held."""
    if (path / "HEAD").exists():
        return path
    half = path.with_name(f"{path.name}.new")
    with failures.of_files(f"preparing the cache {path}"):
        shutil.rmtree(half, ignore_errors=True)
        half.parent.mkdir(parents=True, exist_ok=True)
    making = ("init", "--quiet", "--bare", "--template=", str(half))
    async with tasks.group() as start:
        start(command.check_version(until))
        start(Git(until).run(*making, action=f"preparing the cache {path}"))
    with failures.of_files(f"preparing the cache {path}"):
        shutil.rmtree(path, ignore_errors=True)
        half.rename(path)
    return path


def prune(cache: Path, *, unused_for: float = KEPT) -> int:
    """Remove the stores of addresses not used for so many seconds; those in use stay. How many went."""
    gone = 0
    for lock in (cache / "git").glob(f"*/{_LOCK}"):
        held = _take(lock)
        if held is None:
            continue
        try:
            if time.time() - os.fstat(held).st_mtime >= unused_for:
                shutil.rmtree(lock.parent, ignore_errors=True)
                gone += 1
        finally:
            os.close(held)
    return gone


def _take(lock: Path) -> int | None:
    """The lock's file descriptor, or None while somebody else has it."""
    try:
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR, 0o600)
    except FileNotFoundError:
        return None  # pruned this moment
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if lock.stat().st_ino == os.fstat(descriptor).st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None
