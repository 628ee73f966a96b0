"""A bundle that waits long for another says so."""

import asyncio

import yaml

from roadstead.engine import revision_loop
from roadstead.engine.bundle_plan import Wishes
from roadstead.engine.bundle_step import Watchers
from roadstead.model.ids import Key
from roadstead.operations import apply as applying
from roadstead.report import outcomes
from roadstead.sim.controllers.machines import Failing, Way
from tests.end_to_end.story import config_map, deployment
from tests.operations.shops import shop_in
from tests.operations.test_failed_jobs import AFTER, FLEET


async def test_a_bundle_that_waits_for_one_that_is_not_ready_says_for_which(tmp_path, monkeypatch):
    monkeypatch.setattr(applying, "_SHORT", 0.05)
    stop, told = asyncio.Event(), []

    def waits(key, bundles):
        told.append(outcomes.waits_line(key, bundles).text)
        stop.set()

    watchers = Watchers(lambda key, outcome: None, lambda key, one, health: None, waits)
    async with shop_in(tmp_path) as shop:
        shop.repository.commit("two bundles", {"roadstead.yaml": FLEET + AFTER})
        shop.repository.write({"apps/after/all.yaml": yaml.safe_dump(config_map("done", "shop", x="1"))})
        shop.says(deployment("web", "shop", image="missing:1"))
        for member in shop.live.clusters:
            shop.live[member.name].fail(Failing("missing:1", Way.PULL))
        request = applying.Request(Wishes(), wait=False, approve=None, watchers=watchers)
        desired = await revision_loop.read(shop.opened)
        await applying.fleet(shop.opened, desired, request, stop=stop)
    assert told[0] in {f"{cluster} after: waits for web to be done and ready" for cluster in ("new", "old")}
    assert outcomes.waits_line(Key("a", "eu"), ["c", "b"]).text.endswith(
        "waits for b, c to be done and ready"
    )
