"""What a person asks by `serve`: keep the fleet as Git says until told to stop.

Opens the world and the store, lets engine/reconcile work, and tells how it does; the edge around it (HTTP, logs,
signals) is hub/ and cli/.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.engine import folders
from roadstead.engine import world as worlds
from roadstead.engine.reconcile import Reconciling
from roadstead.engine.shared import Hear, Shared
from roadstead.engine.world import Settings
from roadstead.model.errors import Problem
from roadstead.world import store, tasks
from roadstead.world.git import locations
from roadstead.world.store import Keep
from roadstead.world.store.opening import Store


class Options(Struct, frozen=True):
    """`name` is the writer in inventories and on the record: the same after a restart, another for another hub.
    `interval` seconds from poll to poll of Git. Commits to `accept` may follow whatever was before them. `keep` is
    how long the database remembers, `secrets` the folder of those that documents name."""

    settings: Settings
    database: str
    name: str
    interval: float = 60.0
    accept: tuple[str, ...] = ()
    keep: Keep = field(default_factory=Keep)
    secrets: Path | None = None


def followed(settings: Settings, *, branch: str | None, keys: str) -> Settings:
    """The settings by which commits are followed: of a folder what is committed, never its working tree."""
    where = locations.parse(settings.fleet)
    revision = branch or ("HEAD" if where.is_path else None)
    folders.private(settings.state)
    return replace(settings, revision=revision, keys=keys)


def default_name() -> str:
    return f"hub@{socket.gethostname()}"


class Serving(Struct, frozen=True):
    """A process that reconciles, as its edges see it."""

    options: Options
    shared: Shared
    reconciling: Reconciling

    @property
    def store(self) -> Store:
        return self.shared.store

    def not_ready(self) -> list[str]:
        """Why this process cannot do its work; empty when it can. A cluster that is gone is no such reason."""
        following, problem = self.reconciling.following, self.store.problem
        found = ["it is stopping"] if self.shared.stop.is_set() else []
        if problem:
            found.append(f"database: {problem.cause}")
        if following.desired is None:
            cause = following.problem.cause if following.problem else "not read yet"
            found.append(f"git: {cause}")
        return found

    def problems(self) -> list[Problem]:
        """What is wrong although this process works."""
        following = self.reconciling.following
        found = [following.problem] if following.problem else []
        found += self.reconciling.alerting.problems()
        return found + [one.reach.problem for one in self.reconciling.keepers.values() if one.reach.problem]


@asynccontextmanager
async def serving(options: Options, hear: Hear, *, stop: asyncio.Event) -> AsyncIterator[Serving]:
    """Reconciles while the context is open; leaving it sets `stop` and waits for what is under way."""
    async with (
        worlds.hub(options.settings, options.name) as world,
        store.open(options.database, writer=options.name) as opened,
    ):
        world.unlimited()
        shared = Shared(world, opened, hear, stop)
        reconciling = Reconciling(
            shared, interval=options.interval, keep=options.keep, secrets=options.secrets
        )
        reconciling.following.accepted |= set(options.accept)
        async with tasks.group() as start:
            start(reconciling.run())
            try:
                yield Serving(options, shared, reconciling)
            finally:
                stop.set()
