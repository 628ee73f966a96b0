"""In the loop that serves: objects that were there before Git wanted them, of which no watch tells until they are ours."""

import asyncio

import pytest

from roadstead.sim import ending, writing
from roadstead.sim.writing import Write
from tests.end_to_end.story import config_map
from tests.engine import fleets

pytestmark = pytest.mark.whole


def put(fleet, name: str, **data: str) -> None:
    """By somebody else, before."""
    one = fleet.clusters["c1"]
    kind = one.builtin("configmaps")
    writing.create(Write(one, kind, "default", name, "kubectl"), config_map(name, "default", **data))


def remove(fleet, name: str) -> None:
    one = fleet.clusters["c1"]
    kind = one.builtin("configmaps")
    write = Write(one, kind, "default", name, "kubectl")
    ending.delete(write, *write.current(), propagation="Background", grace=None)


async def test_an_object_that_was_adopted_and_is_deleted_then_is_made_anew(tmp_path):
    async with fleets.simulated(tmp_path, clusters=1) as fleet:
        put(fleet, "a", x="1")
        fleet.story.bundle("web", files={"a.yaml": [config_map("a", "default", x="1")]})
        fleet.commit()
        async with fleet.served():
            await fleet.settled(1)
            remove(fleet, "a")
            async with asyncio.timeout(fleets.PATIENCE):
                while fleet.data("c1", "a", "default") != {"x": "1"}:
                    await asyncio.sleep(0.02)
            assert fleet.of("apply-failed") == []
            (drift,) = fleet.of("drift")
            assert "deleted" in drift.message
