"""Questions about commits: what one says, and whether one follows another.

The stores that files are read from are shallow; where history is asked of a repository elsewhere, its commits
alone (no files) are brought into a store of their own.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from msgspec import Struct

from roadstead.model import errors
from roadstead.world.git import failures, objects, stores
from roadstead.world.git.command import Git
from roadstead.world.git.locations import Location

_SOME = "100"  # commits that nearly every question ends within
_WHOLE = "2147483647"


class Commit(Struct, frozen=True):
    oid: str
    parents: tuple[str, ...]
    author: str
    email: str
    time: datetime  # when it was committed
    subject: str


def read(store: str, commit: str) -> Commit:
    header, _, message = objects.Store(store).commit(commit).partition(b"\n\n")
    values: dict[str, str] = {}
    parents = []
    for line in header.decode(errors="replace").split("\n"):
        name, _, value = line.partition(" ")
        values.setdefault(name, value)
        if name == "parent":
            parents.append(value)
    author, email, _ = _signed_off(values.get("author", ""))
    when = _signed_off(values.get("committer", ""))[2]
    subject = message.decode(errors="replace").strip().partition("\n")[0]
    return Commit(commit, tuple(parents), author, email, when, subject)


async def is_ancestor(store: Path, older: str, newer: str, *, until: float) -> bool:
    """Whether `newer` has `older` in its history (or is it), as far as the store holds it."""
    if older not in objects.Store(str(store)):
        return False
    arguments = ("merge-base", "--is-ancestor", older, newer)
    answer = await Git(until, store=store).ask(*arguments, action="comparing commits")
    if answer.status > 1:
        raise errors.error(failures.problem("comparing commits", answer.errors))
    return answer.status == 0


async def reaches(location: Location, ref: str, older: str, *, place: Path, until: float) -> bool:
    """Whether the history of a ref elsewhere has a commit. Call it with the lock of `place` held."""
    store = await stores.bare(place / "history.git", until=until)
    config = {"remote.origin.url": location.url}
    git = Git(until, store=store, remote=location, config=config)
    options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--force", "--filter=tree:0")
    for depth in (_SOME, _WHOLE):
        fetched = ("fetch", *options, f"--depth={depth}", "origin", f"+{ref}:refs/heads/tip")
        await git.run(*fetched, action=f"reading the history of {location}")
        if await is_ancestor(store, older, "refs/heads/tip", until=until):
            return True
        if not (store / "shallow").exists():
            break
    return False


def _signed_off(value: str) -> tuple[str, str, datetime]:
    """`Ann Author <ann@shop.example> 1767261600 +0100`; what is broken in it becomes empty or 1970."""
    found = re.fullmatch(r"(.*?) ?<([^>]*)>(?: (\d{1,11})(?: ([+-])(\d\d)(\d\d))?)?.*", value, re.DOTALL)
    if not found:
        return value, "", datetime.fromtimestamp(0, UTC)
    seconds, sign, hours, minutes = found[3] or "0", found[4], found[5], found[6]
    offset = timedelta(hours=int(hours), minutes=int(minutes)) if sign else timedelta()
    zone = timezone(min(offset, timedelta(hours=23)) * (-1 if sign == "-" else 1))
    return found[1], found[2], datetime.fromtimestamp(int(seconds), zone)
