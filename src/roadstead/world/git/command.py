"""Run git: never a prompt, never a program that a repository names, never longer than allowed.

Credentials are the user's own: helpers, ssh agent and configuration of this user and machine hold, those in a
repository's own configuration never do, as only bare repositories of ours are run in (worktree.py says how a
user's repository is read without it). Cancelling or running late ends git and all that it started.
"""

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from msgspec import Struct, field

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.world import processes, tasks
from roadstead.world.git import failures
from roadstead.world.git.locations import Location

OLDEST = (2, 30)
_GRACE = 2.0  # seconds for git to remove its lock files

# What the environment of a caller (a hook, an alias) may say about *another* repository; its own
# configuration (GIT_CONFIG_…) and ways to log in stay.
_FOREIGN = frozenset(
    [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_NAMESPACE",
        "GIT_PREFIX",
        "GIT_SHALLOW_FILE",
        "GIT_GRAFT_FILE",
        "GIT_REPLACE_REF_BASE",
        "GIT_QUARANTINE_PATH",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_EXTERNAL_DIFF",
        "GIT_LITERAL_PATHSPECS",
        "GIT_GLOB_PATHSPECS",
        "GIT_NOGLOB_PATHSPECS",
        "GIT_ICASE_PATHSPECS",
        "GIT_TRACE",
        "GIT_TRACE_CURL",
        "GIT_CURL_VERBOSE",
    ]
)
_ALWAYS = {
    "LC_ALL": "C",
    "LANGUAGE": "",
    "GIT_TERMINAL_PROMPT": "0",
    "GCM_INTERACTIVE": "never",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_DEFAULT_HASH": "sha1",  # what pygit2 reads
    "GIT_DEFAULT_REF_FORMAT": "files",
}
# Commits with odd dates or names are old and harmless; what fsck says of trees and links is not.
_HARMLESS = (
    "badDate badDateOverflow badEmail badTimezone badTagName missingEmail missingNameBeforeEmail "
    "missingSpaceBeforeDate missingSpaceBeforeEmail missingTaggerEntry multipleAuthors "
    "zeroPaddedDate zeroPaddedFilemode badFilemode nulInCommit gitmodulesMissing gitmodulesParse gitmodulesUrl "
    "gitmodulesName gitmodulesPath gitmodulesUpdate"  # .gitmodules is read with checks of our own
)
_CONFIG = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.alternateRefsCommand": "true",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "fetch.fsckObjects": "true",
    "fetch.recurseSubmodules": "false",
    "fetch.writeCommitGraph": "false",
    "submodule.recurse": "false",
    "advice.addEmbeddedRepo": "false",
    **{f"fetch.fsck.{name}": "ignore" for name in _HARMLESS.split()},
}


class Answer(Struct, frozen=True):
    status: int
    output: bytes
    errors: str

    @property
    def text(self) -> str:
        return self.output.decode(errors="surrogateescape").strip()


def until(deadline: float) -> float:
    """The moment, on the loop's clock, that is `deadline` seconds from now."""
    return asyncio.get_running_loop().time() + deadline


class Git(Struct, frozen=True):
    """How git is run: until which moment, on which store, allowed to talk to which remote alone."""

    until: float
    store: Path | None = None
    work_tree: Path | None = None
    folder: Path | None = None
    remote: Location | None = None
    config: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    async def run(self, *arguments: str, action: str, stdin: bytes = b"") -> Answer:
        """A failure is a problem whose message begins with `action`."""
        answer = await self.ask(*arguments, action=action, stdin=stdin)
        if answer.status:
            raise errors.error(failures.problem(action, answer.errors))
        return answer

    async def ask(self, *arguments: str, action: str, stdin: bytes = b"") -> Answer:
        """Like `run`, but a failure is an answer too; only no answer in time is a problem."""
        line = ["git"]
        for name, value in (_CONFIG | dict(self.config)).items():
            line += ["-c", f"{name}={value}"]
        line += [f"--git-dir={self.store}"] if self.store else []
        line += [f"--work-tree={self.work_tree}"] if self.work_tree else []
        process = self.process([*line, *arguments])
        if self.remote and self.remote.protocol == "ssh":
            process.variables.update(await _ssh(process.variables, self.until))
        return await process.answer(stdin, until=self.until, action=action)

    def process(self, line: Sequence[str]) -> "Process":
        """Another program, under the same rules."""
        return Process(
            line, self.folder or self.work_tree, _environment(self.remote) | dict(self.environment)
        )


async def check_version(until: float) -> None:
    """git is there and new enough."""
    answer = await Git(until).run("version", action="asking git for its version")
    found = tuple(int(part) for part in answer.text.split()[2].split(".")[:2] if part.isdigit())
    if found < OLDEST:
        cause = f"git {'.'.join(map(str, OLDEST))} or later is needed, found {answer.text}"
        raise errors.error(Problem(reasons.TOOL_MISSING, cause))


def _environment(remote: Location | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
    if "GIT_ASKPASS" not in kept:
        kept.pop("SSH_ASKPASS", None)  # git falls back to it, which opens a window
    return kept | _ALWAYS | {"GIT_ALLOW_PROTOCOL": remote.protocol if remote else "none"}


async def _ssh(variables: Mapping[str, str], until: float) -> dict[str, str]:
    """ssh that never asks, unless the user has an ssh command of his own."""
    if "GIT_SSH_COMMAND" in variables or "GIT_SSH" in variables:
        return {}
    asking = Process(["git", "config", "--get", "core.sshCommand"], Path("/"), dict(variables))
    own = await asking.answer(b"", until=until, action="reading git's configuration")
    seconds = max(1, int(until - asyncio.get_running_loop().time()))
    return {} if own.text else {"GIT_SSH_COMMAND": f"ssh -o BatchMode=yes -o ConnectTimeout={seconds}"}


class Process(Struct, frozen=True):
    """A program to be run once, in a group of its own."""

    line: Sequence[str]
    folder: Path | None
    variables: dict[str, str]

    async def answer(self, stdin: bytes, *, until: float, action: str) -> Answer:
        with failures.of_files(action), _readable(stdin) as file:
            # Cancelled in the middle of it, asyncio would end the program alone, and none that it started.
            process = await tasks.whole(self._start(file, action), undo=_end)
        try:
            async with asyncio.timeout_at(until):
                output, complaints = await process.communicate()
        except TimeoutError as cause:
            await _end(process)
            found = failures.clean(f"{action}: no end within the time given")
            raise errors.error(Problem(reasons.SOURCE_UNREACHABLE, found)) from cause
        except BaseException:
            await _end(process)
            raise
        return Answer(process.returncode or 0, output, complaints.decode(errors="replace"))

    async def _start(self, stdin: IO[bytes], action: str) -> asyncio.subprocess.Process:
        try:
            return await processes.start(
                *self.line,
                cwd=self.folder,
                env=self.variables,
                stdin=stdin,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,  # no terminal to ask on, and one group to end
            )
        except OSError as cause:
            if self.folder and not self.folder.is_dir():
                found = f"{action}: there is no folder {self.folder}"
                raise errors.error(Problem(reasons.SOURCE_UNREADABLE, found)) from cause
            found = f"{action}: {self.line[0]} cannot be started: {cause.strerror}"
            raise errors.error(Problem(reasons.TOOL_MISSING, found)) from cause


def _readable(content: bytes) -> IO[bytes]:
    """A file, not a pipe: a program that ends without reading it all harms nobody."""
    if not content:
        return Path(os.devnull).open("rb")
    file = tempfile.TemporaryFile()  # noqa: SIM115  whoever calls closes it
    file.write(content)
    file.seek(0)
    return file


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the whole group, first so that git can tidy up, then for certain; git itself may have ended before."""
    try:
        _signal(process, signal.SIGTERM)
        async with asyncio.timeout(_GRACE):
            await process.communicate()
    except TimeoutError:
        pass
    finally:
        _signal(process, signal.SIGKILL)
        await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: no right to signal the dead
        os.killpg(process.pid, number)
