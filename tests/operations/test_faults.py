"""Operations on a fleet whose clusters, and the ways to them, fail as real ones do."""

import asyncio
import random

import pytest

from roadstead.engine.bundle_plan import Wishes
from roadstead.model import reasons
from roadstead.operations import drift, plan
from roadstead.sim import faults, intruding
from roadstead.sim.faults import When
from roadstead.world import tasks
from tests.end_to_end.story import config_map, deployment
from tests.operations.shops import Shop, shop_in

pytestmark = pytest.mark.whole

OBJECTS = (deployment("web", "shop"), config_map("settings", "shop", colour="blue"))


@pytest.fixture
async def shop(tmp_path):
    async with shop_in(tmp_path) as made:
        yield made


def reasons_of(found) -> dict[str, set[str]]:
    """By cluster, what problems there are."""
    told: dict[str, set[str]] = {}
    for problem in found.all_problems():
        told.setdefault(problem.cluster, set()).add(problem.reason.name)
    return told


async def live(shop: Shop, name: str):
    return shop.live[name].get("apps/v1", "Deployment", "web", namespace="shop")


async def done_with(shop: Shop, name: str) -> None:
    """All is ready there, and nothing is asked any more."""
    quiet, asked = 0, 0
    async with asyncio.timeout(600):
        while quiet < 20:
            found = await live(shop, name) or {}
            is_ready = bool(found.get("status", {}).get("readyReplicas"))
            quiet, asked = quiet + 1 if is_ready and len(shop.asked) == asked else 0, len(shop.asked)
            await asyncio.sleep(0.02)


async def test_a_partition_costs_the_other_cluster_nothing(shop, ahead):
    shop.live["old"].cluster.faults.set(faults.partition())
    shop.says(*OBJECTS)
    applying = asyncio.ensure_future(shop.apply())
    await done_with(shop, "new")
    ahead(40)  # longer than a request may take
    done = await applying
    assert reasons_of(done) == {"old": {reasons.UNREACHABLE.name}}
    assert (await live(shop, "new"))["status"]["readyReplicas"] == 1
    shop.live["old"].cluster.faults.clear()
    assert not (await shop.apply()).failed
    assert await live(shop, "old")


async def test_a_full_disk_is_told_in_the_server_s_words_and_nothing_is_lost(shop):
    await shop.applied(*OBJECTS)
    shop.says(deployment("web", "shop", replicas=3), OBJECTS[1])
    shop.live["old"].cluster.faults.set(faults.full_disk())
    done = await shop.apply()
    assert any("database space exceeded" in one.cause for one in done.all_problems())
    assert {one.cluster for one in done.all_problems()} == {"old"}
    assert (await live(shop, "old"))["spec"]["replicas"] == 1
    shop.live["old"].cluster.faults.clear()
    assert not (await shop.apply()).failed
    assert (await live(shop, "old"))["spec"]["replicas"] == 3


async def test_writes_whose_answers_are_lost_are_seen_to_be_done(shop):
    """Each second write is carried out unheard: running again converges, and owns all that it made."""
    for member in shop.live.members.values():
        member.cluster.faults.set(
            faults.cut(When.UNANSWERED, verbs=("patch", "create", "update"), rate=0.3, seed=4)
        )
    shop.says(*OBJECTS)
    for _ in range(8):
        if not (await shop.apply()).failed:
            break
    for member in shop.live.members.values():
        member.cluster.faults.clear()
    assert not (await shop.apply()).failed
    settled = await plan.fleet(shop.opened, Wishes())
    assert not settled.report.changes_anything
    shop.says(OBJECTS[0])
    assert not (await shop.apply()).failed
    for member in shop.live.members.values():
        assert member.get("v1", "ConfigMap", "settings", namespace="shop") is None


async def test_a_wait_survives_watches_that_are_cut_again_and_again(shop):
    shop.says(*OBJECTS)

    async def cutting() -> None:
        while True:
            await asyncio.sleep(0.3)
            for member in shop.live.members.values():
                member.cluster.faults.set(faults.cut(verbs=("watch",), times=1))

    for member in shop.live.members.values():
        member.world.machines.ready_after = 3.0
    async with tasks.group() as start:
        trouble = start(cutting())
        done = await shop.apply()
        trouble.cancel()
    assert not done.failed, done.all_problems()


async def test_a_throttled_reader_comes_back_when_it_was_told(shop):
    await shop.applied(*OBJECTS)
    for member in shop.live.members.values():
        member.cluster.faults.set(faults.throttled(retry_after=1, verbs=("list", "get"), times=1))
    found = await plan.fleet(shop.opened, Wishes())
    assert not found.report.failed, found.report.problems


async def test_every_edit_of_an_intruder_is_found_and_put_back(shop):
    await shop.applied(*OBJECTS)
    cluster = shop.live["old"].cluster
    chance = random.Random(11)
    edits = [intruding.edit(cluster, chance, selector="applyset.kubernetes.io/part-of") for _ in range(6)]
    touched = {(one.kind, one.name) for one in edits if one and "annotation" not in one.what}
    assert touched
    found = drift.of(await drift.fleet(shop.opened))
    told = {(change.id.kind, change.id.name) for each in found.report.plans for change in each.changes}
    additions = {(one.kind, one.name) for one in edits if one and one.what in ("data.debug",)}
    assert touched - additions <= told
    assert {each.key.cluster for each in found.report.plans if each.changes} == {"old"}
    assert not (await shop.apply()).failed
    assert not drift.of(await drift.fleet(shop.opened)).report.changes_anything
