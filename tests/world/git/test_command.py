"""Running git: no prompts, no programs of a repository's choosing, no end later than allowed."""

import asyncio
import os
from pathlib import Path

import pytest

from roadstead.model.errors import RoadsteadError
from roadstead.world.git import command
from roadstead.world.git.command import Git, Process


def running(marker: str) -> list[str]:
    """Processes with a word in their command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker.encode() in process.read_bytes():
                found.append(process.parent.name)
        except OSError:
            pass
    return found


@pytest.fixture
def sleeper(tmp_path: Path) -> str:
    """A script that starts a child in the background and waits; its path marks both."""
    script = tmp_path / "sleeper.sh"
    script.write_text(
        '#!/bin/sh\ncase "$1" in child) while :; do sleep 1; done;; esac\nsh "$0" child & sh "$0" child\n'
    )
    script.chmod(0o755)
    return str(script)


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(), reason="needs /proc to see processes"
)


@needs_proc
async def test_running_late_ends_all_that_was_started(sleeper):
    with pytest.raises(RoadsteadError, match="SourceUnreachable: sleeping: no end within the time given"):
        await Process(["sh", sleeper], None, dict(os.environ)).answer(
            b"", until=command.until(0.3), action="sleeping"
        )
    assert running(sleeper) == []


@needs_proc
async def test_cancelling_ends_all_that_was_started(sleeper):
    process = Process(["sh", sleeper], None, dict(os.environ))
    task = asyncio.create_task(process.answer(b"", until=command.until(60), action="sleeping"))
    while len(running(sleeper)) < 3:
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert running(sleeper) == []


@needs_proc
async def test_what_a_program_left_behind_with_its_output_open_is_ended_too(sleeper):
    line = ["sh", "-c", f"sh {sleeper} child & exit 0"]
    with pytest.raises(RoadsteadError, match="no end within the time given"):
        await Process(line, None, dict(os.environ)).answer(b"", until=command.until(0.3), action="sleeping")
    assert running(sleeper) == []


async def test_a_missing_git_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RoadsteadError, match=r"ToolMissing: .*git cannot be started"):
        await command.check_version(command.until(60))


async def test_a_git_too_old_is_said(monkeypatch, tmp_path):
    old = tmp_path / "git"
    old.write_text("#!/bin/sh\necho git version 2.25.1\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(
        RoadsteadError, match=r"ToolMissing: git 2.30 or later is needed, found git version 2.25.1"
    ):
        await command.check_version(command.until(60))


async def test_what_the_caller_says_of_another_repository_does_not_count(monkeypatch, tmp_path):
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nonexistent")
    answer = await Git(command.until(60), folder=tmp_path).ask("rev-parse", "--git-dir", action="asking")
    assert "not a git repository" in answer.errors and "/nonexistent" not in answer.errors


async def test_only_the_remote_named_may_be_talked_to(tmp_path):
    git = Git(command.until(60), folder=tmp_path)
    with pytest.raises(RoadsteadError, match="protocol that is not allowed"):
        await git.run("ls-remote", f"file://{tmp_path}", action="asking")


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        pytest.param({}, "ssh -o BatchMode=yes -o ConnectTimeout=", id="ours never asks"),
        pytest.param({"GIT_SSH_COMMAND": "ssh -i key"}, "ssh -i key", id="the user's command stays"),
        pytest.param({"config": "true"}, "", id="the user's configuration stays"),
    ],
)
async def test_ssh_never_asks_unless_the_user_has_his_own_way(monkeypatch, home, tmp_path, own, expected):
    if own.pop("config", ""):
        (home / ".gitconfig").write_text("[core]\n\tsshCommand = mine\n")
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    shim = tmp_path / "bin"
    shim.mkdir()
    (shim / "git").write_text(
        '#!/bin/sh\n[ "$1" = config ] && exec /usr/bin/env PATH="$REAL" git "$@"\necho "$GIT_SSH_COMMAND"\n'
    )
    (shim / "git").chmod(0o755)
    monkeypatch.setenv("REAL", os.environ["PATH"])
    monkeypatch.setenv("PATH", f"{shim}:{os.environ['PATH']}")
    remote = command.Location("ssh", "git@127.0.0.1:", "x")
    answer = await Git(command.until(60), folder=tmp_path, remote=remote).run("ls-remote", action="asking")
    assert answer.text.startswith(expected) and (expected or not answer.text)
