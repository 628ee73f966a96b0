"""One writer per bundle: who takes over is told, who was taken over stops."""

import asyncio
from dataclasses import replace

import pytest

from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.model.outcome import Result
from roadstead.stages import apply
from roadstead.stages.apply import keeping
from roadstead.world.kube.write import Writer
from tests.cluster import samples
from tests.cluster.applying import Shop, results


async def test_another_writer_takes_over_in_a_new_epoch(shop):
    await shop.apply(samples.config_map(shop.fleet, key="1"))
    shop.writer = "ci"
    assert set(results(await shop.apply(samples.config_map(shop.fleet, key="2"))).values()) == {"updated"}
    parent = (await shop.inventories())["web"].parent
    assert (parent.writer, parent.epoch) == ("ci", 2)


async def test_a_writer_that_may_not_take_over_is_fenced_and_touches_nothing(shop):
    await shop.apply(samples.config_map(shop.fleet, key="1"))
    shop.writer, shop.take_over = "hub", False
    mark = shop.server.mark()
    outcome = await shop.apply(samples.config_map(shop.fleet, key="2"))
    (problem,) = outcome.problems
    assert problem.reason is reasons.FENCED
    assert str(problem) == "c1 web: write inventory failed (Fenced): laptop writes this bundle since epoch 1"
    assert {one.result for one in outcome.objects} == {Result.SKIPPED}
    assert shop.writes(mark) == []


async def test_of_two_writers_with_one_plan_the_second_is_fenced(shop):
    shop.wants["web"] = (samples.config_map(shop.fleet, key="1"),)
    plan = await shop.plan()
    nothing = await shop.nothing("web")
    other = replace(shop, writer="ci")
    first = await shop.step(plan=plan)
    assert not first.failed
    late = await apply.step(
        other.target, plan, nothing, apply.Rules("ci", take_over=True), deadline=30.0, stop=asyncio.Event()
    )
    assert [problem.reason for problem in late.problems] == [reasons.FENCED]
    assert "laptop writes this bundle since epoch 1" in late.problems[0].cause


@pytest.mark.parametrize(
    ("writer", "release", "told"),
    [
        pytest.param("ci", False, "ci writes this bundle since epoch 2", id="by another writer"),
        pytest.param(
            "laptop",
            True,
            "another writer wrote this bundle meanwhile, in epoch 2",
            id="by a second run of its own that is done already",
        ),
    ],
)
async def test_a_writer_that_was_taken_over_in_the_middle_stops_and_says_who_did(
    shop, monkeypatch, writer, release, told
):
    """The first writer is in its second level when the other one takes over."""
    monkeypatch.setattr(keeping, "_LOOK_EVERY", 0.0)
    ns = shop.fleet
    account = samples.obj("v1", "ServiceAccount", ns, "web")
    wanted = (account, samples.config_map(ns), samples.deployment(ns, replicas=0))
    shop.wants["web"] = wanted
    plan = await shop.plan()
    other = Shop(shop.client, fleet=shop.fleet, writer=writer, wants={"web": wanted}, server=shop.server)
    shop.slots = asyncio.Semaphore(1)
    begun = asyncio.Event()

    async def take_over():
        await begun.wait()
        async with shop.slots:  # so long the first writer waits in its second level
            await other.step(release=release)

    def tell(outcome):
        begun.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(take_over())
        outcome = await shop.step(plan=plan, tell=tell)
    assert reasons.FENCED in {problem.reason for problem in outcome.problems}
    assert told in str(outcome.problems[0])
    parent = (await shop.inventories())["web"].parent
    assert (parent.writer, parent.epoch) == ("" if release else writer, 2)
    assert await shop.owned() == sorted(f"{one['kind']}/{ns}/{one['metadata']['name']}" for one in wanted)
    other.wants["web"] = wanted
    mark = shop.server.mark()
    await other.step()
    assert [one for one in shop.writes(mark) if "secrets" not in one] == []


async def test_a_writer_that_releases_what_it_wrote_fences_nobody_afterwards(shop):
    await shop.apply(samples.config_map(shop.fleet, key="1"))
    shop.writer, shop.take_over = "laptop", False
    shop.wants["web"] = (samples.config_map(shop.fleet, key="2"),)
    assert set(results(await shop.step(release=True)).values()) == {"updated"}
    parent = (await shop.inventories())["web"].parent
    assert (parent.writer, parent.epoch) == ("", 2)
    shop.writer = "colleague"
    assert set(results(await shop.apply(samples.config_map(shop.fleet, key="3"))).values()) == {"updated"}


async def test_what_a_run_that_died_at_the_end_still_holds_is_released_by_the_next(shop):
    await shop.apply(samples.config_map(shop.fleet, key="1"))
    await shop.step(release=True)
    assert (await shop.inventories())["web"].parent.writer == ""
    mark = shop.server.mark()
    await shop.step(release=True)
    assert shop.writes(mark) == []


@pytest.mark.parametrize("count", [2, 600], ids=["in the parent", "in shards"])
async def test_an_inventory_write_whose_answer_was_lost_is_known_as_our_own(shop, monkeypatch, count):
    """The server stored it, the connection broke, and it is sent again."""
    lost = []

    def losing(method):
        async def send(self, resource, *arguments, **options):
            answer = await method(self, resource, *arguments, **options)
            if resource.kind == "Secret" and (method, arguments[1]) not in lost:
                lost.append((method, arguments[1]))
                raise errors.error(Problem(reasons.UNREACHABLE, "the connection broke"))
            return answer

        return send

    monkeypatch.setattr(Writer, "create", losing(Writer.create))
    monkeypatch.setattr(Writer, "replace", losing(Writer.replace))
    outcome = await shop.apply(*(samples.config_map(shop.fleet, f"c{number}") for number in range(count)))
    assert set(results(outcome).values()) == {"created"}
    assert len(lost) >= 2
    assert len(await shop.owned()) == count


async def test_the_inventory_is_closed_although_the_steps_time_is_over(shop, ahead):
    """What was written until then is known; the rest is for the next step."""
    shop.wants["web"] = tuple(samples.config_map(shop.fleet, f"c{number}") for number in range(200))
    plan = await shop.plan()
    nothing = await shop.nothing("web")
    rules = apply.Rules("laptop", take_over=True)
    shop.slots = asyncio.Semaphore(1)
    told = []

    def tell(one):
        told.append(one)
        if len(told) == 5:
            ahead(60.0)

    outcome = await apply.step(
        shop.target, plan, nothing, rules, deadline=60.0, stop=asyncio.Event(), tell=tell
    )
    made = {one.id for one in outcome.objects if one.result is Result.CREATED}
    known = (await shop.inventories())["web"].entries
    assert 0 < len(made) < 200
    assert {one.id for one in known.values() if one.uid} == made
    assert len(known) == 200
