"""A bundle that takes long to render, in the loop that serves: what is quick does not wait for it."""

import asyncio

import pytest

from roadstead.engine import adopting, rendering
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.model.status import Standing
from roadstead.stages.render import build
from tests.end_to_end.story import config_map, namespace
from tests.engine import fleets
from tests.engine.pools import Here

pytestmark = pytest.mark.whole

CLUSTERS = 3
PATIENCE = (1.0, 2.0, 3.0)


class Slow(Here):
    """Builds of the bundle `slow` hang until their deadline, the last until `let` is set, and answer once `fine` is."""

    def __init__(self):
        super().__init__()
        self.let, self.fine, self.given_up = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.attempts = []
        self.reason = reasons.RENDER_TIMEOUT

    async def _wait(self):
        try:
            await self.let.wait()
        except asyncio.CancelledError:
            self.given_up.set()
            raise

    async def run(self, function, payload, *, deadline):
        if function == build.JOB and not self.fine.is_set() and b"apps/slow" in payload:
            self.attempts.append(deadline)
            if deadline == PATIENCE[-1]:
                await self._wait()
            if not self.fine.is_set():
                raise errors.error(Problem(self.reason, "no answer in time", "be quick"))
        return await super().run(function, payload, deadline=deadline)


@pytest.fixture
async def fleet(tmp_path, monkeypatch):
    monkeypatch.setattr(rendering, "PATIENCE", PATIENCE)
    monkeypatch.setattr(rendering, "_GATHERED", 0.05)
    async with fleets.simulated(tmp_path, clusters=CLUSTERS) as made:
        bundles(made, "1")
        made.commit()
        yield made


def bundles(fleet, x):
    """Another `x` in each test: what one rendered is in the cache of all."""
    fleet.story.bundle("slow", files={"all.yaml": [namespace("slow"), config_map("a", "slow", x=x)]})
    fleet.story.bundle("web", files={"all.yaml": [namespace("web"), config_map("a", "web", x=x)]})
    fleet.story.bundle(
        "shop",
        files={"all.yaml": [namespace("shop"), config_map("a", "shop", x=x)]},
        dependsOn=[{"bundle": "slow"}],
    )


async def of_slow(serving, standing):
    async with asyncio.timeout(fleets.PATIENCE):
        while True:
            found = [
                one
                for one in (await serving.store.statuses.page(limit=100)).items
                if one.key.bundle == "slow"
            ]
            if len(found) == CLUSTERS and all(one.standing is standing for one in found):
                return found
            await asyncio.sleep(0.02)


def values(fleet, namespace):
    return [fleet.data(name, "a", namespace) for name in sorted(fleet.clusters)]


async def test_others_are_applied_while_a_render_hangs_and_it_is_told_and_kept_meanwhile(fleet):
    async with fleet.served() as serving:
        await fleet.settled(3 * CLUSTERS)
        pool = serving.shared.world.pool = Slow()
        bundles(fleet, "2")
        fleet.commit()
        await of_slow(serving, Standing.WAITING)
        async with asyncio.timeout(fleets.PATIENCE):
            while values(fleet, "web") != [{"x": "2"}] * CLUSTERS or PATIENCE[-1] not in pool.attempts:
                await asyncio.sleep(0.02)
        fleet.edit("c1", "a", "slow", x="mine")
        await fleet.event("drift-resolved", bundle="slow")
        assert values(fleet, "slow") == [{"x": "1"}] * CLUSTERS, "until it is rendered, it stays as it was"
        assert values(fleet, "shop") == [{"x": "1"}] * CLUSTERS, "and what depends on it waits"
        assert not serving.reconciling.has_looked("c1")
        assert not fleet.of("apply-failed")

        pool.let.set()
        await of_slow(serving, Standing.BLOCKED)
        failed = await fleet.event("apply-failed", bundle="slow")
        assert failed.reason == "RenderTimeout"
        assert len(pool.attempts) == len(PATIENCE), "clusters share each attempt"
        assert values(fleet, "slow") == [{"x": "1"}] * CLUSTERS


async def test_what_is_ready_late_is_applied_then_and_who_depends_on_it_after_it(fleet):
    async with fleet.served() as serving:
        await fleet.settled(3 * CLUSTERS)
        pool = serving.shared.world.pool = Slow()
        bundles(fleet, "3")
        commit = fleet.commit()
        await of_slow(serving, Standing.WAITING)
        pool.fine.set()
        pool.let.set()
        await fleet.settled(3 * CLUSTERS, commit=commit)
        assert values(fleet, "shop") == [{"x": "3"}] * CLUSTERS
        assert not fleet.of("apply-failed")


async def test_a_commit_that_repairs_it_does_not_wait_for_the_render_that_hangs(fleet):
    async with fleet.served() as serving:
        await fleet.settled(3 * CLUSTERS)
        pool = serving.shared.world.pool = Slow()
        bundles(fleet, "4")
        fleet.commit()
        async with asyncio.timeout(fleets.PATIENCE):
            while PATIENCE[-1] not in pool.attempts:
                await asyncio.sleep(0.02)
        bundles(fleet, "5")
        pool.fine.set()
        commit = fleet.commit()
        await fleet.settled(3 * CLUSTERS, commit=commit)
        assert not pool.let.is_set()


async def test_a_render_that_nobody_waits_for_any_more_may_end_and_is_then_given_up(fleet):
    async with fleet.served() as serving:
        await fleet.settled(3 * CLUSTERS)
        pool = serving.shared.world.pool = Slow()
        bundles(fleet, "7")
        fleet.commit()
        async with asyncio.timeout(fleets.PATIENCE):
            while PATIENCE[-1] not in pool.attempts:
                await asyncio.sleep(0.02)
            fleet.story.remove("fleet/bundle-slow.yaml")
            fleet.commit()
            await pool.given_up.wait()


async def test_a_source_that_did_not_answer_is_asked_again_without_another_commit_and_told_once(
    fleet, monkeypatch
):
    monkeypatch.setattr(adopting, "_SOURCES", (0.05, 0.1))
    async with fleet.served() as serving:
        await fleet.settled(3 * CLUSTERS)
        pool = serving.shared.world.pool = Slow()
        pool.reason = reasons.SOURCE_UNREACHABLE
        pool.let.set()
        bundles(fleet, "6")
        commit = fleet.commit()
        await of_slow(serving, Standing.BLOCKED)
        async with asyncio.timeout(fleets.PATIENCE):
            while len(pool.attempts) < 3 * len(PATIENCE):
                await asyncio.sleep(0.02)
        assert len(fleet.of("apply-failed")) == CLUSTERS
        pool.fine.set()
        await fleet.settled(3 * CLUSTERS, commit=commit)
        assert len(fleet.of("apply-resolved")) == len(fleet.of("apply-failed")) == CLUSTERS
