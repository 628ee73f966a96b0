"""What a run works with: settings, connections, workers, blobs. Made once by the edge, closed by it.

Modes differ only in what is put in here.
"""

import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.engine import folders
from roadstead.engine.workers import WorkerPool
from roadstead.stages.render.cache import Cache
from roadstead.world.blobs import Blobs

if TYPE_CHECKING:
    from roadstead.engine.ahead import Found
    from roadstead.world.kube.kubeconfig import Kubeconfig


class Settings(Struct, frozen=True):
    """What a person chose. `fleet` is a path or URL, `revision` None for a folder as it stands, with its
    uncommitted changes. `keys` names a set of keys of this machine (machine.py) of which one must have signed
    the fleet repository's commit, or the tag that leads to it. `deadline` is for the whole run, in seconds, `request` for one request."""

    fleet: str = "."
    revision: str | None = None
    keys: str = ""
    kubeconfig: tuple[Path, ...] | None = None
    facts: Path | None = None
    clusters: tuple[str, ...] = ()
    selector: str = ""
    bundles: tuple[str, ...] = ()
    bundle_selector: str = ""
    deadline: float = 600.0
    request: float = 30.0
    cache: Path = field(default_factory=folders.cache)
    state: Path = field(default_factory=folders.state)


class World(Struct, dict=True):
    settings: Settings
    pool: WorkerPool
    renders: Cache
    begun: float
    name: str = ""
    ahead: "Found | None" = None  # read already, for whoever reads the fleet first
    _stamps: tuple[tuple[int, int], ...] = ()

    @property
    def blobs(self) -> Blobs:
        return self.renders.blobs

    @property
    def remaining(self) -> float:
        """Seconds that the run may still take."""
        return max(0.0, self.settings.deadline - (time.monotonic() - self.begun))

    def within(self, seconds: float) -> "World":
        """The same world for a piece of work that may take so long, from now on. Credentials are read anew."""
        settings = replace(self.settings, deadline=seconds)
        return World(settings, self.pool, self.renders, time.monotonic(), self.name)

    def unlimited(self) -> None:
        """For what goes on until somebody stops it."""
        self.settings = replace(self.settings, deadline=float("inf"))

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    @cached_property
    def kubeconfig(self) -> "Kubeconfig":
        from roadstead.world.kube import kubeconfig

        return kubeconfig.load(self.settings.kubeconfig)

    def has_other_access(self) -> bool:
        """Whether the kubeconfig was written since it was read; it is read anew then."""
        known = self.__dict__.get("kubeconfig")
        if known is None:
            return False
        stamps, self._stamps = self._stamps, tuple(map(_stamp, known.files))
        if not stamps or stamps == self._stamps:
            return False
        del self.__dict__["kubeconfig"]
        return True

    @cached_property
    def writer(self) -> str:
        """Who writes, as inventories record it: the name that was given, or this user on this machine."""
        return self.name or f"{os.environ.get('USER') or os.getuid()}@{socket.gethostname()}"


def _stamp(path: Path) -> tuple[int, int]:
    try:
        state = path.stat()
    except OSError:
        return (0, 0)
    return state.st_mtime_ns, state.st_ino


@asynccontextmanager
async def local(settings: Settings) -> AsyncIterator[World]:
    """A laptop or a CI job: files, the user's kubeconfig, no database."""
    async with WorkerPool() as pool:
        made = World(settings, pool, Cache(settings.cache / "blobs"), time.monotonic())
        yield made
        made.blobs.tidy()


@asynccontextmanager
async def hub(settings: Settings, name: str) -> AsyncIterator[World]:
    """A process that goes on for ever and writes as `name`, which outlives its restarts."""
    async with WorkerPool() as pool:
        yield World(settings, pool, Cache(settings.cache / "blobs"), time.monotonic(), name)
