"""Ask Git where the fleet repository stands and what was decided, while the rest of the program is imported.

For a command that runs once. What it waits for, git and a worker process that starts, happens in other processes,
and its own imports take a third of a second: with both at the same time, neither waits for the other. Imports
nothing large itself.
"""

import asyncio
import importlib

from msgspec import Struct

from roadstead.engine.world import World
from roadstead.model.snapshot import Revision
from roadstead.stages.sources import resolve as repositories
from roadstead.world import tasks
from roadstead.world.git import command, decisions
from roadstead.world.git.decisions import Book
from roadstead.world.kube import tls

# What reading, asking and planning need, in pieces of some 20 ms, for what goes on beside it has its turns between.
_LATER = (
    "pygit2",
    "pydantic",
    "pydantic.types",
    "pydantic.json_schema",
    "roadstead.language.yaml",
    "roadstead.stages.fleet.documents",
    "roadstead.stages.fleet.load",
    "roadstead.stages.fleet.resolve",
    "roadstead.world.kube.client",
    "yarl",
    "aiohttp",
    "roadstead.world.kube.transport",
    "roadstead.stages.render.bind",
    "roadstead.stages.observe.healths",
    "roadstead.stages.apply",
    "roadstead.engine.labelling",
)
_TURNS = 12  # of the loop, that it takes to hear of a process that ended and to start the next


class Found(Struct, frozen=True):
    """`book` is None for a fleet that is in no repository."""

    revision: Revision
    book: Book | None


async def read(world: World) -> Found:
    """What the settings lead to; meanwhile a worker process starts, too."""
    async with tasks.group() as start:
        start(world.pool.prepare())
        reading = start(fleet(world, world.settings.revision, keys=world.settings.keys))
        deciding = start(book(world))
        for name in _LATER:
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            if name == "aiohttp":
                tls.import_http()
            importlib.import_module(name)
    return Found(reading.result(), deciding.result())


async def fleet(world: World, revision: str | None, *, keys: str) -> Revision:
    trusted: tuple[str, ...] = ()
    if keys:
        from roadstead.engine import machine  # here, as it takes a moment to import

        trusted = machine.keys(keys)

    settings = world.settings
    return await repositories.fleet(
        settings.fleet,
        revision=revision,
        cache=settings.cache,
        deadline=world.remaining,
        keys=trusted,
    )


async def book(world: World) -> Book | None:
    """What people decided."""
    until = command.until(world.remaining)
    location = await decisions.home(world.settings.fleet, until=until)
    return await decisions.read(location, cache=world.settings.cache, until=until) if location else None
