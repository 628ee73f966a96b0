"""Where the fleet is named, what is read of it, and where its Sources may lead."""

import asyncio
from pathlib import Path

import pytest
import uvloop

from roadstead.model.errors import RoadsteadError
from roadstead.model.snapshot import Origin, Revision
from roadstead.stages.sources import resolve
from roadstead.world.git import trees
from tests.world.git.repositories import Repository

FLEET = {"roadstead.yaml": "kind: Fleet\n"}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "fleet")


async def fleet(location: object, cache: Path, revision: str | None = None) -> Revision:
    return await resolve.fleet(str(location), revision=revision, cache=cache, deadline=60)


async def refused(location: object, cache: Path, revision: str | None = None) -> str:
    with pytest.raises(RoadsteadError) as caught:
        await fleet(location, cache, revision)
    return str(caught.value)


def read(revision: Revision, path: str) -> str:
    return trees.open(revision.store, revision.tree, revision.mounts).read(path).decode()


class TestFleet:
    async def test_a_path_is_its_working_tree(self, repository, cache):
        commit = repository.commit("first", FLEET)
        found = await fleet(repository.folder, cache)
        assert (found.name, found.url, found.ref, found.commit) == (
            "",
            str(repository.folder),
            "main",
            commit,
        )
        assert (found.dirty, found.prefix, str(found)) == (False, "", commit[:12])
        repository.write({"a.yaml": "new"})
        found = await fleet(repository.folder, cache)
        assert (str(found), read(found, "a.yaml")) == (f"{commit[:12]} with uncommitted changes", "new")

    async def test_a_revision_is_read_without_being_checked_out(self, repository, cache):
        old = repository.commit("old", FLEET | {"a.yaml": "old"})
        repository.git("tag", "v1")
        repository.commit("new", {"a.yaml": "new"})
        repository.write({"a.yaml": "uncommitted"})
        for revision in ("HEAD~1", old[:10], old, "v1", "main^"):
            found = await fleet(repository.folder, cache, revision)
            assert (found.commit, found.ref, found.dirty) == (old, revision, False)
            assert read(found, "a.yaml") == "old"
        assert (repository.folder / "a.yaml").read_text() == "uncommitted"

    async def test_a_path_below_finds_the_root_above(self, repository, cache):
        repository.commit(
            "first", {"deploy/eu/roadstead.yaml": "kind: Fleet\n", "deploy/eu/fleet/x/a.yaml": "a"}
        )
        for path in ("deploy/eu/fleet/x", "deploy/eu", "deploy/eu/roadstead.yaml"):
            for revision in (None, "HEAD"):
                found = await fleet(repository.folder / path, cache, revision)
                assert found.prefix == "deploy/eu"
        assert read(found, "deploy/eu/fleet/x/a.yaml") == "a"
        said = await refused(repository.folder / "deploy", cache)
        assert said.startswith("NoFleet: there is no roadstead.yaml in ") and said.endswith(
            "found one in deploy/eu"
        )

    async def test_a_path_relative_to_where_one_stands(self, repository, cache, monkeypatch):
        repository.commit("first", FLEET | {"sub/a": "1"})
        monkeypatch.chdir(repository.folder / "sub")
        assert (await fleet(".", cache)).url == (await fleet("..", cache)).url == str(repository.folder)

    async def test_a_folder_in_no_repository(self, tmp_path, cache):
        folder = tmp_path / "plain"
        (folder / "fleet").mkdir(parents=True)
        (folder / "roadstead.yaml").write_text("kind: Fleet\n")
        found = await fleet(folder / "fleet", cache)
        assert (found.commit, found.url, str(found)) == ("", str(folder), "no commit")
        assert "a revision needs a Git repository" in await refused(folder, cache, "HEAD")

    async def test_a_bare_repository_is_read_at_its_head(self, repository, cache, tmp_path):
        commit = repository.commit("first", FLEET)
        repository.git("clone", "--quiet", "--bare", str(repository.folder), str(tmp_path / "bare.git"))
        assert (await fleet(tmp_path / "bare.git", cache)).commit == commit

    async def test_urls(self, server, origin, cache):
        old = origin.commit("old", {"eu/roadstead.yaml": "kind: Fleet\n"})
        new = origin.commit("new", {"a.yaml": "a"})
        for url in (f"{server.url}/origin", f"file://{origin.folder}"):
            found = await fleet(f"{url}//eu/", cache)
            assert (found.commit, found.ref, found.prefix, found.url) == (new, "main", "eu", url)
            assert (await fleet(f"{url}//eu", cache, old)).commit == old
            said = await refused(url, cache)
            assert f"there is no roadstead.yaml in {url} at {new[:12]}, found one in eu" in said

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            pytest.param("nowhere", "NoFleet: there is no folder ", id="no such folder"),
            pytest.param("empty", "NoFleet: there is no roadstead.yaml in ", id="no root file"),
        ],
    )
    async def test_what_is_no_fleet(self, tmp_path, cache, name, said):
        (tmp_path / "empty").mkdir()
        assert (await refused(tmp_path / name, cache)).startswith(said)

    async def test_a_revision_that_is_not_there_says_how_to_get_it(self, repository, cache):
        repository.commit("first", FLEET)
        with pytest.raises(RoadsteadError, match="there is no revision origin/main") as caught:
            await fleet(repository.folder, cache, "origin/main")
        assert "fetch it first" in caught.value.problem.hint

    async def test_a_repository_of_another_hash_is_refused_clearly(self, tmp_path, cache):
        repository = Repository.__new__(Repository)
        repository.folder = tmp_path / "sha256"
        repository.folder.mkdir()
        repository.git("init", "--quiet", "--object-format=sha256")
        assert "named by sha1 are needed, found sha256" in await refused(repository.folder, cache)

    def test_it_runs_on_the_loop_that_is_used(self, repository, cache):
        commit = repository.commit("first", FLEET)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            assert runner.run(fleet(repository.folder, cache)).commit == commit


class TestSource:
    @pytest.fixture
    def other(self, served: Path) -> Repository:
        repository = Repository(served / "other")
        repository.commit("other", {"bundle.yaml": "b"})
        return repository

    async def source(self, above: Revision, cache: Path, url: str, ref: str = "") -> Revision:
        return await resolve.source(Origin("team", url, ref), fleet=above, cache=cache, deadline=60)

    async def test_by_address_and_beside_the_fleet(self, server, origin, other, cache):
        origin.commit("fleet", FLEET)
        local, remote = await fleet(origin.folder, cache), await fleet(f"{server.url}/origin", cache)
        for above, url in [
            (remote, f"{server.url}/other"),
            (remote, "../other"),
            (local, f"{server.url}/other"),
            (local, f"file://{other.folder}"),
            (local, str(other.folder)),
            (local, "../other"),
        ]:
            found = await self.source(above, cache, url)
            assert (found.name, found.commit, read(found, "bundle.yaml")) == ("team", other.head, "b")

    async def test_on_this_machine_it_is_read_at_a_commit(self, origin, other, cache):
        origin.commit("fleet", FLEET)
        other.write({"bundle.yaml": "uncommitted"})
        found = await self.source(await fleet(origin.folder, cache), cache, "../other", "main")
        assert (read(found, "bundle.yaml"), found.dirty) == ("b", False)

    @pytest.mark.parametrize(
        ("where", "url", "said"),
        [
            pytest.param("remote", "/etc", "NotAllowed: ", id="a fleet from elsewhere names a path"),
            pytest.param("remote", "FOLDER/other", "NotAllowed: ", id="a fleet from elsewhere names a repository here"),
            pytest.param("remote", "file://FOLDER/other", "NotAllowed: ", id="a fleet from elsewhere names a file"),
            pytest.param("remote", "ext::sh -c x", "SourceUnreadable: ", id="a command"),
            pytest.param("remote", "../../../x", "SourceUnreadable: ", id="above the host"),
            pytest.param("local", "FOLDER/nowhere", "SourceUnreadable: a Git repository is needed", id="nothing there"),
            pytest.param("local", "./apps", "SourceUnreadable: a Git repository is needed", id="a folder of the fleet itself"),
            pytest.param("local", "https://git.example/x//apps", "SourceUnreadable: the url may not have a folder", id="a folder in the address"),
        ],
    )  # fmt: skip
    async def test_where_it_may_not_lead(self, server, served, origin, other, cache, where, url, said):
        origin.commit("fleet", FLEET | {"apps/a": "1"})
        above = await fleet(origin.folder if where == "local" else f"{server.url}/origin", cache)
        with pytest.raises(RoadsteadError) as caught:
            await self.source(above, cache, url.replace("FOLDER", str(served)))
        assert str(caught.value).startswith(said)
