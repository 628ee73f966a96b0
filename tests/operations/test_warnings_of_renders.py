"""What a render warns of reaches whoever plans, applies or looks, and fails nothing."""

from msgspec.structs import replace

from roadstead.engine.bundle_plan import Wishes
from roadstead.model import reasons
from roadstead.operations import plan, status, validate
from tests.end_to_end.story import config_map
from tests.operations.shops import FLEET, shop_in

GREETING = "path: apps/web}, clusters: {all: true}, parameters: {greeting: {type: string, default: Hi}}}"
OTHER = """---
apiVersion: roadstead.dev/v1alpha1
kind: Bundle
metadata: {name: other}
spec: {source: {path: apps/other}, clusters: {all: true}}
"""


def told(problems):
    return {(one.cluster, str(one.place)) for one in problems if one.reason is reasons.BAD_VARIABLE}


async def test_a_misspelt_placeholder_is_told_by_plan_apply_and_status_and_applied_as_text(tmp_path):
    async with shop_in(tmp_path) as shop:
        fleet = FLEET.replace("path: apps/web}, clusters: {all: true}}", GREETING)
        other = {
            "apps/other/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\n"
        }
        shop.repository.commit("greeting", {"roadstead.yaml": fleet + OTHER, **other})
        shop.says(config_map("page", "shop", text="${greting}"))
        expected = {(cluster, "apps/web/all.yaml:8:9: data.text") for cluster in ("old", "new")}
        assert told((await plan.fleet(shop.opened, Wishes())).report.all_problems()) == expected
        done = await shop.apply()
        assert told(done.all_problems()) == expected and not done.failed
        assert told((await status.fleet(shop.opened)).problems) == expected
        checked = await validate.fleet(shop.opened, render=True)
        assert told(checked.problems) == expected and not checked.failed
        shop.opened.settings = replace(shop.opened.settings, bundles=("other",))
        assert told((await plan.fleet(shop.opened, Wishes())).report.all_problems()) == set()
