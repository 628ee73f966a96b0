"""Fetching from real servers: what comes, what it costs, and how failures are told."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from roadstead.model.errors import RoadsteadError
from roadstead.world.git import command, fetch, history, locations, objects, stores, trees
from roadstead.world.git.fetch import Fetched


async def get(url: str, ref: str, cache: Path, *, deadline: float = 60) -> Fetched:
    return await fetch.fetch(locations.parse(url), ref, cache=cache, until=command.until(deadline))


def files(fetched: Fetched) -> dict[str, bytes]:
    store = str(fetched.store)
    tree = trees.open(store, objects.Store(store).tree_of(fetched.commit))
    return {file.path: tree.read(file.path) for file in tree.walk()}


@pytest.fixture
def url(server, origin) -> str:
    return f"{server.url}/origin/.git"


async def test_a_branch_comes_without_its_history(origin, url, cache):
    old = origin.commit("first", {"a.yaml": "1"})
    new = origin.commit("second", {"a.yaml": "2"})
    fetched = await get(url, "main", cache)
    assert (fetched.ref, fetched.commit, fetched.tag, fetched.replaced) == ("refs/heads/main", new, "", "")
    assert files(fetched) == {"a.yaml": b"2"}
    assert old not in objects.Store(str(fetched.store))
    assert history.read(str(fetched.store), new).parents == (old,)


async def test_forms_of_refs(origin, url, cache):
    first = origin.commit("first", {"a.yaml": "1"})
    origin.git("tag", "light")
    origin.git("tag", "--annotate", "--message", "one", "v1")
    origin.git("update-ref", "refs/pull/7/head", first)
    origin.git("branch", "feature/x")
    second = origin.commit("second", {"a.yaml": "2"})
    expected = {
        "": ("refs/heads/main", second),
        "HEAD": ("refs/heads/main", second),
        "main": ("refs/heads/main", second),
        "feature/x": ("refs/heads/feature/x", first),
        "light": ("refs/tags/light", first),
        "v1": ("refs/tags/v1", first),
        "refs/pull/7/head": ("refs/pull/7/head", first),
        first: ("", first),
        first[:9]: ("", first),
    }
    for ref, (full, commit) in expected.items():
        fetched = await get(url, ref, cache)
        assert (fetched.ref, fetched.commit) == (full, commit), ref
        assert files(fetched) == {"a.yaml": b"1" if commit == first else b"2"}
    assert (await get(url, "v1", cache)).tag == origin.git("rev-parse", "v1")


async def test_what_stands_still_costs_one_look_and_a_known_commit_none(server, origin, url, cache):
    commit = origin.commit("first", {"a.yaml": "1"})
    await get(url, "main", cache)
    server.requests.clear()
    await get(url, "main", cache)
    assert [line.split("?")[0] for line in server.requests] == [
        "GET /origin/.git/info/refs",
        "POST /origin/.git/git-upload-pack",
    ]
    server.requests.clear()
    assert (await get(url, commit, cache)).commit == commit
    assert server.requests == []


async def test_a_commit_that_the_server_does_not_serve_by_name_is_found_in_its_branches(
    server, origin, url, cache
):
    server.environment = {"GIT_PROTOCOL": "version=0"}
    old = origin.commit("old", {"a.yaml": "1"})
    origin.commit("new", {"a.yaml": "2"})
    await get(url, "main", cache)
    assert files(await get(url, old, cache)) == {"a.yaml": b"1"}
    with pytest.raises(RoadsteadError, match=f"no branch or tag has the commit {'1' * 40}"):
        await get(url, "1" * 40, cache)


async def test_a_server_of_plain_files_will_do(server, origin, cache):
    old = origin.commit("old", {"a.yaml": "1"})
    origin.commit("new", {"a.yaml": "2"})
    origin.git("update-server-info")
    server.plain = True
    assert files(await get(f"{server.url}/origin/.git", "main", cache)) == {"a.yaml": b"2"}
    assert files(await get(f"{server.url}/origin/.git", old, cache)) == {"a.yaml": b"1"}


async def test_a_shallow_repository_can_be_read(origin, tmp_path, cache):
    origin.commit("first", {"a.yaml": "1"})
    origin.commit("second", {"a.yaml": "2"})
    origin.git("clone", "--quiet", "--depth=1", f"file://{origin.folder}", str(tmp_path / "shallow"))
    assert files(await get(f"file://{tmp_path}/shallow", "main", cache)) == {"a.yaml": b"2"}


class TestRewritten:
    async def test_ordinary_progress_is_not(self, server, origin, url, cache):
        origin.commit("first")
        await get(url, "main", cache)
        for number in range(3):
            origin.commit(f"more {number}")
        assert (await get(url, "main", cache)).replaced == ""
        origin.commit("one more")
        server.requests.clear()
        assert (await get(url, "main", cache)).replaced == ""
        assert len(server.requests) <= 5  # a direct child needs no look at history

    async def test_a_force_push_is_noticed_once(self, origin, url, cache):
        origin.commit("first")
        dropped = origin.commit("dropped")
        await get(url, "main", cache)
        origin.git("reset", "--quiet", "--hard", "HEAD~1")
        origin.commit("other", {"b.yaml": "1"})
        assert (await get(url, "main", cache)).replaced == dropped
        assert (await get(url, "main", cache)).replaced == ""

    async def test_going_back_is_noticed(self, origin, url, cache):
        origin.commit("first")
        dropped = origin.commit("dropped")
        await get(url, "main", cache)
        origin.git("reset", "--quiet", "--hard", "HEAD~1")
        assert (await get(url, "main", cache)).replaced == dropped

    async def test_old_commits_far_back_are_found(self, origin, url, cache):
        origin.commit("first")
        await get(url, "main", cache)
        tree, commit = origin.tree, origin.head
        for number in range(150):
            commit = origin.git("commit-tree", tree, "-p", commit, "-m", str(number))
        origin.git("reset", "--quiet", "--hard", commit)
        assert (await get(url, "main", cache)).replaced == ""


class TestFailures:
    async def refused(self, url, ref, cache, *, deadline: float = 60) -> str:
        with pytest.raises(RoadsteadError) as caught:
            await get(url, ref, cache, deadline=deadline)
        return str(caught.value)

    async def test_a_wrong_ref_names_the_nearest(self, origin, url, cache):
        origin.commit("first")
        origin.git("tag", "v1")
        said = await self.refused(url, "mian", cache)
        assert said.endswith("there is no branch, tag or commit mian, found 2 others, the nearest is main")
        assert said.startswith("SourceUnreadable: http://127.0.0.1")

    async def test_a_branch_that_is_gone(self, origin, url, cache):
        origin.commit("first")
        origin.git("branch", "old")
        await get(url, "old", cache)
        origin.git("branch", "--delete", "--force", "old")
        assert "there is no branch, tag or commit old" in await self.refused(url, "old", cache)

    async def test_a_repository_that_was_emptied(self, origin, url, cache):
        origin.commit("first")
        await get(url, "main", cache)
        origin.git("update-ref", "-d", "refs/heads/main")
        assert "the repository is empty" in await self.refused(url, "", cache)

    async def test_a_name_of_two_things(self, origin, url, cache):
        origin.commit("first")
        origin.git("tag", "main")
        said = await self.refused(url, "main", cache)
        assert "main is both a branch and a tag, found refs/heads/main and refs/tags/main" in said
        assert (await get(url, "refs/tags/main", cache)).ref == "refs/tags/main"

    @pytest.mark.parametrize("ref", ["main~1", "--upload-pack=x", "a b", "a:b", "*"])
    async def test_no_name_of_a_ref(self, origin, url, cache, ref):
        origin.commit("first")
        assert "is no name of a branch, tag or commit" in await self.refused(url, ref, cache)

    async def test_a_tag_of_something_else(self, origin, url, cache):
        origin.commit("first", {"a.yaml": "1"})
        origin.git("tag", "blob", "HEAD:a.yaml")
        assert "refs/tags/blob is no commit" in await self.refused(url, "blob", cache)

    async def test_no_repository(self, server, cache):
        said = await self.refused(f"{server.url}/none", "main", cache)
        assert (
            said.startswith("SourceUnreadable: reading http://127.0.0.1") and "there is no repository" in said
        )
        assert "there is no repository" in await self.refused("file:///nonexistent/x", "main", cache)

    async def test_no_server(self, cache):
        said = await self.refused("http://127.0.0.1:1/x", "main", cache)
        assert said.startswith("SourceUnreachable: ") and "the server does not answer properly" in said

    async def test_a_server_in_trouble(self, server, origin, url, cache):
        origin.commit("first")
        server.status = 503
        assert (await self.refused(url, "main", cache)).startswith("SourceUnreachable: ")

    async def test_a_server_that_hangs(self, server, origin, url, cache):
        origin.commit("first")
        server.delay = 3
        said = await self.refused(url, "main", cache, deadline=0.5)
        assert said.startswith("SourceUnreachable: ") and "no end within the time given" in said

    async def test_wrong_credentials_are_not_repeated_in_the_message(self, server, origin, cache):
        origin.commit("first")
        server.login = "ann:right"
        said = await self.refused(f"{server.url_as('ann:wr0ng')}/origin/.git", "main", cache)
        assert "the credentials are missing or not accepted" in said
        assert "wr0ng" not in said and "ann" not in said

    async def test_missing_credentials_do_not_prompt(self, server, origin, url, cache):
        origin.commit("first")
        server.login = "ann:right"
        assert "the credentials are missing or not accepted" in await self.refused(url, "main", cache)

    async def test_objects_crafted_to_write_elsewhere_are_not_taken(self, origin, url, cache):
        blob = origin.blob("x")
        root = origin.crafted_tree(("40000", ".git", origin.crafted_tree(("100644", "config", blob))))
        origin.git("reset", "--quiet", "--soft", origin.git("commit-tree", root, "-m", "evil"))
        said = await self.refused(url, "main", cache)
        assert "damaged or crafted objects" in said and "hasDotgit" in said

    async def test_a_full_disk(self, origin, url, cache):
        origin.commit("first", {"large": os.urandom(500_000)})
        small = cache / "git"
        small.mkdir(parents=True)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=400k", "none", small], capture_output=True, check=False
        )
        if mounted.returncode:
            pytest.skip("a small file system cannot be mounted here")
        try:
            assert (await self.refused(url, "main", cache)).startswith("DiskFull: ")
        finally:
            subprocess.run(["umount", small], check=True)


class TestCredentials:
    async def test_in_the_address(self, server, origin, cache):
        origin.commit("first", {"a.yaml": "1"})
        server.login = "ann:right"
        assert files(await get(f"{server.url_as('ann:right')}/origin/.git", "main", cache)) == {
            "a.yaml": b"1"
        }

    async def test_from_the_users_own_helper(self, server, origin, url, cache, home):
        origin.commit("first", {"a.yaml": "1"})
        server.login = "ann:right"
        (home / ".git-credentials").write_text(f"{server.url_as('ann:right')}\n")
        (home / ".gitconfig").write_text("[credential]\n\thelper = store\n")
        assert files(await get(url, "main", cache)) == {"a.yaml": b"1"}

    async def test_from_an_askpass_program(self, server, origin, url, cache, tmp_path, monkeypatch):
        origin.commit("first", {"a.yaml": "1"})
        server.login = "ann:right"
        askpass = tmp_path / "askpass"
        askpass.write_text('#!/bin/sh\ncase "$1" in User*) echo ann;; *) echo right;; esac\n')
        askpass.chmod(0o755)
        monkeypatch.setenv("GIT_ASKPASS", str(askpass))
        assert files(await get(url, "main", cache)) == {"a.yaml": b"1"}

    async def test_of_other_people_do_not_open_the_copy(self, server, origin, url, cache):
        commit = origin.commit("first", {"a.yaml": "1"})
        server.login = "ann:right"
        await get(f"{server.url_as('ann:right')}/origin/.git", "main", cache)
        with pytest.raises(RoadsteadError, match="credentials"):
            await get(url, commit, cache)


@pytest.mark.whole
class TestSsh:
    async def test_by_the_users_own_command(self, ssh_server, origin, cache, monkeypatch):
        commit = origin.commit("first", {"a.yaml": "1"})
        monkeypatch.setenv("GIT_SSH_COMMAND", ssh_server.command())
        url = f"ssh://127.0.0.1:{ssh_server.port}{origin.folder}"
        assert files(await get(url, "main", cache)) == {"a.yaml": b"1"}
        monkeypatch.setenv("GIT_SSH_COMMAND", f"{ssh_server.command()} -p {ssh_server.port}")
        assert (await get(f"127.0.0.1:{origin.folder}", "main", cache)).commit == commit

    async def test_without_a_key(self, ssh_server, origin, cache, monkeypatch):
        monkeypatch.setenv("GIT_SSH_COMMAND", ssh_server.command(key=False))
        with pytest.raises(
            RoadsteadError, match=r"credentials are missing or not accepted: .*Permission denied"
        ):
            await get(f"ssh://127.0.0.1:{ssh_server.port}{origin.folder}", "main", cache)

    async def test_with_a_host_that_is_not_known(self, ssh_server, origin, cache, monkeypatch):
        monkeypatch.setenv("GIT_SSH_COMMAND", ssh_server.command(known=False))
        with pytest.raises(RoadsteadError, match="the ssh host key is unknown or has changed"):
            await get(f"ssh://127.0.0.1:{ssh_server.port}{origin.folder}", "main", cache)


class TestTogether:
    async def test_many_tasks_share_one_copy(self, server, origin, url, cache):
        origin.commit("first", {"a.yaml": "1"})
        async with asyncio.TaskGroup() as group:
            wanted = [group.create_task(get(url, "main", cache)) for _ in range(8)]
        assert {task.result().commit for task in wanted} == {origin.head}
        assert sum("git-upload-pack" in line and "POST" in line for line in server.requests) == 8 + 2

    @pytest.mark.whole
    async def test_many_processes_share_one_copy(self, origin, url, cache):
        origin.commit("first", {f"{number}.yaml": "x" * number for number in range(50)})
        program = (
            "import asyncio, pathlib, sys\n"
            "from roadstead.world.git import command, fetch, locations\n"
            "async def main():\n"
            "    where = locations.parse(sys.argv[1])\n"
            "    for ref in ('main', 'other', 'main'):\n"
            "        cache = pathlib.Path(sys.argv[2])\n"
            "        got = await fetch.fetch(where, ref, cache=cache, until=command.until(60))\n"
            "    print(got.commit)\n"
            "asyncio.run(main())\n"
        )
        origin.git("branch", "other")
        line = [sys.executable, "-c", program, url, str(cache)]
        processes = [subprocess.Popen(line, stdout=subprocess.PIPE, text=True) for _ in range(4)]
        assert [process.communicate()[0].strip() for process in processes] == [origin.head] * 4

    async def test_a_process_killed_while_fetching_leaves_nothing_in_the_way(
        self, server, origin, url, cache
    ):
        origin.commit("first", {"a.yaml": "1"})
        server.delay = 0.3
        task = asyncio.create_task(get(url, "main", cache))
        async with asyncio.timeout(60):
            while len(server.requests) < 2:
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        server.delay = 0
        assert files(await get(url, "main", cache)) == {"a.yaml": b"1"}


class TestTidying:
    async def test_copies_long_unused_go(self, origin, url, cache):
        origin.commit("first", {"a.yaml": "1"})
        fetched = await get(url, "main", cache)
        assert stores.prune(cache) == 0
        os.utime(fetched.store.parent / "lock", (0, 0))
        async with stores.locked(fetched.store.parent, until=command.until(60)):
            os.utime(fetched.store.parent / "lock", (0, 0))
            assert stores.prune(cache) == 0, "it is in use"
        os.utime(fetched.store.parent / "lock", (0, 0))
        assert stores.prune(cache) == 1
        assert not fetched.store.exists()
        assert files(await get(url, "main", cache)) == {"a.yaml": b"1"}

    async def test_a_lock_held_too_long_is_said(self, cache):
        place = stores.folder(cache, "x")
        async with stores.locked(place, until=command.until(60)):
            with pytest.raises(RoadsteadError, match=r"SourceUnreachable: .* was held by another process"):
                async with stores.locked(place, until=command.until(0.1)):
                    pass
