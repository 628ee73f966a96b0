"""Submodules of a tree: where each is, brought, and mounted at its path; nested ones too.

In a working tree what is checked out counts, with its changes; else the commit that the tree names, from the
repository's own .git/modules or from the submodule's address. One that cannot be had is a mount with an error:
only what needs it fails. Addresses are not trusted: see locations.submodule.
"""

from itertools import chain
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.snapshot import Mount
from roadstead.world import tasks
from roadstead.world.git import checkouts, fetch, locations, objects, stores, worktree
from roadstead.world.git.checkouts import Checkout
from roadstead.world.git.command import Git
from roadstead.world.git.locations import Location

DEEPEST = 8
MOST = 200  # of one revision, nested ones counted
_AT_ONCE = 4


class Root(Struct, frozen=True):
    """A tree that may have submodules, and the address that relative ones are relative to.

    `checkout` is the user's repository that it is from, if it is; `is_working` when it is its working tree.
    """

    store: Path
    tree: str
    location: Location
    checkout: Checkout | None = None
    is_working: bool = False


class Mounted(Struct, frozen=True):
    mounts: tuple[Mount, ...] = ()
    dirty: bool = False  # one of them has uncommitted changes


class _Asked(Struct, frozen=True):
    path: str
    commit: str
    name: str
    url: str


async def mounts(root: Root, *, cache: Path, until: float) -> Mounted:
    return await _Mounter(cache, until).below(root, deep=1)


class _Mounter:
    """One revision's submodules, counted together."""

    def __init__(self, cache: Path, until: float) -> None:
        self._cache = cache
        self._until = until
        self._count = 0

    async def below(self, root: Root, *, deep: int) -> Mounted:
        async def mount(asked: _Asked) -> Mounted:
            try:
                return await self._mount(root, asked, deep=deep)
            except RoadsteadError as error:
                problem = error.problem
                return Mounted((Mount(asked.path, "", "", error=problem.cause, reason=problem.reason.name),))

        found = await tasks.each(await _asked(root, until=self._until), mount, limit=_AT_ONCE)
        together = chain.from_iterable(each.mounts for each in found)
        return Mounted(tuple(together), any(each.dirty for each in found))

    async def _mount(self, root: Root, asked: _Asked, *, deep: int) -> Mounted:
        self._count += 1
        if self._count > MOST or deep > DEEPEST:
            cause = f"more than {MOST} submodules, or more than {DEEPEST} in one another"
            raise errors.error(Problem(reasons.SOURCE_UNREADABLE, cause))
        inner, dirty = await self._bring(root, asked)
        below = await self.below(inner, deep=deep + 1)
        nested = (replace(mount, path=f"{asked.path}/{mount.path}") for mount in below.mounts)
        mounts = (Mount(asked.path, str(inner.store), inner.tree), *nested)
        return Mounted(mounts, dirty or below.dirty)

    async def _bring(self, root: Root, asked: _Asked) -> tuple[Root, bool]:
        """The submodule's tree, and whether it has uncommitted changes."""
        checkout = await self._checked_out(root, asked)
        if checkout:
            hashed = await worktree.of_checkout(checkout, cache=self._cache, until=self._until)
            return Root(hashed.store, hashed.tree, hashed.origin, checkout, is_working=True), hashed.dirty
        kept = await self._kept(root, asked)
        if kept:
            return kept, False
        location = locations.submodule(asked.url, root.location)
        fetched = await fetch.fetch(location, asked.commit, cache=self._cache, until=self._until)
        tree = objects.Store(str(fetched.store)).tree_of(asked.commit)
        return Root(fetched.store, tree, location), False

    async def _checked_out(self, root: Root, asked: _Asked) -> Checkout | None:
        """The submodule's repository in a working tree, if its files are there and it is the submodule's own."""
        if root.checkout is None or root.checkout.top is None or not root.is_working:
            return None
        folder = root.checkout.top / asked.path
        if folder.resolve() != folder or not (folder / ".git").exists():
            return None
        found = await checkouts.find(folder, until=self._until)
        homes = (folder, root.checkout.git_dir, root.checkout.files["objects"].parent)
        if (
            found is None
            or found.top != folder
            or not any(found.git_dir.is_relative_to(home) for home in homes)
        ):
            return None
        return found

    async def _kept(self, root: Root, asked: _Asked) -> Root | None:
        """The commit from the clone that git keeps inside of the user's repository, if it is there."""
        if root.checkout is None:
            return None
        folder = root.checkout.files["modules"] / asked.name
        if not (folder / "objects").is_dir() or folder.resolve() != folder:
            return None
        checkout = checkouts.of_git_dir(folder)
        place = checkouts.place_of(folder, cache=self._cache)
        async with stores.locked(place, until=self._until):
            store = await checkouts.borrowed(place, checkout, until=self._until)
        known = objects.Store(str(store))
        if asked.commit not in known:
            return None
        return Root(
            store, known.tree_of(asked.commit), await checkouts.origin(checkout, until=self._until), checkout
        )


async def _asked(root: Root, *, until: float) -> list[_Asked]:
    """The submodules that the tree has and .gitmodules describes; others have no address."""
    store = objects.Store(str(root.store))
    written = store.folder(root.tree).get(".gitmodules")
    if written is None or written.mode not in (objects.FILE, objects.EXECUTABLE):
        return []
    answer = await Git(until).run(
        "config",
        "--file",
        "-",
        "--null",
        "--list",
        action="reading .gitmodules",
        stdin=store.blob(written.oid),
    )
    values: dict[str, dict[str, str]] = {}
    for line in answer.output.decode(errors="surrogateescape").split("\0"):
        key, _, value = line.partition("\n")
        section, _, rest = key.partition(".")
        name, _, variable = rest.rpartition(".")
        if section == "submodule" and not any(map(objects.is_unsafe, name.split("/"))):
            values.setdefault(name, {})[variable] = value
    names = {described.get("path", ""): name for name, described in values.items()}
    links = [(path, entry.oid) for path, entry in store.special(root.tree) if entry.mode == objects.SUBMODULE]
    return [
        _Asked(path, commit, names[path], values[names[path]].get("url", ""))
        for path, commit in links
        if path in names
    ]
