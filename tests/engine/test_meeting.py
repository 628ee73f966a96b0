"""Many clusters that a hub meets for the first time."""

import asyncio

import pytest

from roadstead.engine.reach import Reach
from tests.engine import fleets

pytestmark = pytest.mark.whole

_CLUSTERS = 8


async def test_clusters_that_are_equal_are_asked_for_their_schemas_by_the_first_alone(tmp_path):
    async with fleets.simulated(tmp_path, clusters=_CLUSTERS) as fleet:
        fleet.story.commit("clusters alone")
        async with fleet.served() as serving, asyncio.timeout(fleets.PATIENCE):
            while not _all_reached(serving.reconciling.keepers.values()):
                await asyncio.sleep(0.05)
        asked = {name for name, one in fleet.requests if one.path.startswith("/openapi/v3/")}
        assert len(asked) < _CLUSTERS


def _all_reached(keepers):
    return len(keepers) == _CLUSTERS and all(one.reach.now is Reach.REACHABLE for one in keepers)
