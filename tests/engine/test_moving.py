"""In the loop that serves: what a bundle keeps for another one, which cannot be rendered, goes when that can be."""

import asyncio

import pytest

from tests.end_to_end.story import config_map, namespace
from tests.engine import fleets

pytestmark = pytest.mark.whole


async def test_what_was_kept_for_a_bundle_that_could_not_be_rendered_goes_once_it_can_be(tmp_path):
    async with fleets.simulated(tmp_path, clusters=1) as fleet:
        fleet.story.bundle("web", files={"a.yaml": [namespace("web"), config_map("a", "web", x="1")]})
        fleet.story.bundle(
            "next", files={"b.yaml": [config_map("b", "web", x="1")]}, dependsOn=[{"bundle": "web"}]
        )
        fleet.commit()
        async with fleet.served():
            await fleet.settled(2)
            fleet.story.write("apps/web/a.yaml", [namespace("web")])
            fleet.story.write("apps/next/b.yaml", "kind: [")
            broken = fleet.commit()
            await fleet.event("apply-failed", bundle="next")
            await fleet.settled(1, commit=broken)
            assert fleet.data("c1", "a", "web") == {"x": "1"}
            fleet.story.write("apps/next/b.yaml", [config_map("b", "web", x="2")])
            fleet.commit()
            async with asyncio.timeout(fleets.PATIENCE):
                while fleet.data("c1", "a", "web") is not None:
                    await asyncio.sleep(0.02)
            await fleet.settled(2)
