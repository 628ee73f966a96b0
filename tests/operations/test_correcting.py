"""What `drift --correct` puts back, and what it leaves to `apply`."""

import asyncio

import pytest
import yaml

from roadstead.engine.bundle_plan import Wishes
from roadstead.model.reasons import PLAN_STALE
from roadstead.operations import apply as applying
from roadstead.operations import drift
from tests.end_to_end.story import config_map
from tests.operations.shops import FLEET, SILENT, Shop, shop_in

pytestmark = pytest.mark.whole

NEXT = """
---
apiVersion: roadstead.dev/v1alpha1
kind: Bundle
metadata: {name: next}
spec: {source: {path: apps/next}, clusters: {all: true}}
"""


@pytest.fixture
async def shop(tmp_path):
    async with shop_in(tmp_path) as made:
        await made.applied(config_map("page", "shop", text="hello"))
        yield made


def edit(shop: Shop, cluster: str) -> None:
    body = {**config_map("page", "shop", text="edited"), "metadata": {"name": "page", "namespace": "shop"}}
    shop.live[cluster].apply(body, manager="kubectl-edit")


async def correct(shop: Shop):
    """What is in the way, and what was done."""
    planned = await drift.fleet(shop.opened)
    request = applying.Request(Wishes(), False, drift.correctable, SILENT)
    done = await applying.fleet(shop.opened, planned.desired, request, stop=asyncio.Event())
    return drift.in_the_way(planned), [one for key in done.keys for one in key.outcome.objects]


def text(shop: Shop, cluster: str) -> str:
    return shop.live[cluster].get("v1", "ConfigMap", "page", namespace="shop")["data"]["text"]


async def test_a_bundle_that_git_changed_keeps_no_other_from_being_corrected(shop):
    shop.repository.commit("another bundle", {"roadstead.yaml": FLEET + NEXT})
    shop.repository.write({"apps/next/all.yaml": yaml.safe_dump(config_map("next", "shop", x="1"))})
    edit(shop, "new")
    in_the_way, written = await correct(shop)
    assert not in_the_way
    assert text(shop, "new") == "hello"
    assert [str(one.id) for one in written if one.result.name != "UNCHANGED"] == ["ConfigMap/shop/page"]
    assert shop.live["new"].get("v1", "ConfigMap", "next", namespace="shop") is None


async def test_drift_of_a_bundle_that_git_changed_is_left_to_apply_and_that_is_an_error(shop):
    shop.says(config_map("page", "shop", text="hello"), config_map("more", "shop", x="1"))
    edit(shop, "new")
    in_the_way, written = await correct(shop)
    assert [(one.reason, one.cluster, one.severity.name) for one in in_the_way] == [
        (PLAN_STALE, "new", "ERROR")
    ]
    assert not written
    assert text(shop, "new") == "edited"
