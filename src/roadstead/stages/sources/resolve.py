"""Resolve the fleet repository, or one Source, to a revision whose files can be read on this machine.

The fleet may be named by any path in it (a working tree counts as it is, uncommitted changes included), by a
URL, or by a URL with `//folder`; its root is the folder with roadstead.yaml, searched upwards. A Source is
always read at a commit, and a fleet from elsewhere may not name repositories on this machine.
"""

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.snapshot import Origin, Revision
from roadstead.stages.sources.repository import Repository
from roadstead.world.git import checkouts, command, history, locations, stores, trees

ROOT_FILE = "roadstead.yaml"


async def fleet(
    location: str,
    *,
    revision: str | None = None,
    cache: Path,
    deadline: float,
    keys: Sequence[str] = (),
) -> Revision:
    """The fleet repository: at `revision`, else the working tree of a path, else a URL's default branch. With
    `keys`, one of them must have signed it, which no working tree is."""
    until = command.until(deadline)
    repository = Repository(cache=cache, until=until)
    where = locations.parse(location)
    if not where.is_path:
        return _rooted(await repository.elsewhere(where, revision or "", keys=keys), where.folder)
    path = Path(where.path)
    folder = (path.parent if path.is_file() else path).resolve()
    if not folder.is_dir():
        raise _no_fleet(f"there is no folder {path}")
    checkout = await checkouts.find(folder, until=until)
    if checkout is None:
        return await _plain_folder(repository, folder, revision)
    if revision is not None or checkout.top is None or keys:
        found = await repository.at_commit(checkout, revision or "HEAD", keys=keys)
    else:
        found = await repository.working_tree(checkout)
    return _rooted(found, str(folder.relative_to(checkout.top)) if checkout.top else "")


async def source(origin: Origin, *, fleet: Revision, cache: Path, deadline: float) -> Revision:
    """Another repository at the commit that its ref has now, signed as it must be."""
    until = command.until(deadline)
    repository = Repository(cache=cache, until=until)
    base = locations.parse(fleet.url)
    where = locations.relative(origin.url, base)
    if where.folder:
        raise _unreadable(
            f"the url may not have a folder, found {where}//{where.folder}", "name it in the Bundle"
        )
    if where.is_local and not base.is_local:
        cause = f"a fleet from {base} may not read repositories of this machine, found {where}"
        raise errors.error(Problem(reasons.NOT_ALLOWED, cause, "give the Source an https or ssh url"))
    if where.is_path:
        folder = Path(where.path).resolve()
        checkout = await checkouts.find(folder, until=until) if folder.is_dir() else None
        if checkout is None or folder not in (checkout.top, checkout.git_dir):
            raise _unreadable(f"a Git repository is needed, found none at {folder}")
        found = await repository.at_commit(checkout, origin.ref or "HEAD", keys=origin.keys)
    else:
        found = await repository.elsewhere(where, origin.ref, keys=origin.keys)
    return replace(found, name=origin.name)


async def follows(revision: Revision, older: str, *, cache: Path, deadline: float) -> bool:
    """Whether the history of a repository's revision has the commit `older`."""
    until = command.until(deadline)
    if await history.is_ancestor(Path(revision.store), older, revision.commit, until=until):
        return True
    where = locations.parse(revision.url)
    if where.is_path:
        return False
    place = stores.folder(cache, where.url)
    async with stores.locked(place, until=until):
        return await history.reaches(where, revision.ref or "HEAD", older, place=place, until=until)


async def _plain_folder(repository: Repository, folder: Path, revision: str | None) -> Revision:
    if revision is not None:
        cause = f"a revision needs a Git repository, found none at {folder}"
        raise errors.error(Problem(reasons.BAD_ARGUMENT, cause, "leave --revision out"))
    roots = [above for above in (folder, *folder.parents) if (above / ROOT_FILE).is_file()]
    if not roots:
        raise _no_fleet(f"there is no {ROOT_FILE} in {folder}, nor above it")
    return await repository.plain_folder(roots[0])


def _rooted(found: Revision, start: str) -> Revision:
    """The revision with the nearest folder, at `start` or above, that has the fleet's root file."""
    tree = trees.open(found.store, found.tree, found.mounts)
    parts = [part for part in start.split("/") if part not in ("", ".")]
    for length in range(len(parts), -1, -1):
        folder = "/".join(parts[:length])
        if tree.exists(f"{folder}/{ROOT_FILE}" if folder else ROOT_FILE):
            return replace(found, prefix=folder)
    elsewhere = [path.rpartition("/")[0] for path in tree.glob([f"**/{ROOT_FILE}"])]
    place = f"{found.url}//{start}" if parts else found.url
    known = f", found one in {', '.join(elsewhere[:3])}" if elsewhere else ""
    raise _no_fleet(f"there is no {ROOT_FILE} in {place} at {found}{known}")


def _no_fleet(cause: str) -> RoadsteadError:
    return errors.error(Problem(reasons.NO_FLEET, cause, "run `roadstead init`, or name the fleet's folder"))


def _unreadable(cause: str, hint: str = "") -> RoadsteadError:
    return errors.error(Problem(reasons.SOURCE_UNREADABLE, cause, hint))
