"""From Git to assignments: which repositories, what they say, which bundle goes to which cluster.

Everything that is wrong in the documents is a problem in `Desired`; only a fleet repository that cannot
be read at all is raised.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from roadstead.engine import ahead, clusters, holding, machine
from roadstead.engine.world import World
from roadstead.model.assignment import Assignment
from roadstead.model.decision import Decision
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.snapshot import Origin, Revision, Snapshot
from roadstead.stages.fleet import load, resolve
from roadstead.stages.fleet.collection import Documents
from roadstead.stages.fleet.documents.source import Git
from roadstead.stages.fleet.resolve import Resolution
from roadstead.stages.sources import artifacts
from roadstead.stages.sources import resolve as repositories
from roadstead.stages.sources import snapshot as snapshots
from roadstead.world import tasks
from roadstead.world.git import history, trees

_Wanted = tuple[Git, str]  # a repository, and the ref of it that is asked for


class Desired(Struct, frozen=True):
    """What one state of Git says of the whole fleet. `problems` are those of sources and documents."""

    snapshot: Snapshot
    documents: Documents
    resolution: Resolution
    problems: tuple[Problem, ...]
    decisions: tuple[Decision, ...] | None = None  # None: they were not read with it, but are in a store

    @property
    def fleet(self) -> str:
        return self.resolution.fleet

    @property
    def revision(self) -> str:
        return str(self.snapshot.fleet)

    def of_cluster(self, cluster: str) -> Iterator[Assignment]:
        return self.resolution.assignments.on(cluster)


async def read(world: World, *, revision: str | None = None) -> Desired:
    """The fleet repository and its Sources at `revision`, or as the settings say."""
    settings = world.settings
    wanted = revision if revision is not None else settings.revision
    return await _read(world, await ahead.fleet(world, wanted, keys=settings.keys))


async def _read(world: World, found: Revision) -> Desired:
    loaded = await tasks.in_turns(load.reading_fleet(tree(found), prefix=found.prefix))
    sources = await _fetch(world, found, _wanted(loaded))
    loaded = await tasks.in_turns(load.reading_sources(loaded, sources.trees()))
    facts = clusters.recorded(world, loaded.fleet.name)
    resolution = await tasks.in_turns(resolve.resolving(loaded, now=world.now, facts=facts))
    pinned = await _fetch(world, found, _pinned(loaded, resolution))
    own = await _own(world, resolution)
    packed = await _packed(world, resolution)
    if unread := {**pinned.unread, **own.unread, **packed.unread}:
        resolution = await tasks.in_turns(
            resolve.resolving(loaded, now=world.now, facts=facts, unread=unread)
        )
    others = {**pinned.revisions, **own.revisions, **packed.revisions}
    snapshot = Snapshot(found, {**sources.revisions, **others})
    told = (*sources.warnings, *pinned.warnings)
    return Desired(snapshot, loaded, resolution, (*told, *resolution.problems))


async def decided(world: World) -> Desired:
    """`read`, with what people decided in between: for a run that has no store to know it from."""
    found = world.ahead or await ahead.read(world)
    world.ahead = None  # whoever reads again wants what is new
    desired, book = await _read(world, found.revision), found.book
    if book is None:
        return desired
    made = (*book.decisions.values(), *holding.stand_ins(book, {}, world.now).values())
    return replace(desired, decisions=made, problems=(*desired.problems, *book.problems))


async def is_unchanged(world: World, desired: Desired) -> bool:
    """Whether the fleet repository and its Sources stand where they stood, which costs a question to each."""
    settings, before = world.settings, desired.snapshot
    found = await ahead.fleet(world, settings.revision, keys=settings.keys)
    if not _is_same(found, before.fleet):
        return False
    wanted = _wanted(desired.documents)
    packed = await _packed(world, desired.resolution)
    sources = {**(await _fetch(world, found, wanted)).revisions, **packed.revisions}
    asked = {*wanted, *(origin.name for origin in desired.resolution.artifacts)}
    known = {name: one for name, one in before.sources.items() if name in asked}
    return sources.keys() == known.keys() and all(_is_same(one, known[name]) for name, one in sources.items())


async def newest(world: World) -> str:
    """The fleet repository's commit, whatever it holds and whoever signed it; empty for a folder as it stands."""
    return (await ahead.fleet(world, world.settings.revision, keys="")).commit


def _is_same(one: Revision, other: Revision) -> bool:
    return replace(one, replaced="", name="") == replace(other, replaced="", name="")


async def follows(world: World, found: Desired, older: str) -> bool:
    """Whether the fleet repository's state has a commit in its history."""
    return await repositories.follows(
        found.snapshot.fleet, older, cache=world.settings.cache, deadline=world.remaining
    )


def said(found: Desired) -> tuple[str, str]:
    """Who wrote the fleet repository's commit, and what its first line says."""
    revision = found.snapshot.fleet
    if not revision.commit:
        return "", ""
    commit = history.read(revision.store, revision.commit)
    return commit.author, commit.subject


class _Fetched(Struct, frozen=True):
    revisions: Mapping[str, Revision]
    unread: Mapping[str, Problem]
    warnings: tuple[Problem, ...]

    def trees(self) -> dict[str, trees.Tree | Problem]:
        return {**{name: tree(one) for name, one in self.revisions.items()}, **self.unread}


async def _fetch(world: World, fleet: Revision, wanted: Mapping[str, _Wanted]) -> _Fetched:
    settings = world.settings
    origins, unread = [], {}
    for name, (git, ref) in wanted.items():
        try:
            keys = machine.keys(git.verify.keys) if git.verify else ()
            origins.append(Origin(name, git.url, "" if ref == "HEAD" else ref, keys))
        except RoadsteadError as error:
            unread[name] = error.problem
    taken = await snapshots.take(fleet, origins, cache=settings.cache, deadline=world.remaining)
    return _Fetched(taken.snapshot.sources, {**unread, **taken.unread}, taken.warnings)


async def _own(world: World, resolution: Resolution) -> _Fetched:
    """The fleet repository itself at the revisions that Pins ask for, named @REVISION."""
    settings = world.settings
    revisions, unread = {}, {}
    for name, revision in sorted(resolution.revisions):
        if not name:
            try:
                found = await repositories.fleet(
                    settings.fleet, revision=revision, cache=settings.cache, deadline=world.remaining
                )
            except RoadsteadError as error:
                unread[f"@{revision}"] = error.problem
            else:
                revisions[f"@{revision}"] = replace(found, name=f"@{revision}")
    return _Fetched(revisions, unread, ())


async def _packed(world: World, resolution: Resolution) -> artifacts.Taken:
    """What Bundles name in registries."""
    return await artifacts.take(
        resolution.artifacts, cache=world.settings.cache, pool=world.pool, deadline=world.remaining
    )


def _wanted(loaded: Documents) -> dict[str, _Wanted]:
    return {name: (one.model.spec.git, one.model.spec.git.ref) for name, one in loaded.sources.items()}


def _pinned(loaded: Documents, resolution: Resolution) -> dict[str, _Wanted]:
    """Sources at the revisions that Pins ask for, named SOURCE@REVISION."""
    return {
        f"{name}@{revision}": (loaded.sources[name].model.spec.git, revision)
        for name, revision in sorted(resolution.revisions)
        if name in loaded.sources
    }


def tree(revision: Revision) -> trees.Tree:
    return trees.open(revision.store, revision.tree, revision.mounts)
