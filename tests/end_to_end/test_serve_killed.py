"""The hub is killed at seeded moments amid commits and edits, and started again: it converges, nothing is lost."""

import asyncio
import json
import random
import signal
from collections import Counter

import pytest

from tests.end_to_end import hubs
from tests.end_to_end.story import config_map, namespace
from tests.engine import fleets

NAMESPACE, SAME, CHANGING = "web", 10, 6
FLAGS = ("--interval", "300ms", "--name", "hub@test")


def write(fleet, state):
    changing = [config_map(f"changing-{n}", NAMESPACE, state=str(state)) for n in range(CHANGING)]
    come_and_go = [config_map(f"only-{state % 2}-{n}", NAMESPACE) for n in range(3)]
    same = [config_map(f"same-{n}", NAMESPACE, state="same") for n in range(SAME)]
    fleet.story.write("apps/web/all.yaml", [namespace(NAMESPACE), *changing, *come_and_go, *same])
    fleet.story.commit(f"state {state}")


def found(fleet):
    cluster = fleet.clusters["c1"]
    kind = cluster.builtin("configmaps")
    stored = cluster.store.items(kind.storage, NAMESPACE)
    live = {name: json.loads(one.data).get("data", {}).get("state", "") for (_, name), one in stored}
    return {name: state for name, state in live.items() if name != "kube-root-ca.crt"}


def wanted(state):
    same = dict.fromkeys((f"same-{n}" for n in range(SAME)), "same")
    changing = dict.fromkeys((f"changing-{n}" for n in range(CHANGING)), str(state))
    return {**same, **changing, **dict.fromkeys((f"only-{state % 2}-{n}" for n in range(3)), "")}


async def converged(fleet, state):
    async with asyncio.timeout(hubs.PATIENCE):
        while found(fleet) != wanted(state):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.slow)])
async def test_killed_at_any_moment_it_converges_and_the_record_is_whole(tmp_path, kills):
    async with fleets.simulated(tmp_path) as fleet:
        fleet.story.bundle("web")
        database = ("--database", f"sqlite:///{tmp_path / 'killed.db'}")
        write(fleet, 0)
        async with hubs.running(fleet.story, *FLAGS, *database):
            await converged(fleet, 0)
        edited = Counter()
        for seed in range(kills):
            chance = random.Random(seed)
            async with hubs.running(fleet.story, *FLAGS, *database) as hub:
                write(fleet, seed + 1)
                await asyncio.sleep(chance.uniform(0.0, 0.6))
                one = f"same-{chance.randrange(SAME)}"
                fleet.edit("c1", one, NAMESPACE, state=f"edited {seed}")
                edited[one] += 1
                await asyncio.sleep(chance.uniform(0.0, 0.6))
                await hub.end(signal.SIGKILL)
        async with hubs.running(fleet.story, *FLAGS, *database) as hub:
            await converged(fleet, kills)
            assert await hub.end() == 0
        told = await fleet.story.roadstead("audit", "export", *database)
        check([json.loads(line) for line in told.out.splitlines()], set(edited))
        await fleet.story.roadstead("audit", "verify", *database)
        checked = await fleet.story.roadstead("apply", "--take-over", "-o", "json")
        assert set(checked.data()["summary"]) == {"unchanged"}


def check(records, edited):
    """Each intent has one end, each edited object is on the record, and nothing else is called an edit."""
    intents = [(one["writer"], one["sequence"]) for one in records if one["kind"] == "intent"]
    closed = Counter(tuple(one["closes"]) for one in records if one["kind"] == "outcome")
    assert sorted(closed) == sorted(intents)
    assert set(closed.values()) == {1}
    drifts = [each for one in records if one["kind"] == "drift" for each in one["objects"]]
    assert {one["object"].rpartition("/")[2] for one in drifts} == edited
