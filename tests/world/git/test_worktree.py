"""A working tree as it is now; and that the user's repository stays as it was."""

import asyncio
import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from roadstead.model.errors import RoadsteadError
from roadstead.world.git import checkouts, command, trees, worktree
from roadstead.world.git.worktree import Hashed
from tests.world.git.repositories import GIT, Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


async def hashed(folder: Path, cache: Path) -> Hashed:
    until = command.until(20)
    checkout = await checkouts.find(folder, until=until)
    if checkout is None:
        return await worktree.of_folder(folder, cache=cache, until=until)
    return await worktree.of_checkout(checkout, cache=cache, until=until)


def files(found: Hashed) -> dict[str, str]:
    tree = trees.open(str(found.store), found.tree)
    return {file.path: tree.read(file.path).decode() for file in tree.walk()}


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file below with what it holds and when it was changed; for Git's objects, what they hold."""
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        + ("" if "/.git/objects/" in str(path) else f" {path.lstat().st_mtime_ns}")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


async def test_a_clean_tree_is_the_commits(repository, cache):
    commit = repository.commit("first", {"a.yaml": "1", "apps/b.yaml": "2"})
    found = await hashed(repository.folder, cache)
    assert (found.tree, found.commit, found.dirty) == (repository.tree, commit, False)


async def test_what_is_not_committed_is_there_and_marked(repository, cache):
    commit = repository.commit(
        "first", {"changed": "1", "staged": "1", "removed": "1", ".gitignore": "*.log\n", "mode.sh": "x"}
    )
    repository.write({"staged": "2"})
    repository.git("add", "staged")
    repository.write({"changed": "2", "removed": None, "new/untracked": "2", "new/ignored.log": "2"})
    (repository.folder / "mode.sh").chmod(0o755)
    found = await hashed(repository.folder, cache)
    assert (found.commit, found.dirty) == (commit, True)
    assert files(found) == {
        ".gitignore": "*.log\n",
        "changed": "2",
        "mode.sh": "x",
        "new/untracked": "2",
        "staged": "2",
    }
    assert trees.open(str(found.store), found.tree).oid("changed") != repository.git(
        "rev-parse", "HEAD:changed"
    )


async def test_the_users_repository_is_not_written_to(repository, cache):
    repository.commit("first", {"a": "1", "b": "1"})
    repository.write({"a": "2", "untracked": "3"})
    before = fingerprint(repository.folder)
    await hashed(repository.folder, cache)
    assert fingerprint(repository.folder) == before
    assert repository.git("status", "--porcelain") == "M a\n?? untracked"


async def test_a_read_only_repository_will_do(repository, cache):
    repository.commit("first", {"a": "1"})
    repository.write({"a": "2"})
    subprocess.run(["chmod", "-R", "a-w", repository.folder], check=True)
    try:
        assert files(await hashed(repository.folder, cache)) == {"a": "2"}
    finally:
        subprocess.run(["chmod", "-R", "u+w", repository.folder], check=True)


async def test_a_change_just_after_the_index_was_written_is_seen(repository, cache):
    """Same size, same second: git goes by the index's own time, so the copy must keep it."""
    repository.commit("first", {"a": "1"})
    for content in "2345":
        repository.write({"a": content})
        assert files(await hashed(repository.folder, cache)) == {"a": content}


@pytest.mark.parametrize("kind", ["to a folder", "to a file", "to a link", "from a link"])
async def test_files_that_changed_their_kind(repository, cache, kind):
    repository.write({"x/y": "1", "z": "1"})
    repository.link("l", "z")
    repository.commit()
    if kind == "to a folder":
        repository.write({"z": None, "z/below": "2"})
    if kind == "to a file":
        repository.write({"x/y": None})
        (repository.folder / "x").rmdir()
        repository.write({"x": "2"})
    if kind == "to a link":
        repository.write({"z": None})
        repository.link("z", "x/y")
    if kind == "from a link":
        repository.write({"l": None, "l/below": "2"})
    expected = {
        "to a folder": {"l/below": "2", "x/y": "1", "z/below": "2"},
        "to a file": {"l": "1", "x": "2", "z": "1"},
        "to a link": {"l": "1", "x/y": "1", "z": "1"},
        "from a link": {"l/below": "2", "x/y": "1", "z": "1"},
    }[kind]
    found = await hashed(repository.folder, cache)
    tree = trees.open(str(found.store), found.tree)
    assert {file.path: tree.read(file.path).decode() for file in tree.walk()} == expected


async def test_nested_repositories_that_are_not_tracked_are_left_out(repository, cache):
    repository.commit("first", {"a": "1"})
    Repository(repository.folder / "nested").commit("inner", {"secret": "x"})
    Repository(repository.folder / "empty")
    (repository.folder / "odd/.git").mkdir(parents=True)
    repository.write({"odd/file": "2", "odd/.git/config": "[core]"})
    assert files(await hashed(repository.folder, cache)) == {"a": "1", "odd/file": "2"}


async def test_links_are_never_followed_out_of_the_tree(repository, cache, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text("s")
    repository.commit("first", {"a": "1"})
    repository.link("folder", str(tmp_path / "outside"))
    repository.link("file", "../outside/secret")
    found = await hashed(repository.folder, cache)
    tree = trees.open(str(found.store), found.tree)
    for path in ("file", "folder", "folder/secret"):
        with pytest.raises(RoadsteadError, match="OutsideSnapshot"):
            tree.read(path)


class TestOtherShapes:
    async def test_no_commit_yet(self, repository, cache):
        repository.write({"a": "1"})
        found = await hashed(repository.folder, cache)
        assert (files(found), found.commit, found.dirty) == ({"a": "1"}, "", True)

    async def test_a_subfolder_names_the_whole_repository(self, repository, cache):
        repository.commit("first", {"a": "1", "sub/b": "2"})
        assert (await hashed(repository.folder / "sub", cache)).tree == repository.tree

    async def test_a_linked_worktree(self, repository, cache, tmp_path):
        repository.commit("first", {"a": "1"})
        repository.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "other")
        (tmp_path / "linked/a").write_text("2")
        assert files(await hashed(tmp_path / "linked", cache)) == {"a": "2"}
        assert files(await hashed(repository.folder, cache)) == {"a": "1"}

    async def test_a_sparse_checkout_is_whole(self, repository, cache):
        repository.commit("first", {"in/a": "1", "out/b": "2", "top": "3"})
        repository.git("sparse-checkout", "init", "--cone")
        repository.git("sparse-checkout", "set", "in")
        assert not (repository.folder / "out").exists()
        assert (await hashed(repository.folder, cache)).dirty is False
        repository.write({"in/a": "changed"})
        assert files(await hashed(repository.folder, cache)) == {"in/a": "changed", "out/b": "2", "top": "3"}

    async def test_a_sparse_index(self, repository, cache):
        repository.commit("first", {"in/a": "1", "out/deep/b": "2", "top": "3"})
        repository.git("sparse-checkout", "init", "--cone")
        repository.git("config", "index.sparse", "true")
        repository.git("sparse-checkout", "set", "in")
        assert (await hashed(repository.folder, cache)).tree == repository.tree

    async def test_a_split_index(self, repository, cache):
        repository.commit("first", {"a": "1", "b": "1"})
        repository.git("update-index", "--split-index")
        repository.write({"b": "2"})
        assert files(await hashed(repository.folder, cache)) == {"a": "1", "b": "2"}

    async def test_an_index_with_conflicts(self, repository, cache):
        repository.commit("first", {"a": "1"})
        repository.git("checkout", "--quiet", "-b", "other")
        repository.commit("theirs", {"a": "2"})
        repository.git("checkout", "--quiet", "main")
        repository.commit("ours", {"a": "3"})
        with pytest.raises(AssertionError):
            repository.git("merge", "other")
        assert "<<<<<<<" in files(await hashed(repository.folder, cache))["a"]

    async def test_a_shallow_clone(self, repository, cache, tmp_path):
        repository.commit("first", {"a": "1"})
        repository.commit("second", {"a": "2"})
        repository.git(
            "clone", "--quiet", "--depth=1", f"file://{repository.folder}", str(tmp_path / "clone")
        )
        (tmp_path / "clone/b").write_text("3")
        assert files(await hashed(tmp_path / "clone", cache)) == {"a": "2", "b": "3"}

    async def test_a_clone_that_borrows_its_objects(self, repository, cache, tmp_path):
        repository.commit("first", {"a": "1", "b": "1"})
        repository.git("clone", "--quiet", "--shared", str(repository.folder), str(tmp_path / "clone"))
        (tmp_path / "clone/b").write_text("3")
        assert files(await hashed(tmp_path / "clone", cache)) == {"a": "1", "b": "3"}

    async def test_names_of_every_sort(self, repository, cache):
        names = ["größe", "a b", 'quo"te', "new\nline", "-dash", "*star", ":colon", "tab\t"]
        repository.write(dict.fromkeys(names, "1"))
        assert sorted(files(await hashed(repository.folder, cache))) == sorted(names)

    async def test_a_folder_in_no_repository(self, cache, tmp_path):
        folder = tmp_path / "plain"
        (folder / "sub").mkdir(parents=True)
        (folder / ".gitignore").write_text("*.log\n")
        (folder / "sub/a").write_text("1")
        (folder / "sub/b.log").write_text("1")
        found = await hashed(folder, cache)
        assert (files(found), found.commit, found.dirty) == (
            {".gitignore": "*.log\n", "sub/a": "1"},
            "",
            False,
        )
        (folder / "sub/a").unlink()
        (folder / "sub/c").write_text("2")
        assert files(await hashed(folder, cache)) == {".gitignore": "*.log\n", "sub/c": "2"}


class TestConfiguration:
    async def test_nothing_that_the_repository_configures_is_started(self, repository, cache, tmp_path):
        repository.commit("first", {"a": "1", ".gitattributes": "* filter=evil diff=evil merge=evil\n"})
        mark = tmp_path / "started"
        evil = tmp_path / "evil"
        evil.write_text(f"#!/bin/sh\necho $0 >> {mark}\ncat\n")
        evil.chmod(0o755)
        for name in ("post-index-change", "reference-transaction", "fsmonitor-watchman", "post-checkout"):
            hook = repository.folder / ".git/hooks" / name
            hook.parent.mkdir(exist_ok=True)
            hook.parent.mkdir(exist_ok=True)
            hook.write_text(evil.read_text())
            hook.chmod(0o755)
        for key in ("core.fsmonitor", "core.pager", "filter.evil.clean", "filter.evil.process", "core.sshCommand",
                    "core.editor", "diff.evil.command", "core.alternateRefsCommand", "credential.helper", "alias.add"):  # fmt: skip
            repository.git("config", key, str(evil))
        mark.unlink(missing_ok=True)
        repository.write({"a": "2", "b": "3"})
        found = await hashed(repository.folder, cache)
        assert files(found)["a"] == "2"
        assert not mark.exists(), mark.read_text()

    async def test_what_it_says_of_files_counts(self, repository, cache):
        repository.commit("first", {"a": "1", "text": "one\n"})
        repository.git("config", "core.fileMode", "false")
        repository.git("config", "core.autocrlf", "true")
        (repository.folder / "a").chmod(0o755)
        repository.write({"text": "one\r\n"})
        assert (await hashed(repository.folder, cache)).dirty is False

    async def test_what_it_ignores_by_its_own_exclude_file_is_ignored(self, repository, cache, tmp_path):
        repository.commit("first", {"a": "1"})
        (repository.folder / ".git/info").mkdir(exist_ok=True)
        (repository.folder / ".git/info/exclude").write_text("private\n")
        (tmp_path / "ignored").write_text("mine\n")
        repository.git("config", "core.excludesFile", str(tmp_path / "ignored"))
        repository.write({"private": "x", "mine": "x"})
        assert files(await hashed(repository.folder, cache)) == {"a": "1"}

    async def test_a_repository_of_somebody_else_is_refused_as_git_does(self, repository, cache, home):
        if os.getuid() != 0 or GIT < (2, 36):
            pytest.skip("only root can give a folder away, and git looks at the owner since 2.36")
        repository.commit("first", {"a": "1"})
        subprocess.run(["chown", "-R", "12345", repository.folder], check=True)
        with pytest.raises(RoadsteadError, match="the repository belongs to another user") as caught:
            await hashed(repository.folder, cache)
        assert "safe.directory" in caught.value.problem.hint
        (home / ".gitconfig").write_text(f"[safe]\n\tdirectory = {repository.folder}\n")
        assert files(await hashed(repository.folder, cache)) == {"a": "1"}


async def test_two_at_once(repository, cache):
    repository.commit("first", {str(number): "1" for number in range(50)})
    repository.write({"7": "changed"})
    async with asyncio.TaskGroup() as group:
        found = [group.create_task(hashed(repository.folder, cache)) for _ in range(4)]
    assert len({task.result().tree for task in found}) == 1


async def test_preparing_a_store_again_leaves_its_way_to_the_objects_alone(
    repository: Repository, tmp_path: Path
) -> None:
    """Whoever opens the store at that moment takes no lock."""
    repository.commit(files={"a": "1"})
    first = await hashed(repository.folder, tmp_path / "cache")
    before = (first.store / "objects/info/alternates").stat()
    await hashed(repository.folder, tmp_path / "cache")
    after = (first.store / "objects/info/alternates").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
