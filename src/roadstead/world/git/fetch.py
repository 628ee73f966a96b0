"""Bring one commit of a repository elsewhere into a store of ours: shallow, checked, each commit once.

Every commit ever fetched whole has a ref below refs/roadstead/commits/, which is the proof that all its files
are there; asked for again it costs no request. A branch or tag costs one (`ls-remote`) while it stands still.
Which trees and submodules a caller then reads is not known here.
"""

import hashlib
import os
import re
import time
from pathlib import Path

from msgspec import Struct

from roadstead.language import nearest
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.world.git import failures, history, stores
from roadstead.world.git.command import Git
from roadstead.world.git.locations import Location

COMMIT = re.compile(r"[0-9a-f]{40}")
_SHORT_COMMIT = re.compile(r"[0-9a-f]{7,39}")
_REF = re.compile(r"(?!-)[^\s~^:?*\[\\\x00-\x1f\x7f]+")
_SEEN = "refs/roadstead/commits/"
_TIPS = "refs/roadstead/tips/"
_ALL = ("+refs/heads/*:refs/roadstead/heads/*", "+refs/tags/*:refs/roadstead/tags/*")
_WHOLE_HISTORY = "2147483647"  # git's own word for no limit
_NO_SHALLOW = re.compile("shallow capabilities")  # servers of plain files
_COMMIT_REFUSED = re.compile("unadvertised object|not our ref|couldn't find remote ref|allow request")
_TIDY_FROM = 64  # commits in one store


class Fetched(Struct, frozen=True):
    """`ref` is the full name, empty for a commit; `tag` the hash of the tag object, if it was one.

    `replaced` is the commit at which the ref was fetched before, if history was rewritten since.
    """

    store: Path
    ref: str
    commit: str
    tag: str = ""
    replaced: str = ""


async def fetch(location: Location, ref: str, *, cache: Path, until: float) -> Fetched:
    """`ref` is a branch, tag, full ref name or commit; empty is the default branch."""
    if ref and not _REF.fullmatch(ref):
        raise _missing(location, f"{ref!r} is no name of a branch, tag or commit")
    place = stores.folder(cache, location.url)
    async with stores.locked(place, until=until):
        store = await stores.bare(place / "store.git", until=until)
        return await _Copy(location, place, store, Git(until, store=store, remote=location)).fetch(ref)


class _Copy(Struct, frozen=True):
    """The store of one address, its lock held."""

    location: Location
    place: Path
    store: Path
    git: Git

    async def fetch(self, ref: str) -> Fetched:
        if COMMIT.fullmatch(ref):
            await self._bring_commit(ref)
            return Fetched(self.store, "", ref)
        advertised = await self._ask(ref)
        if advertised:
            return await self._follow(*advertised)
        if _SHORT_COMMIT.fullmatch(ref):
            return Fetched(self.store, "", await self._complete(ref))
        raise await self._unknown(ref)

    async def _ask(self, ref: str) -> tuple[str, str] | None:
        """The full name and hash that a ref has now. What is both a branch and a tag is an error, not a guess."""
        full = ref.startswith("refs/") or ref in ("", "HEAD")
        names = [ref or "HEAD"] if full else [f"refs/heads/{ref}", f"refs/tags/{ref}"]
        lines = await self._advertised(*names)
        hashes = {name: value for value, name in lines if not value.startswith("ref: ")}
        branches = [value.removeprefix("ref: ") for value, name in lines if value.startswith("ref: ")]
        found = [name for name in names if name in hashes]
        if len(found) > 1:
            raise _missing(self.location, f"{ref} is both a branch and a tag, found {' and '.join(found)}")
        if not found:
            return None
        return (branches[0] if branches and found == ["HEAD"] else found[0]), hashes[found[0]]

    async def _advertised(self, *names: str) -> list[tuple[str, str]]:
        arguments = ("ls-remote", "--quiet", "--symref", "--", self.location.url, *names)
        answer = await self.git.run(*arguments, action=f"reading {self.location}")
        lines = (line.partition("\t") for line in answer.text.splitlines())
        return [(value, name) for value, _, name in lines]

    async def _follow(self, ref: str, oid: str) -> Fetched:
        """Bring a ref that is there, unless the store has it where it now stands."""
        tip = _TIPS + hashlib.sha256(ref.encode(errors="surrogateescape")).hexdigest()[:32]
        before, old = await self._resolve(tip), await self._resolve(f"{tip}^{{commit}}")
        if before != oid or not old or not self._is_seen(old):
            await self._bring(f"+{ref}:{tip}")
        now, commit = await self._resolve(tip), await self._resolve(f"{tip}^{{commit}}")
        if not commit:
            raise _missing(self.location, f"{ref} is no commit, found {now}")
        await self._remember(commit)
        replaced = old if old and not await self._follows(old, commit, ref) else ""
        return Fetched(self.store, ref, commit, tag=now if now != commit else "", replaced=replaced)

    async def _follows(self, old: str, new: str, ref: str) -> bool:
        """Whether the new commit has the old one in its history; True also when nobody can tell."""
        if old == new or old in history.read(str(self.store), new).parents:
            return True
        try:
            return await history.reaches(self.location, ref, old, place=self.place, until=self.git.until)
        except RoadsteadError:
            return True

    async def _bring(self, *refspecs: str, depth: str = "1") -> None:
        answer = await self._try(*refspecs, depth=depth)
        if answer and _NO_SHALLOW.search(answer):
            answer = await self._try(*refspecs)
        if answer:
            raise errors.error(failures.problem(f"fetching {self.location}", answer))
        config = {"gc.auto": "2000", "gc.autoDetach": "false", "gc.packRefs": "false"}
        await Git(self.git.until, store=self.store, config=config).ask(
            "gc", "--auto", "--quiet", action="tidying up"
        )

    async def _try(self, *refspecs: str, depth: str = "") -> str:
        """What git complained about; empty when it brought the refs."""
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--force", "--update-shallow")
        shallow = (f"--depth={depth}",) if depth else ()
        arguments = ("fetch", *options, *shallow, "--", self.location.url, *refspecs)
        answer = await self.git.ask(*arguments, action=f"fetching {self.location}")
        return (answer.errors or "git said nothing") if answer.status else ""

    async def _bring_commit(self, commit: str) -> None:
        """Bring a commit by its hash; where the server does not serve those, by bringing everything."""
        if not self._is_seen(commit):
            complaint = await self._try(f"+{commit}:{_SEEN}{commit}", depth="1")
            if complaint and not _NO_SHALLOW.search(complaint) and not _COMMIT_REFUSED.search(complaint):
                raise errors.error(failures.problem(f"fetching {self.location}", complaint))
            if complaint:
                await self._complete(commit)
        await self._remember(commit)

    async def _complete(self, commit: str) -> str:
        """Bring all branches and tags with their history; the whole hash of a commit that may be abbreviated."""
        await self._bring(*_ALL, depth=_WHOLE_HISTORY)
        found = await self._resolve(f"{commit}^{{commit}}")
        arguments = ("for-each-ref", "--count=1", f"--contains={found}", "refs/roadstead")
        if not found or not (await self.git.ask(*arguments, action="reading the cache")).text:
            raise _missing(self.location, f"no branch or tag has the commit {commit}")
        await self._remember(found)
        return found

    async def _resolve(self, name: str) -> str:
        arguments = ("rev-parse", "--verify", "--quiet", name)
        return (await self.git.ask(*arguments, action="reading the cache")).text

    def _is_seen(self, commit: str) -> bool:
        return (self.store / _SEEN / commit).exists()

    async def _remember(self, commit: str) -> None:
        """Keep a commit that is whole, and let go of those that nobody asked for in a long time."""
        seen = self.store / _SEEN
        if not self._is_seen(commit):
            await self.git.run("update-ref", f"{_SEEN}{commit}", commit, action=f"fetching {self.location}")
        with failures.of_files(f"fetching {self.location}"):
            os.utime(seen / commit)
            known = list(seen.iterdir())
            if len(known) > _TIDY_FROM:
                for old in known:
                    if time.time() - old.stat().st_mtime > stores.KEPT:
                        old.unlink()

    async def _unknown(self, ref: str) -> RoadsteadError:
        names = [
            name for _, name in await self._advertised() if name.startswith(("refs/heads/", "refs/tags/"))
        ]
        short = [name.split("/", 2)[2] for name in names if not name.endswith("^{}")]
        if not short:
            return _missing(self.location, "the repository is empty")
        close = nearest.name(ref, short)
        found = f"found {len(short)} others" + (f", the nearest is {close}" if close else "")
        return _missing(self.location, f"there is no branch, tag or commit {ref or 'HEAD'}, {found}")


def _missing(location: Location, cause: str) -> RoadsteadError:
    return errors.error(Problem(reasons.SOURCE_UNREADABLE, f"{location}: {cause}", "correct the ref"))
