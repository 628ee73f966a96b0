"""Labels that clusters tell of themselves count in the run that first hears them."""

import pytest
from msgspec.structs import replace

from roadstead.engine.bundle_plan import Wishes
from roadstead.model import reasons
from roadstead.operations import plan
from tests.end_to_end.story import config_map
from tests.operations.shops import FLEET, shop_in

pytestmark = pytest.mark.whole

BY_MINOR = FLEET.replace("{all: true}", '{matchLabels: {roadstead.dev/minor: "1.37"}}')


@pytest.fixture
async def shop(tmp_path):
    async with shop_in(tmp_path) as made:
        made.repository.commit("by minor", {"roadstead.yaml": BY_MINOR})
        made.says(config_map("settings", "shop", colour="blue"))
        yield made


async def planned(shop) -> dict[str, int]:
    """By cluster, how many objects would change."""
    found = (await plan.fleet(shop.opened, Wishes())).report
    assert not [one for one in found.all_problems() if one.reason is not reasons.NO_EFFECT_YET]
    return {one.key.cluster: len(one.pending()) for one in found.plans}


async def test_a_bundle_for_a_minor_goes_there_in_the_first_run(shop):
    assert await planned(shop) == {"new": 2}
    assert await planned(shop) == {"new": 2}


async def test_a_person_can_choose_by_it_in_the_first_run(shop):
    shop.repository.commit("for all", {"roadstead.yaml": FLEET})
    shop.opened.settings = replace(shop.opened.settings, selector="roadstead.dev/minor=1.34")
    assert await planned(shop) == {"old": 2}


async def test_a_fleet_that_does_not_ask_for_it_asks_clusters_once(shop):
    shop.repository.commit("for all", {"roadstead.yaml": FLEET})
    await planned(shop)
    assert sum(one.path == "/version" for one in shop.asked) == 2
