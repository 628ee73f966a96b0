"""Decisions and anchors in `refs/roadstead/decisions` of the fleet repository: one JSON file each.

    decisions/<id>.json             a Decision
    anchors/<writer>/<number>.json  an Anchor: the head of a sealed segment of a writer's record

Only ever added to, by commits of its own that share nothing with the branches, which are never touched. A push
is a compare-and-swap; who loses reads again and adds to what the winner left. A decision that two sides have is
the one that was lifted, so that adding is in any order the same, and may be repeated.
"""

import asyncio
import hashlib
import random
import re
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import orjson
from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.model import errors, reasons
from roadstead.model.decision import Decision
from roadstead.model.errors import Place, Problem, RoadsteadError
from roadstead.model.record import Anchor
from roadstead.world.git import checkouts, failures, locations, objects, stores, trees
from roadstead.world.git.command import Git
from roadstead.world.git.locations import Location

REF = "refs/roadstead/decisions"
_ROOT = Path("/")  # in no repository, whose configuration would count
_SAFE = re.compile(r"[a-z0-9][a-z0-9._-]{0,120}")
_LOST_RACE = re.compile(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|incorrect old value"
)
_PAUSE = 0.1  # seconds before another attempt, growing


class Book(Struct, frozen=True):
    """What the ref holds at `commit` ("" while it does not exist). `problems` are files that cannot be read:
    they may hold anything, so their readers go on as little as they can. `replaced` is the commit seen before,
    where that is no ancestor: somebody rewrote the ref."""

    commit: str = ""
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    anchors: tuple[Anchor, ...] = ()
    problems: tuple[Problem, ...] = ()
    replaced: str = ""


async def home(address: str, *, until: float) -> Location | None:
    """The repository that a fleet's address leads to; None for a folder that is in none. A path may be any
    in the repository."""
    location = locations.parse(address)
    if not location.is_path:
        return location
    path = Path(location.path)
    folder = path.parent if path.is_file() else path
    checkout = await checkouts.find(folder, until=until) if folder.is_dir() else None
    return locations.parse(str(checkout.folder)) if checkout else None


async def read(location: Location, *, cache: Path, until: float) -> Book:
    """One question to the repository; what stands still is not brought again. Nothing is kept of a repository in
    which nobody ever decided anything."""
    asking = Git(until, remote=location, folder=_ROOT)
    if not _place(location, cache).exists() and not await _advertised(asking, location):
        return Book()
    async with _opened(location, cache, until) as mirror:
        return await mirror.book()


async def add(
    location: Location,
    *,
    decisions: Iterable[Decision] = (),
    anchors: Iterable[Anchor] = (),
    actor: str,
    subject: str,
    cache: Path,
    until: float,
) -> Book:
    """The ref with these in it. Raises when it cannot be pushed; nothing is changed then."""
    made, heads = tuple(decisions), tuple(anchors)
    async with _opened(location, cache, until) as mirror:
        pause = _PAUSE
        while True:
            book = await mirror.book()
            files = _new(book, made, heads)
            if not files or await mirror.push(book.commit, files, actor=actor, subject=subject):
                return await mirror.book() if files else book
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(2 * pause, 2.0)


def merged(one: Decision, other: Decision) -> Decision:
    """Of two states of a decision the later: lifted, and of two ends the earlier."""
    if one.lifted is None or other.lifted is None:
        return one if other.lifted is None else other
    return min(one, other, key=lambda each: (each.lifted, each.lifted_by, each.lifted_because))


def _new(book: Book, decisions: Iterable[Decision], anchors: Iterable[Anchor]) -> dict[str, bytes]:
    files = {}
    for one in decisions:
        known = book.decisions.get(one.id)
        now = merged(known, one) if known else one
        if now != known:
            files[f"decisions/{_name(one.id)}.json"] = _written(now)
    taken = {(one.writer, one.number) for one in book.anchors}
    for anchor in anchors:
        if (anchor.writer, anchor.number) not in taken:  # what is anchored is never anchored anew
            files[f"anchors/{_name(anchor.writer)}/{anchor.number}.json"] = _written(anchor)
    return files


def _name(text: str) -> str:
    """A file's name for whatever text; the file itself says the text."""
    return text if _SAFE.fullmatch(text) else f"~{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def _written(value: Decision | Anchor) -> bytes:
    told = {name: one for name, one in msgspec.to_builtins(value).items() if one not in (None, "", [], {})}
    return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


@asynccontextmanager
async def _opened(location: Location, cache: Path, until: float) -> AsyncIterator["_Mirror"]:
    place = _place(location, cache)
    async with stores.locked(place.parent, until=until):
        store = await stores.bare(place, until=until)
        yield _Mirror(location, place.parent, store, Git(until, store=store, remote=location))


def _place(location: Location, cache: Path) -> Path:
    return stores.folder(cache, location.url) / "decisions.git"


async def _advertised(git: Git, location: Location) -> str:
    """The commit that the ref has in the repository; empty while it does not exist."""
    arguments = ("ls-remote", "--quiet", "--", location.url, REF)
    answer = await git.run(*arguments, action=f"reading {REF} of {location}")
    return answer.text.partition("\t")[0]


class _Mirror(Struct, frozen=True):
    """A copy of the ref with its history, its lock held."""

    location: Location
    place: Path
    store: Path
    git: Git

    async def book(self) -> Book:
        before = await self._local()
        commit = await _advertised(self.git, self.location)
        if not commit:
            return Book(replaced=before)
        if commit != before:
            fetched = (
                "fetch",
                "--quiet",
                "--no-tags",
                "--no-write-fetch-head",
                "--force",
                "--",
                self.location.url,
            )
            action = f"reading {REF} of {self.location}"
            await self.git.run(*fetched, f"+{REF}:{REF}", action=action)
            commit = await self._local()
        return _book(str(self.store), commit, replaced=await self._replaced(before, commit))

    async def _local(self) -> str:
        arguments = ("rev-parse", "--verify", "--quiet", REF)
        return (await self.git.ask(*arguments, action="reading the cache")).text

    async def _replaced(self, before: str, commit: str) -> str:
        if before in ("", commit):
            return ""
        arguments = ("merge-base", "--is-ancestor", before, commit)
        answer = await self.git.ask(*arguments, action="comparing commits")
        return before if answer.status else ""

    async def push(self, parent: str, files: Mapping[str, bytes], *, actor: str, subject: str) -> bool:
        """False when somebody else was faster."""
        commit = await self._commit(parent, files, actor=actor, subject=subject)
        lease = f"--force-with-lease={REF}:{parent}"
        action = f"writing {REF} of {self.location}"
        arguments = ("push", "--quiet", "--no-verify", lease, "--", self.location.url, f"{commit}:{REF}")
        answer = await self.git.ask(*arguments, action=action)
        if not answer.status:
            return True
        if _LOST_RACE.search(answer.errors):
            return False
        found = failures.problem(action, answer.errors)
        hint = f"let the credentials push to {REF}, which is no branch"
        raise errors.error(replace(found, hint=found.hint or hint))

    async def _commit(self, parent: str, files: Mapping[str, bytes], *, actor: str, subject: str) -> str:
        """A commit that adds the files; nothing refers to it yet."""
        with failures.of_files("writing a commit"), tempfile.TemporaryDirectory(dir=self.place) as folder:
            git = replace(self.git, environment=_identity(actor) | {"GIT_INDEX_FILE": f"{folder}/index"})
            writing = "writing a commit"
            if parent:
                await git.run("read-tree", parent, action=writing)
            lines = []
            for path, content in files.items():
                blob = await git.run("hash-object", "-w", "--stdin", action=writing, stdin=content)
                lines.append(f"100644 {blob.text}\t{path}\n")
            added = "".join(lines).encode()
            await git.run("update-index", "--index-info", action=writing, stdin=added)
            tree = (await git.run("write-tree", action=writing)).text
            above = ("-p", parent) if parent else ()
            made = await git.run("commit-tree", tree, *above, action=writing, stdin=f"{subject}\n".encode())
            return made.text


def _identity(actor: str) -> dict[str, str]:
    """Whoever decided is the author, by the name that the record has for him."""
    name = re.sub(r"[<>\x00-\x1f]", "", actor).strip() or "unknown"
    return {
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": "",
        "GIT_COMMITTER_NAME": "roadstead",
        "GIT_COMMITTER_EMAIL": "",
    }


def _book(store: str, commit: str, *, replaced: str) -> Book:
    decisions: dict[str, Decision] = {}
    anchors: list[Anchor] = []
    problems: list[Problem] = []
    tree = trees.open(store, objects.Store(store).tree_of(commit))
    for file in tree.walk():
        folder = file.path.partition("/")[0]
        try:
            if folder == "decisions":
                found = _decisions.decode(tree.read(file.path))
                decisions[found.id] = found
            elif folder == "anchors":
                anchors.append(_anchors.decode(tree.read(file.path)))
        except (msgspec.DecodeError, RoadsteadError) as cause:
            problems.append(_unreadable(file.path, commit, cause))
    return Book(commit, decisions, tuple(anchors), tuple(problems), replaced)


_decisions = msgspec.json.Decoder(Decision)
_anchors = msgspec.json.Decoder(Anchor)


def _unreadable(path: str, commit: str, cause: Exception) -> Problem:
    reason = reasons.DECISION_UNREADABLE
    found = f"{path} in {REF} at {commit[:12]} cannot be read: {cause}"
    return Problem(reason, found, hint=reason.remedy, place=Place(path))
