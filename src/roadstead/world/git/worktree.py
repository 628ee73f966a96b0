"""A folder of the user's as it is now, uncommitted changes included, as a tree in a store of ours.

What belongs to it is what `git add --all` would take: tracked files as they are and untracked ones that are
not ignored; repositories nested in it that it does not track are left out. A folder in no repository is taken
whole by the same rules. The user's repository is only read: index and objects are written to the cache (git
may renew the time of an object file there whose content it meets again).
"""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from roadstead.world import tasks
from roadstead.world.git import checkouts, failures, objects, stores
from roadstead.world.git.checkouts import Checkout
from roadstead.world.git.command import Git
from roadstead.world.git.locations import Location

_TIDY_EVERY = 24 * 3600.0
# What decides how a file becomes an object, and can start nothing.
_HARMLESS = frozenset(
    [
        "core.filemode",
        "core.autocrlf",
        "core.eol",
        "core.symlinks",
        "core.ignorecase",
        "core.precomposeunicode",
        "core.trustctime",
        "core.checkstat",
        "core.excludesfile",
        "core.attributesfile",
    ]
)


class Hashed(Struct, frozen=True):
    """`commit` is empty where there is none yet; `dirty` when the tree is not the commit's; `origin` is where the
    repository was cloned from."""

    store: Path
    tree: str
    commit: str
    dirty: bool
    origin: Location


async def of_checkout(checkout: Checkout, *, cache: Path, until: float) -> Hashed:
    """The working tree of a repository."""
    top = checkout.folder
    place = checkouts.place_of(checkout.git_dir, cache=cache)
    async with stores.locked(place, until=until):
        async with tasks.group() as start:
            resolving = start(checkouts.resolve(checkout, "HEAD", until=until))
            reading = start(checkouts.config(checkout, until=until))
            store = await checkouts.borrowed(place, checkout, until=until)
        head = resolving.result()
        configured = reading.result()
        harmless = {name: value for name, value in configured.items() if name in _HARMLESS}
        git = _git(store, top, until=until, config=harmless)
        await _begin(git, checkout, head.commit if head else "")
        tree = await _hash(git)
    origin = checkouts.cloned_from(checkout, configured)
    if head is None:
        return Hashed(store, tree, "", dirty=True, origin=origin)
    dirty = tree != objects.Store(str(store)).tree_of(head.commit)
    return Hashed(store, tree, head.commit, dirty, origin)


async def of_folder(folder: Path, *, cache: Path, until: float) -> Hashed:
    """A folder that is in no repository."""
    place = checkouts.place_of(folder, cache=cache)
    async with stores.locked(place, until=until):
        store = await stores.bare(place / "store.git", until=until)
        tree = await _hash(_git(store, folder, until=until, config={}))
        return Hashed(store, tree, "", dirty=False, origin=Location("file", "", str(folder)))


def _git(store: Path, top: Path, *, until: float, config: Mapping[str, str]) -> Git:
    index = {"GIT_INDEX_FILE": str(store / "index")}
    return Git(until, store=store, work_tree=top, config=config, environment=index)


async def _begin(git: Git, checkout: Checkout, head: str) -> None:
    """Start from a copy of the user's index: unchanged files then need not be read.

    The copy keeps the index's time, from which git tells whether a file changed just after it was written. An
    index in several files cannot be copied.
    """
    assert git.store is not None
    index, copy = checkout.files["index"], git.store / "index"
    with failures.of_files(f"reading {index}"):
        if index.exists() and not any(index.parent.glob("sharedindex.*")):
            shutil.copy2(index, copy)
            return
        copy.unlink(missing_ok=True)
    if head:
        await git.run("read-tree", head, action=f"reading {checkout.folder}")


async def _hash(git: Git) -> str:
    action = f"reading {git.work_tree}"
    await git.run("add", "--update", action=action)
    others = await git.run("ls-files", "-z", "--others", "--exclude-standard", action=action)
    names = [name for name in others.output.split(b"\0") if name and not name.endswith(b"/")]
    # A folder named with a slash is a repository in the repository: somebody else's files.
    if names:
        listed = b"".join(name + b"\0" for name in names)
        await git.run(
            "update-index", "--add", "--remove", "--replace", "-z", "--stdin", action=action, stdin=listed
        )
    tree = (await git.run("write-tree", "--missing-ok", action=action)).text
    await _tidy(git)
    return tree


async def _tidy(git: Git) -> None:
    """Let go of files hashed weeks ago, at most once a day; a store just made has none."""
    assert git.store is not None
    mark = git.store / "tidied"
    with failures.of_files(f"tidying {git.store}"):
        fresh = not mark.exists() or time.time() - mark.stat().st_mtime < _TIDY_EVERY
        mark.touch()
    if not fresh:
        await git.ask("prune", f"--expire={int(stores.KEPT)}.seconds.ago", action="tidying up")
