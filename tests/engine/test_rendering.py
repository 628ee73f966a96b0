"""Clusters that ask for the same state of Git at the same moment are rendered together."""

import asyncio

import pytest

from roadstead.engine import surveying
from roadstead.engine.rendering import Rendering
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.facts import Facts
from roadstead.world import tasks


class Stage:
    """What the stage is asked for; it answers when it is let, or fails for its own sake."""

    def __init__(self):
        self.asked = []
        self.let = asyncio.Event()
        self.problem = None

    async def manifests_of(self, world, desired, facts, **how):
        self.asked.append((desired, sorted(facts)))
        await self.let.wait()
        if self.problem:
            raise errors.error(self.problem)
        return {cluster: {"web": f"{desired} on {cluster}"} for cluster in facts}


@pytest.fixture
def stage(monkeypatch):
    made = Stage()
    monkeypatch.setattr(surveying, "manifests_of", made.manifests_of)
    return made


def asking(start, rendering, desired, *clusters):
    return [start(rendering.of(None, desired, one, Facts(one, "1.37.2"))) for one in clusters]


async def turns():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_those_who_are_woken_together_are_rendered_together(stage):
    rendering = Rendering()
    stage.let.set()
    async with tasks.group() as start:
        found = asking(start, rendering, "first", "c1", "c2", "c3")
    assert stage.asked == [("first", ["c1", "c2", "c3"])]
    assert [one.result() for one in found] == [{"web": f"first on {one}"} for one in ("c1", "c2", "c3")]


async def test_who_comes_later_or_wants_another_state_waits_for_nobody(stage):
    rendering = Rendering()
    async with tasks.group() as start:
        asking(start, rendering, "first", "c1")
        await turns()
        asking(start, rendering, "first", "c2")
        asking(start, rendering, "second", "c1")
        await turns()
        assert stage.asked == [("first", ["c1"]), ("first", ["c2"]), ("second", ["c1"])]
        stage.let.set()


async def test_one_who_leaves_takes_nobody_along(stage):
    rendering = Rendering()
    async with tasks.group() as start:
        first, second = asking(start, rendering, "first", "c1", "c2")
        await turns()
        first.cancel()
        stage.let.set()
    assert second.result() == {"web": "first on c2"}


async def test_what_hinders_all_of_it_is_told_to_all_once(stage):
    rendering = Rendering()
    stage.problem = Problem(reasons.DISK_FULL, "no space is left")
    stage.let.set()
    for one in ("first", "second"):
        async with asyncio.TaskGroup() as group:
            found = [group.create_task(_problem(rendering, one, cluster)) for cluster in ("c1", "c2")]
        assert [one.result() for one in found] == ["no space is left"] * 2
    assert [desired for desired, _ in stage.asked] == ["first", "second"]


async def _problem(rendering, desired, cluster):
    with pytest.raises(RoadsteadError) as failure:
        await rendering.of(None, desired, cluster, Facts(cluster, "1.37.2"))
    return failure.value.problem.cause
