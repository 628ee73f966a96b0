"""A repository at one state as a `Revision`, in each of the four ways that it can be at hand.

Whichever way, its submodules are mounted, and nothing of the user's is written.
"""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.model.snapshot import Revision
from roadstead.world import tasks
from roadstead.world.git import checkouts, fetch, objects, signatures, stores, submodules, worktree
from roadstead.world.git.checkouts import Checkout
from roadstead.world.git.locations import Location
from roadstead.world.git.submodules import Root


class Repository(Struct, frozen=True):
    """`until` is a moment on the loop's clock, as everywhere in world/git."""

    cache: Path
    until: float

    async def elsewhere(self, where: Location, ref: str, *, keys: Sequence[str] = ()) -> Revision:
        """Fetched; `ref` empty is the default branch."""
        fetched = await fetch.fetch(where, ref, cache=self.cache, until=self.until)
        if keys:
            await signatures.verify(
                fetched.store, fetched.commit, keys=keys, until=self.until, tag=fetched.tag, ref=fetched.ref
            )
        store = str(fetched.store)
        root = Root(fetched.store, objects.Store(store).tree_of(fetched.commit), where)
        below = await submodules.mounts(root, cache=self.cache, until=self.until)
        return Revision(
            name="",
            url=str(where),
            ref=_short(fetched.ref) or ref,
            commit=fetched.commit,
            tree=root.tree,
            store=store,
            mounts=below.mounts,
            replaced=fetched.replaced,
        )

    async def at_commit(self, checkout: Checkout, revision: str, *, keys: Sequence[str] = ()) -> Revision:
        """A commit of a repository on this machine, read in place."""
        found = await checkouts.resolve(checkout, revision, until=self.until)
        if found is None:
            cause = f"{checkout.folder}: there is no revision {revision}"
            hint = f"correct it, or fetch it first: git fetch origin {revision}"
            raise errors.error(Problem(reasons.SOURCE_UNREADABLE, cause, hint))
        place = checkouts.place_of(checkout.git_dir, cache=self.cache)
        async with stores.locked(place, until=self.until):
            store = await checkouts.borrowed(place, checkout, until=self.until)
        if keys:
            await signatures.verify(
                store, found.commit, keys=keys, until=self.until, tag=found.tag, ref=f"refs/tags/{revision}"
            )
        origin = await checkouts.origin(checkout, until=self.until)
        root = Root(store, objects.Store(str(store)).tree_of(found.commit), origin, checkout)
        below = await submodules.mounts(root, cache=self.cache, until=self.until)
        return Revision(
            "", str(checkout.folder), revision, found.commit, root.tree, str(store), mounts=below.mounts
        )

    async def working_tree(self, checkout: Checkout) -> Revision:
        """The files as they are now."""
        async with tasks.group() as start:
            hashing = start(worktree.of_checkout(checkout, cache=self.cache, until=self.until))
            branch = start(checkouts.branch(checkout, until=self.until))
        hashed = hashing.result()
        root = Root(hashed.store, hashed.tree, hashed.origin, checkout, is_working=True)
        below = await submodules.mounts(root, cache=self.cache, until=self.until)
        return Revision(
            name="",
            url=str(checkout.folder),
            ref=branch.result(),
            commit=hashed.commit,
            tree=hashed.tree,
            store=str(hashed.store),
            dirty=hashed.dirty or below.dirty,
            mounts=below.mounts,
        )

    async def plain_folder(self, folder: Path) -> Revision:
        """A folder that is in no repository: no commit, no submodules."""
        hashed = await worktree.of_folder(folder, cache=self.cache, until=self.until)
        return Revision("", str(folder), "", "", hashed.tree, str(hashed.store))


def _short(ref: str) -> str:
    return ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
