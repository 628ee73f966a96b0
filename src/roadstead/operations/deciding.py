"""Where what people decide by command is kept: in the fleet repository's ref, or in the database of a hub.

Git is the place for it. The database is for the night in which Git does not answer, and for a fleet in a plain
folder: the hub that keeps the database goes by it within half a minute, and brings it to Git when it can.
"""

import getpass
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from roadstead.engine import revision_loop
from roadstead.engine.world import World
from roadstead.model import errors, reasons
from roadstead.model.decision import Decision
from roadstead.model.errors import Problem
from roadstead.operations.selecting import There
from roadstead.stages.audit import recording
from roadstead.world.git import command, decisions
from roadstead.world.git.decisions import Book
from roadstead.world.git.locations import Location

if TYPE_CHECKING:
    from roadstead.world.store.opening import Store


class Kept(Protocol):
    async def read(self) -> Book: ...

    async def there(self) -> There: ...

    async def write(self, made: Decision, subject: str) -> None: ...


def actor() -> str:
    """Who decides, as the record names him."""
    return getpass.getuser()


class InGit(Struct, frozen=True):
    world: World

    async def read(self) -> Book:
        world = self.world
        return await decisions.read(
            await self._home(), cache=world.settings.cache, until=command.until(world.remaining)
        )

    async def there(self) -> There:
        return There.of(await revision_loop.read(self.world))

    async def write(self, made: Decision, subject: str) -> None:
        world = self.world
        await decisions.add(
            await self._home(),
            decisions=[made],
            actor=made.lifted_by or made.actor,
            subject=subject.splitlines()[0][:100],
            cache=world.settings.cache,
            until=command.until(world.remaining),
        )

    async def _home(self) -> Location:
        world = self.world
        found = await decisions.home(world.settings.fleet, until=command.until(world.remaining))
        if found is None:
            cause = f"decisions are kept in the fleet's Git repository, found none at {world.settings.fleet}"
            hint = "name the repository with --fleet, or the hub's database with --database"
            raise errors.error(Problem(reasons.NO_FLEET, cause, hint))
        return found


class InDatabase(Struct, frozen=True):
    store: "Store"
    world: World

    async def read(self) -> Book:
        found: Mapping[str, Decision] = {one.id: one for one in await self.store.decisions.all()}
        return Book(decisions=found)

    async def there(self) -> There:
        """The database knows no labels."""
        bundles, clusters = await self.store.statuses.by_bundle(), await self.store.clusters.all()
        return There({name: {} for name in bundles}, {name: {} for name in clusters})

    async def write(self, made: Decision, subject: str) -> None:
        await self.store.journal.add(recording.decision(made, now=self.world.now))
        await self.store.decisions.put(made)


@asynccontextmanager
async def kept(world: World, database: str | None) -> AsyncIterator[Kept]:
    """In the database, where one is named. Raises UsageError for one that is not there or is another version's:
    who holds something at night must not change the tables under a hub that runs."""
    if database is None:
        yield InGit(world)
        return
    from roadstead.world import store  # who needs no database loads none

    async with store.look(database):
        pass
    async with store.open(database, writer=f"{actor()}@{socket.gethostname()}") as opened:
        yield InDatabase(opened, world)
