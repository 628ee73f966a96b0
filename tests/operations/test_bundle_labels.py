"""A person chooses bundles by their labels, as clusters by theirs."""

import pytest
from msgspec.structs import replace

from roadstead.engine.bundle_plan import Wishes
from roadstead.model import reasons
from roadstead.model.errors import RoadsteadError
from roadstead.operations import compare, listing, plan, saved
from tests.end_to_end.story import config_map
from tests.operations.shops import FLEET, shop_in

pytestmark = pytest.mark.whole

LABELLED = FLEET.replace("name: web}", "name: web, labels: {team: shop}}")
OTHER = """---
apiVersion: roadstead.dev/v1alpha1
kind: Bundle
metadata: {name: other, labels: {team: data}}
spec: {source: {path: apps/web}, clusters: {all: true}}
"""


@pytest.fixture
async def shop(tmp_path):
    async with shop_in(tmp_path) as made:
        made.repository.commit("labels", {"roadstead.yaml": LABELLED + OTHER})
        made.says(config_map("settings", "shop", colour="blue"))
        yield made


def choose(shop, labels, *names):
    shop.opened.settings = replace(shop.opened.settings, bundle_selector=labels, bundles=names)


async def test_plans_lists_and_saved_plans_are_of_what_has_the_labels(shop):
    choose(shop, "team=shop")
    planned = await plan.fleet(shop.opened, Wishes())
    assert {one.key.bundle for one in planned.report.plans} == {"web"}
    assert [one["name"] for one in (await listing.of(shop.opened, "bundles")).data] == ["web"]
    kept = saved.of(planned, shop.opened.settings, Wishes())
    assert kept.narrowed(shop.opened.settings).bundles == ("web",)
    compared = await compare.revisions(shop.opened, before="HEAD", after=None)
    assert {one.key.bundle for one in compared.report.plans} <= {"web"}


@pytest.mark.parametrize(
    ("labels", "names"), [("team=nobody", ()), ("team=shop", ("other",))], ids=["of none", "of another"]
)
async def test_labels_that_select_nothing_never_mean_everything(shop, labels, names):
    choose(shop, labels, *names)
    found = (await plan.fleet(shop.opened, Wishes())).report
    assert found.plans == ()
    assert reasons.SELECTS_NOTHING in [one.reason for one in found.all_problems()]
    with pytest.raises(RoadsteadError) as refused:
        await listing.of(shop.opened, "assignments")
    assert refused.value.problem.reason is reasons.SELECTS_NOTHING
