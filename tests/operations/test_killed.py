"""What the next run says of what a killed one left."""

import contextlib

import pytest

from roadstead.engine.bundle_plan import Wishes
from roadstead.operations import plan
from roadstead.world import crash
from tests.end_to_end.story import config_map
from tests.operations.shops import shop_in

pytestmark = pytest.mark.whole


class Killed(BaseException):
    pass


async def test_what_a_killed_first_run_wrote_is_not_called_a_lost_inventory(tmp_path, monkeypatch):
    def die(where):
        if where == "level-written":
            raise Killed

    async with shop_in(tmp_path) as shop:
        shop.says(config_map("a", "shop", x="1"))
        with monkeypatch.context() as dying, contextlib.suppress(Killed, BaseExceptionGroup):
            dying.setattr(crash, "here", die)
            await shop.apply(wait=False)
        assert any(shop.live[one.name].get("v1", "Namespace", "shop") for one in shop.live.clusters)
        found = (await plan.fleet(shop.opened, Wishes())).report
        assert not found.all_problems()
        done = await shop.apply(wait=False)
        assert not done.all_problems()
