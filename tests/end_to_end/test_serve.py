"""A fleet that is served: commits arrive by push, edits are told and put back, restarts cost nothing."""

import asyncio
import subprocess
import time

import pytest

from tests.controlplane.kubectl import kubectl
from tests.end_to_end import hubs
from tests.end_to_end.story import Story, config_map, namespace


@pytest.fixture
def cluster(clusters):
    return clusters(1)[0]


@pytest.fixture
def story(cluster, tmp_path, unique):
    told = Story(tmp_path, cluster.kubeconfig, unique)
    told.cluster("only", cluster.name)
    told.bundle("base", files={"all.yaml": [namespace(unique)]})
    told.bundle("web", files={"all.yaml": [config_map("a", unique, x="1")]}, dependsOn=[{"bundle": "base"}])
    told.commit()
    return told


@pytest.fixture
def ask(cluster, unique):
    async def ask(*arguments):
        return await kubectl(cluster.kubeconfig, cluster.name, "-n", unique, *arguments)

    return ask


async def until(question, answer, *, patience=240.0):
    ends = time.monotonic() + patience
    while (found := await question()) != answer:
        assert time.monotonic() < ends, f"still {found}, not {answer}"
        await asyncio.sleep(0.1)


def value_of(ask, name="a", path="{.data.x}"):
    return lambda: ask("get", "cm", name, "--ignore-not-found", "-o", f"jsonpath={path}")


async def standing_ready(hub):
    return 'roadstead_bundles{standing="ready"} 2.0' in (await hub.get("/metrics"))[1]


async def test_a_push_is_applied_and_an_edit_is_told_and_put_back(story, ask, unique, tmp_path):
    remote = tmp_path / "remote.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote)], check=True)
    story.git("push", "--quiet", str(remote), "main")
    async with hubs.running(story, "--interval", "1h", "--branch", "main", fleet=f"file://{remote}") as hub:
        await hub.event("applied", bundle="web")
        assert (await hub.get("/readyz"))[0] == 200
        assert (await hub.get("/healthz"))[0] == 200

        story.write("apps/web/all.yaml", [config_map("a", unique, x="2")])
        commit = story.commit()
        story.git("push", "--quiet", str(remote), "main")
        mark = hub.mark
        assert await hub.hook(secret="wrong") == 401
        assert await hub.hook() == 202
        assert (await hub.event("commit", mark))["commit"] == commit
        await hub.event("applied", mark, bundle="web")
        assert await value_of(ask)() == "2"

        mark = hub.mark
        await ask("patch", "cm", "a", "--type=merge", "-p", '{"data":{"x":"mine"}}')
        drift = await hub.event("drift", mark, bundle="web", object=f"ConfigMap/{unique}/a")
        [field] = drift["data"]["fields"]
        assert (field["path"], field["applied"], field["live"]) == ("data.x", "2", "mine")
        assert field["manager"] == "kubectl-patch"
        await hub.event("drift-resolved", mark)
        assert await value_of(ask)() == "2"

        mark = hub.mark
        assert await hub.hook() == 202, "a replayed delivery is harmless"
        await ask("delete", "cm", "a")
        await hub.event("drift-resolved", mark)
        assert not hub.events("commit", mark)
        status, text = await hub.get("/metrics")
        assert status == 200
        assert 'roadstead_events_total{kind="drift",level="warning"} 2.0' in text
        await until(lambda: standing_ready(hub), True)

        began = time.monotonic()
        assert await hub.end() == 0
        assert time.monotonic() - began < 20, "five seconds, and some for a busy machine"


async def test_a_restart_lists_each_kind_once_and_writes_nothing(story, cluster):
    async with hubs.running(story) as hub:
        await hub.event("applied", bundle="web")
        await hub.end()
    mark = cluster.mark()
    async with hubs.running(story) as hub:
        await watching(cluster, mark, "configmaps")
        await watching(cluster, mark, "secrets")
        await asyncio.sleep(1)
        assert not hub.events("commit")
        await hub.end()
    found = cluster.requests(since=mark, user_agent="roadstead")
    assert [one for one in found if one.writes] == []
    lists = [one.resource for one in found if one.verb == "list"]
    assert lists.count("configmaps") == 1
    assert lists.count("namespaces") <= 2, "one of them is roadstead-system, by its name"


async def watching(cluster, mark, resource):
    async with asyncio.timeout(240):
        while not any(
            one.verb == "watch" and one.resource == resource
            for one in cluster.requests(since=mark, user_agent="roadstead")
        ):
            await asyncio.sleep(0.2)


async def test_what_cannot_be_followed_freezes_everything_and_deletes_nothing(story, ask, unique):
    async with hubs.running(story, "--interval", "500ms") as hub:
        await hub.event("applied", bundle="web")
        good = story.git("rev-parse", "HEAD")

        mark = hub.mark
        written = story.repository / "fleet/bundle-web.yaml"
        written.write_text(written.read_text() + "  }")
        story.commit("broken")
        assert (await hub.event("frozen", mark))["reason"]
        await asyncio.sleep(1.5)
        assert await value_of(ask)() == "1"

        mark = hub.mark
        story.git("rm", "-rq", "--cached", ".")
        story.git("commit", "--quiet", "--message", "nothing")
        assert (await hub.event("frozen", mark))["reason"] == "NoFleet"
        assert (await hub.get("/readyz"))[0] == 200, "it goes on to keep what was good"
        await asyncio.sleep(1.5)
        assert await value_of(ask)() == "1"

        mark = hub.mark
        story.git("checkout", "--quiet", "--force", good, "--", ".")
        good = story.commit("as it was")
        await hub.event("git-followed", mark)

        mark = hub.mark
        story.write("apps/web/all.yaml", [config_map("b", unique, x="1")])
        story.git("add", "--all")
        rewritten = story.git("commit-tree", "-m", "rewritten", story.git("write-tree"))
        story.git("update-ref", "refs/heads/main", rewritten)
        assert (await hub.event("frozen", mark))["reason"] == "HistoryRewritten"
        await asyncio.sleep(1.5)
        assert await value_of(ask)() == "1"
        assert await value_of(ask, "b")() == ""


async def test_removed_from_git_it_is_deleted_and_drift_is_left_where_the_bundle_says_so(story, ask, unique):
    async with hubs.running(story, "--interval", "500ms") as hub:
        await hub.event("applied", bundle="web")
        mark = hub.mark
        story.bundle("web", drift={"mode": "report"}, dependsOn=[{"bundle": "base"}])
        story.write("apps/web/all.yaml", [config_map("a", unique, x="1"), config_map("b", unique, x="1")])
        story.commit()
        await hub.event("applied", mark, bundle="web")

        mark = hub.mark
        await ask("patch", "cm", "a", "--type=merge", "-p", '{"data":{"x":"mine"}}')
        drift = await hub.event("drift", mark)
        assert drift["data"]["done"] == "reported"
        await asyncio.sleep(1)
        assert await value_of(ask)() == "mine"

        mark = hub.mark
        story.remove("fleet/bundle-web.yaml")
        story.commit("web goes")
        await hub.event("applied", mark, bundle="web")
        await until(value_of(ask), "")
        await until(value_of(ask, "b"), "")
