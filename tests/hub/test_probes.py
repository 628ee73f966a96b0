"""Probes tell the truth: each cause by itself, and only what a restart mends fails the one that restarts."""

import asyncio
import json

import pytest

from roadstead.sim import faults
from roadstead.world.store import engines
from tests.hub import hubs
from tests.world.store import locking


@pytest.fixture
async def hub(tmp_path, monkeypatch):
    quick = [one.replace("busy_timeout = 1000", "busy_timeout = 50") for one in engines._PRAGMAS]
    monkeypatch.setattr(engines, "_PRAGMAS", quick)
    async with hubs.serving(tmp_path) as made:
        yield made


async def ready(hub) -> tuple[int, list[str]]:
    status, said = await hub.ask("GET", "/readyz")
    return status, json.loads(said)["problems"]


async def until(question, *, patience=240.0):
    async with asyncio.timeout(patience):
        while not await question():
            await asyncio.sleep(0.02)


async def test_what_works_is_well_and_ready(hub):
    assert await hub.ask("GET", "/healthz") == (200, '{"status":"ok"}')
    assert await ready(hub) == (200, [])


async def test_a_broken_commit_is_told_and_the_hub_stays_ready(hub):
    mark = hub.mark
    (hub.story.repository / "roadstead.yaml").write_text("kind: Fleet")
    hub.commit("broken")
    await hub.event("frozen", mark)
    status, problems = await ready(hub)
    assert status == 200, "what was good goes on to be kept"
    assert problems


async def test_a_cluster_that_is_gone_is_told_and_the_hub_stays_ready(hub):
    hub.clusters["c1"].faults.set(faults.partition(silent=False))
    await hub.event("cluster-unreachable")
    status, problems = await ready(hub)
    assert (status, len(problems)) == (200, 1)
    assert "c1" in problems[0]


async def test_without_its_database_it_is_not_ready_until_it_is_back(hub):
    other = await locking.held(hub.database)
    hub.serving.store.events.note(hub.events[0][1])

    async def refused():
        status, problems = await ready(hub)
        return status == 503 and problems[0].startswith("database: ")

    async def accepted():
        return await ready(hub) == (200, [])

    await until(refused)
    assert (await hub.ask("GET", "/healthz"))[0] == 200, "a restart mends no database"
    assert "roadstead_database_up 0.0" in (await hub.ask("GET", "/metrics"))[1]
    other.close()
    await until(accepted)


async def test_where_git_was_never_read_it_is_not_ready(hub):
    hub.serving.reconciling.following.desired = None
    assert await ready(hub) == (503, ["git: not read yet"])


async def test_while_it_stops_it_is_not_ready(hub):
    hub.serving.shared.stop.set()
    status, problems = await ready(hub)
    assert (status, problems[0]) == (503, "it is stopping")


async def test_where_nothing_looks_at_git_any_more_it_asks_for_a_restart(hub):
    following = hub.serving.reconciling.following
    following._at -= 900 + 3 * hub.serving.options.interval + 1
    status, said = await hub.ask("GET", "/healthz")
    assert status == 503
    assert "nothing looked at Git for 3h15m" in said
