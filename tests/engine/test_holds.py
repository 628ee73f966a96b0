"""Holds outlive everything but their end: a lost database, a lost ref, a new laptop."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from roadstead.engine import revision_loop, world
from roadstead.engine.bundle_plan import Wishes
from roadstead.engine.world import Settings
from roadstead.model import reasons
from roadstead.model.status import Standing
from roadstead.operations import holds
from roadstead.operations import plan as planning
from roadstead.operations.holds import FREEZE, Asked
from roadstead.operations.selecting import Selected
from roadstead.world.git import decisions
from roadstead.world.inventory import names
from tests.end_to_end.story import config_map, namespace
from tests.engine import fleets

pytestmark = pytest.mark.whole


@pytest.fixture
async def fleet(tmp_path):
    async with fleets.simulated(tmp_path, clusters=1) as found:
        found.story.bundle("web", files={"all.yaml": [namespace("web"), config_map("a", "web", x="1")]})
        found.story.commit()
        yield found


def settings(fleet) -> Settings:
    folder = fleet.story.folder
    return Settings(
        fleet=str(fleet.story.repository),
        revision="main",
        kubeconfig=(fleet.story.kubeconfig,),
        cache=folder / "laptop",
        state=folder / "laptop-state",
    )


async def hold(fleet, **asked) -> str:
    until = datetime.now(UTC) + timedelta(hours=1)
    async with world.local(settings(fleet)) as opened:
        return (await holds.add(opened, Asked(Selected(("web",), ("c1",)), FREEZE, "INC-1", until))).id


def change(fleet) -> str:
    fleet.story.bundle("web", files={"all.yaml": [namespace("web"), config_map("a", "web", x="2")]})
    return fleet.commit()


async def frozen(fleet) -> None:
    async with asyncio.timeout(fleets.PATIENCE):
        while True:
            page = await fleet.serving.store.statuses.page()
            if any(one.standing is Standing.FROZEN and one.staged != one.applied for one in page.items):
                return
            await asyncio.sleep(0.05)


async def test_a_hold_stands_when_the_database_is_lost_and_goes_when_it_is_lifted(fleet):
    async with fleet.served():
        await fleet.settled(1)
    id = await hold(fleet)
    fleet.database.unlink()
    change(fleet)
    async with fleet.served() as serving:
        await frozen(fleet)
        assert fleet.data("c1", "a", "web") == {"x": "1"}, "nothing moved forward by itself"
        async with world.local(settings(fleet)) as opened:
            await holds.remove(opened, id, reason="solved")
        await serving.reconciling.housekeeping.mirror()
        await fleet.settled(1)
        assert fleet.data("c1", "a", "web") == {"x": "2"}
        made, lifted = sorted(
            (
                one.record
                for one in (await serving.store.records.page(limit=1000)).items
                if one.record.kind == "decision"
            ),
            key=lambda record: record.time,
        )
        assert (made.result, lifted.result, lifted.message) == ("made", "lifted", "solved")


async def test_a_run_without_a_database_honours_a_hold(fleet):
    async with fleet.served():
        await fleet.settled(1)
    await hold(fleet)
    change(fleet)
    async with world.local(settings(fleet)) as opened:
        found = await planning.fleet(opened, Wishes())
        (plan,) = found.report.plans
        assert plan.pending() == ()
        assert [(one.reason, "INC-1" in one.cause) for one in plan.problems] == [(reasons.FROZEN, True)]
        assert (await revision_loop.read(opened)).decisions is None, "who has a store asks the store"


def carried(fleet) -> str:
    """The hold that the inventory in the cluster says."""
    one, name = fleet.clusters["c1"], names.parent_name(fleet.story.name, "web")
    parent = one.object(one.builtin("secrets"), names.NAMESPACE, name)
    return parent["metadata"]["annotations"].get("roadstead.dev/hold", "")


async def settled_mark(fleet, wanted: bool) -> None:
    async with asyncio.timeout(fleets.PATIENCE):
        while bool(carried(fleet)) is not wanted:
            await asyncio.sleep(0.05)


async def test_a_hold_is_carried_by_the_inventory_where_database_and_git_are_both_lost(fleet):
    id = await hold(fleet)
    async with fleet.served() as serving:
        await frozen(fleet)
        assert fleet.data("c1", "a", "web") is None, "held before it was ever installed"
        async with world.local(settings(fleet)) as opened:
            await holds.remove(opened, id, reason="solved")
        await serving.reconciling.housekeeping.mirror()
        await fleet.settled(1)
        await hold(fleet)
        await serving.reconciling.housekeeping.mirror()
        await settled_mark(fleet, True)
    fleet.database.unlink()
    fleet.story.git("update-ref", "-d", decisions.REF)
    change(fleet)
    async with fleet.served():
        await frozen(fleet)
        assert fleet.data("c1", "a", "web") == {"x": "1"}
    async with world.local(settings(fleet)) as opened:
        (plan,) = (await planning.fleet(opened, Wishes())).report.plans
        assert [one.reason for one in plan.problems] == [reasons.FROZEN], "nor does a laptop"


async def test_a_lifted_hold_is_taken_off_the_inventory(fleet):
    async with fleet.served() as serving:
        await fleet.settled(1)
        id = await hold(fleet)
        await serving.reconciling.housekeeping.mirror()
        await settled_mark(fleet, True)
        assert carried(fleet).startswith(f"{id} until ") and carried(fleet).endswith(": INC-1")
        async with world.local(settings(fleet)) as opened:
            await holds.remove(opened, id, reason="solved")
        await serving.reconciling.housekeeping.mirror()
        await settled_mark(fleet, False)
