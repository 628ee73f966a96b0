"""Submodules: mounted wherever their files can be had, and harmless where they lead elsewhere."""

from pathlib import Path

import pytest

from roadstead.model.errors import RoadsteadError
from roadstead.model.snapshot import Revision
from roadstead.stages.sources import resolve
from roadstead.world.git import trees
from tests.world.git.repositories import Repository

FLEET = {"roadstead.yaml": "kind: Fleet\n"}


def add(parent: Repository, path: str, url: str, commit: str, *, name: str = "") -> None:
    """What `git submodule add` writes, whatever it says of the address."""
    name = name or path
    modules = parent.folder / ".gitmodules"
    before = modules.read_text() if modules.exists() else ""
    modules.write_text(f'{before}[submodule "{name}"]\n\tpath = {path}\n\turl = {url}\n')
    parent.git("add", ".gitmodules")
    parent.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
    parent.git("commit", "--quiet", "--message", f"add {path}")


async def fleet(location: object, cache: Path, revision: str | None = None) -> Revision:
    return await resolve.fleet(str(location), revision=revision, cache=cache, deadline=60)


def files(revision: Revision) -> dict[str, str]:
    tree = trees.open(revision.store, revision.tree, revision.mounts)
    hidden = ("roadstead.yaml", ".gitmodules")
    return {
        file.path: tree.read(file.path).decode() for file in tree.walk() if not file.path.endswith(hidden)
    }


@pytest.fixture
def base(served: Path) -> Repository:
    repository = Repository(served / "base")
    repository.commit("base", {"b.yaml": "base"})
    return repository


@pytest.fixture
def inner(served: Path, base: Repository) -> Repository:
    repository = Repository(served / "inner")
    repository.commit("inner", {"i.yaml": "inner"})
    add(repository, "deep/base", "../base", base.head)
    return repository


class TestFetched:
    async def test_relative_nested_and_private_ones_come_with_the_same_credentials(
        self, server, origin, inner, cache
    ):
        origin.commit("fleet", FLEET)
        add(origin, "vendor/inner", "../inner", inner.head)
        server.login = "ann:right"
        found = await fleet(f"{server.url_as('ann:right')}/origin", cache)
        assert files(found) == {"vendor/inner/deep/base/b.yaml": "base", "vendor/inner/i.yaml": "inner"}
        assert [mount.path for mount in found.mounts] == ["vendor/inner", "vendor/inner/deep/base"]
        assert "right" not in repr(found)

    async def test_the_commit_named_counts_not_the_newest(self, server, origin, base, cache):
        origin.commit("fleet", FLEET)
        add(origin, "base", f"{server.url}/base", base.head)
        base.commit("newer", {"b.yaml": "newer"})
        assert files(await fleet(f"{server.url}/origin", cache)) == {"base/b.yaml": "base"}

    @pytest.mark.parametrize(
        ("url", "cause"),
        [
            pytest.param("FOLDER/base", "may not be read from this machine's files", id="a path"),
            pytest.param("file://FOLDER/base", "may not be read from this machine's files", id="a file"),
            pytest.param("ext::sh -c touch% FOLDER/started", "remote helpers are not allowed", id="a command"),
            pytest.param("--upload-pack=touch FOLDER/started", "no address of a repository", id="an option"),
            pytest.param("SERVER/none", "there is no repository", id="nowhere"),
            pytest.param("http://127.0.0.1:1/none", "does not answer", id="no server"),
        ],
    )  # fmt: skip
    async def test_one_that_cannot_be_had_fails_alone(self, server, served, origin, base, cache, url, cause):
        origin.commit("fleet", FLEET | {"a.yaml": "a"})
        add(origin, "bad", url.replace("FOLDER", str(served)).replace("SERVER", server.url), base.head)
        add(origin, "good", "../base", base.head)
        found = await fleet(f"{server.url}/origin", cache)
        tree = trees.open(found.store, found.tree, found.mounts)
        assert tree.read("a.yaml") == b"a" and tree.read("good/b.yaml") == b"base"
        with pytest.raises(RoadsteadError, match=f"submodule bad cannot be read: .*{cause}"):
            tree.read("bad/b.yaml")
        assert not (served / "started").exists()

    async def test_a_commit_that_is_gone_fails_alone(self, server, origin, base, cache):
        origin.commit("fleet", FLEET)
        add(origin, "base", "../base", "1" * 40)
        (mount,) = (await fleet(f"{server.url}/origin", cache)).mounts
        assert "no branch or tag has the commit" in mount.error

    async def test_one_that_holds_itself_ends(self, server, origin, cache):
        first = origin.commit("fleet", FLEET)
        for number in range(10):
            add(origin, f"me{number}", "../origin", origin.head if number else first)
        found = await fleet(f"{server.url}/origin", cache)
        assert any("more than" in mount.error for mount in found.mounts)

    @pytest.mark.parametrize("name", ["../../x", "a/../../b", ".git", "/x"])
    async def test_a_name_that_leads_elsewhere_is_not_looked_up(self, server, origin, base, cache, name):
        origin.commit("fleet", FLEET)
        add(origin, "base", "../base", base.head, name=name)
        assert (await fleet(f"{server.url}/origin", cache)).mounts == ()

    async def test_a_crafted_file_of_addresses_is_read_as_text_only(self, server, origin, cache, tmp_path):
        (tmp_path / "secret").write_text('[submodule "x"]\n\tpath = x\n\turl = y\n')
        origin.write(FLEET | {".gitmodules": f"[include]\n\tpath = {tmp_path}/secret\n"})
        origin.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},x")
        origin.commit()
        assert (await fleet(f"{server.url}/origin", cache)).mounts == ()
        (origin.folder / ".gitmodules").unlink()
        origin.link(".gitmodules", str(tmp_path / "secret"))
        origin.commit()
        with pytest.raises(RoadsteadError, match="gitmodulesSymlink"):
            await fleet(f"{server.url}/origin", cache)


class TestWorkingTree:
    @pytest.fixture
    def clone(self, origin: Repository, inner: Repository, tmp_path: Path) -> Repository:
        origin.commit("fleet", FLEET)
        add(origin, "vendor/inner", "../inner", inner.head)
        origin.git(
            "clone", "--quiet", "--recurse-submodules", str(origin.folder), str(tmp_path / "clone"), **LOCAL
        )
        return Repository(tmp_path / "clone")

    async def test_what_is_checked_out_counts(self, clone, cache):
        found = await fleet(clone.folder, cache)
        assert files(found) == {"vendor/inner/deep/base/b.yaml": "base", "vendor/inner/i.yaml": "inner"}
        assert found.dirty is False

    async def test_changes_in_one_are_there_and_marked(self, clone, cache):
        before = await fleet(clone.folder, cache)
        clone.write({"vendor/inner/deep/base/b.yaml": "changed", "vendor/inner/new": "n"})
        found = await fleet(clone.folder, cache)
        assert files(found) == {
            "vendor/inner/deep/base/b.yaml": "changed",
            "vendor/inner/i.yaml": "inner",
            "vendor/inner/new": "n",
        }
        assert found.dirty is True and found.tree == before.tree
        assert (
            trees.open(found.store, found.tree, found.mounts).oid("vendor")
            != trees.open(before.store, before.tree, before.mounts).oid("vendor")
        )  # fmt: skip

    async def test_a_revision_comes_from_the_clones_inside(self, clone, cache, inner, origin):
        clone.write({"vendor/inner/i.yaml": "changed"})
        for gone in (inner, origin):
            gone.folder.rename(gone.folder.with_name(f"{gone.folder.name}-gone"))
        assert files(await fleet(clone.folder, cache, "HEAD")) == {
            "vendor/inner/deep/base/b.yaml": "base",
            "vendor/inner/i.yaml": "inner",
        }

    async def test_one_not_checked_out_comes_from_its_address(self, clone, cache):
        clone.git("submodule", "deinit", "--quiet", "--force", "vendor/inner")
        assert files(await fleet(clone.folder, cache)) == {
            "vendor/inner/deep/base/b.yaml": "base",
            "vendor/inner/i.yaml": "inner",
        }

    async def test_one_whose_git_folder_lies_elsewhere_is_not_taken(self, clone, cache, tmp_path):
        Repository(tmp_path / "private").commit("private", {"secret": "s"})
        (clone.folder / "vendor/inner/.git").write_text(f"gitdir: {tmp_path}/private/.git\n")
        found = await fleet(clone.folder, cache)
        with pytest.raises(RoadsteadError, match="submodule vendor/inner cannot be read"):
            files(found)


LOCAL = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "protocol.file.allow", "GIT_CONFIG_VALUE_0": "always"}
