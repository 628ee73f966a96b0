"""A repository of the user's on this machine: found from any path in it, its commits read in place.

Nothing is written to it, and its own configuration starts no program: git is run in a bare store of ours that
borrows the repository's objects. Only refs are read where they are. Whether the user may trust the repository
is git's question (safe.directory), which it is asked first.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.world.git import failures, locations, stores
from roadstead.world.git.command import Git
from roadstead.world.git.locations import Location

_FILES = ("objects", "index", "shallow", "info/exclude", "info/attributes", "modules", "config")


class Checkout(Struct, frozen=True):
    """`top` is the working tree, None for a bare repository. `files` are git's own, where they really lie."""

    top: Path | None
    git_dir: Path
    files: Mapping[str, Path]

    @property
    def folder(self) -> Path:
        return self.top or self.git_dir


class Found(Struct, frozen=True):
    """`tag` is the hash of the tag object, if an annotated tag was asked for."""

    commit: str
    tag: str = ""


async def find(path: Path, *, until: float) -> Checkout | None:
    """The repository that a folder is in, or is; None when it is in none."""
    folder, action = path.resolve(), f"reading {path}"
    questions = ["--show-object-format", "--is-inside-work-tree", "--show-prefix", "--absolute-git-dir"]
    questions += [word for name in _FILES for word in ("--git-path", name)]
    answer = await Git(until, folder=folder).ask("rev-parse", *questions, action=action)
    if answer.status:
        if "not a git repository" in answer.errors:
            return None
        raise errors.error(failures.problem(action, answer.errors))
    hashes, inside, prefix, git_dir, *paths = os.fsdecode(answer.output).split("\n")[: 4 + len(_FILES)]
    if hashes != "sha1":
        cause = f"{action}: objects named by sha1 are needed, found {hashes}"
        raise errors.error(Problem(reasons.SOURCE_UNREADABLE, cause, "convert the repository"))
    depth = prefix.count("/")
    top = (folder.parents[depth - 1] if depth else folder) if inside == "true" else None
    return Checkout(
        top, Path(git_dir), dict(zip(_FILES, ((folder / name).resolve() for name in paths), strict=True))
    )


def of_git_dir(folder: Path) -> Checkout:
    """A repository without regard to its working tree, which may be gone."""
    return Checkout(None, folder, {name: folder / name for name in _FILES})


async def resolve(checkout: Checkout, revision: str, *, until: float) -> Found | None:
    """The commit that a revision of any form git knows (`main~2`, `v1`, `origin/main`) has in the repository."""
    if revision.startswith("-") or not revision.isprintable():
        return None
    git, action = Git(until, folder=checkout.folder), f"reading {checkout.folder}"
    commit = await git.ask("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", action=action)
    if commit.status:
        return None
    if revision == "HEAD":  # is never a tag
        return Found(commit.text)
    tag = await git.ask("rev-parse", "--verify", "--quiet", f"{revision}^{{tag}}", action=action)
    return Found(commit.text, tag.text)


async def branch(checkout: Checkout, *, until: float) -> str:
    """The branch that is checked out; empty when it is none."""
    answer = await Git(until, folder=checkout.folder).ask(
        "symbolic-ref", "--quiet", "--short", "HEAD", action=f"reading {checkout.folder}"
    )
    return answer.text


async def config(checkout: Checkout, *, until: float) -> dict[str, str]:
    """The repository's own configuration, to be read with care: nothing of it may name a program to start."""
    file = checkout.files["config"]
    if not file.exists():
        return {}
    answer = await Git(until, folder=Path("/")).run(
        "config", "--file", str(file), "--null", "--list", action=f"reading {file}"
    )
    lines = os.fsdecode(answer.output).split("\0")
    return {name: value for name, _, value in (line.partition("\n") for line in lines if line)}


async def borrowed(place: Path, checkout: Checkout, *, until: float) -> Path:
    """Our bare store that reads the repository's objects and ignores what it ignores. With the lock held."""
    store = await stores.bare(place / "store.git", until=until)
    with failures.of_files(f"preparing the cache {store}"):
        info = store / "objects" / "info"
        info.mkdir(exist_ok=True)
        _put(info / "alternates", os.fsencode(checkout.files["objects"]) + b"\n")
        (store / "info").mkdir(exist_ok=True)
        for name in ("shallow", "info/exclude", "info/attributes"):
            if checkout.files[name].exists():
                _put(store / name, checkout.files[name].read_bytes())
            else:
                (store / name).unlink(missing_ok=True)
    return store


def _put(file: Path, content: bytes) -> None:
    """Whole, and only where it changes: who opens the store meanwhile takes no lock, and without alternates would
    miss all of the repository's objects."""
    if file.exists() and file.read_bytes() == content:
        return
    new = file.with_name(f"{file.name}.new")
    new.write_bytes(content)
    new.replace(file)


def place_of(folder: Path, *, cache: Path) -> Path:
    """Where the stores for a folder on this machine lie."""
    return stores.folder(cache, f"folder:{folder}")


async def origin(checkout: Checkout, *, until: float) -> Location:
    return cloned_from(checkout, await config(checkout, until=until))


def cloned_from(checkout: Checkout, configured: Mapping[str, str]) -> Location:
    """Where it comes from by its configuration, for addresses relative to that; itself if from nowhere."""
    url = configured.get("remote.origin.url", "")
    base = Location("file", "", str(checkout.folder))
    return locations.relative(url, base) if url else base
