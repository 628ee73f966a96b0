"""Two fleets want the same objects of a cluster: the second one is told whose they are, and touches nothing."""

import pytest

from roadstead.engine.bundle_plan import Wishes
from roadstead.model import reasons
from roadstead.operations import plan
from tests.end_to_end.story import config_map
from tests.operations.shops import FLEET, shop_in

pytestmark = pytest.mark.whole


@pytest.mark.parametrize(
    ("forgotten", "owner"),
    [(False, "bundle web of fleet shop"), (True, "the ApplySet applyset-")],
    ids=["its inventory is there", "its inventory is gone"],
)
async def test_the_fleet_and_bundle_that_own_an_object_are_named(tmp_path, forgotten, owner):
    async with shop_in(tmp_path) as shop:
        await shop.applied(config_map("settings", "shop", colour="blue"))
        shop.repository.commit("another", {"roadstead.yaml": FLEET.replace("name: shop", "name: store")})
        if forgotten:
            for member in (shop.live["old"], shop.live["new"]):
                for secret in member.list("v1", "Secret", namespace="roadstead-system"):
                    member.delete("v1", "Secret", secret["metadata"]["name"], namespace="roadstead-system")
        found = (await plan.fleet(shop.opened, Wishes())).report.all_problems()
        told = [one for one in found if one.reason is reasons.OWNED_BY_OTHER]
        assert {(one.cluster, str(one.object)) for one in told} == {
            (cluster, kind)
            for cluster in ("old", "new")
            for kind in ("Namespace/shop", "ConfigMap/shop/settings")
        }
        assert all(one.cause.startswith(f"it belongs to {owner}") for one in told)
