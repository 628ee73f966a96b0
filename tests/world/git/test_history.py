"""What commits say, which follows which, and which files differ."""

from datetime import timedelta
from pathlib import Path

import pytest

from roadstead.model.snapshot import Mount, Revision
from roadstead.world.git import command, differences, history
from tests.world.git.repositories import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def revision(repository: Repository, *mounts: Mount) -> Revision:
    return Revision("", "", "", repository.head, repository.tree, repository.store, mounts=mounts)


def test_a_commit_says_who_what_and_when(repository):
    first = repository.commit("first")
    second = repository.commit("Größe\n\nand more")
    found = history.read(repository.store, second)
    assert (found.parents, found.author, found.email, found.subject) == (
        (first,), "Ann Author", "ann@shop.example", "Größe",
    )  # fmt: skip
    assert found.time.isoformat() == "2026-03-01T10:00:00+01:00"


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        pytest.param(
            "Ann <a@b> 1767261600 -0130", ("Ann", "a@b", timedelta(hours=-1, minutes=-30)), id="west"
        ),
        pytest.param("<a@b> 1767261600 +0000", ("", "a@b", timedelta()), id="no name"),
        pytest.param("Ann <a@b>", ("Ann", "a@b", timedelta()), id="no time"),
        pytest.param("Ann <a@b> 1767261600 +9999", ("Ann", "a@b", timedelta(hours=23)), id="no such zone"),
        pytest.param("broken", ("broken", "", timedelta()), id="broken"),
    ],
)
def test_odd_commits_are_read_too(repository, author, expected):
    repository.commit("first")
    raw = f"tree {repository.tree}\nauthor {author}\ncommitter {author}\n\nodd\n"
    odd = repository.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=raw.encode())
    found = history.read(repository.store, odd)
    assert (found.author, found.email, found.time.utcoffset()) == expected
    assert found.subject == "odd"


async def test_what_follows_what(repository):
    first = repository.commit("first")
    repository.git("checkout", "--quiet", "-b", "other")
    other = repository.commit("other")
    repository.git("checkout", "--quiet", "main")
    last = repository.commit("last")
    store = Path(repository.store)

    async def follows(older: str, newer: str) -> bool:
        return await history.is_ancestor(store, older, newer, until=command.until(60))

    assert await follows(first, last) and await follows(first, first)
    assert not await follows(other, last) and not await follows(last, first)
    assert not await follows("1" * 40, last)


def test_files_that_differ(repository):
    repository.write({"same/deep/file": "1", "changed": "1", "removed/x": "1", "folder/x": "1", "mode": "1"})
    repository.link("link", "changed")
    repository.commit()
    before = revision(repository)
    repository.write({"changed": "2", "removed/x": None, "added/y": "2", "folder/x": None})
    (repository.folder / "folder").rmdir()
    repository.write({"folder": "now a file"})
    (repository.folder / "mode").chmod(0o755)
    (repository.folder / "link").unlink()
    repository.link("link", "mode")
    repository.commit()
    after = revision(repository)
    expected = ["added/y", "changed", "folder", "folder/x", "link", "mode", "removed/x"]
    assert differences.between(before, after) == expected == differences.between(after, before)
    assert differences.between(before, before) == []


def test_files_that_differ_in_submodules(repository, tmp_path):
    inner = Repository(tmp_path / "inner")
    inner.commit("inner", {"a": "1", "b": "1"})
    repository.commit("first", {"top": "1"})
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{inner.head},deep/inner")
    repository.git("commit", "--quiet", "--message", "submodule")
    before = revision(repository, Mount("deep/inner", inner.store, inner.tree))
    inner.commit("changed", {"a": "2"})
    dirty = revision(repository, Mount("deep/inner", inner.store, inner.tree))
    assert differences.between(before, dirty) == ["deep/inner/a"]
    missing = revision(repository, Mount("deep/inner", "", "", error="gone", reason="SourceUnreadable"))
    assert differences.between(before, missing) == ["deep/inner", "deep/inner/a", "deep/inner/b"]
