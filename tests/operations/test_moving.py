"""An object that moves from one bundle to another while the other cannot be rendered: an error deletes nothing."""

import pytest
import yaml

from tests.end_to_end.story import config_map
from tests.operations.shops import FLEET, shop_in

pytestmark = pytest.mark.whole

NEXT = """
---
apiVersion: roadstead.dev/v1alpha1
kind: Bundle
metadata: {name: next}
spec: {source: {path: apps/next}, clusters: {all: true}}
"""
PAGE = config_map("page", "shop", text="hello")


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"apps/next/all.yaml": "kind: ["}, id="its content cannot be rendered"),
        pytest.param(
            {"roadstead.yaml": FLEET + NEXT.replace("all:", "al:")}, id="its document cannot be read"
        ),
        pytest.param(
            {"roadstead.yaml": FLEET + NEXT.replace("spec: {", "spec: {dependsOn: [{bundle: none}], ")},
            id="it depends on nothing that is known",
        ),
    ],
)
async def test_what_moves_to_a_bundle_of_which_nothing_is_known_stays_until_it_is(tmp_path, broken):
    async with shop_in(tmp_path) as shop:
        await shop.applied(PAGE)
        before = uids(shop)
        fine = {"apps/next/all.yaml": yaml.safe_dump(PAGE), "roadstead.yaml": FLEET + NEXT}
        shop.repository.write(fine | broken)
        shop.says()
        broken = await shop.apply(wait=False)
        assert broken.failed
        assert uids(shop) == before

        shop.repository.write(fine)
        mended = await shop.apply(wait=False)
        assert not mended.failed, mended.all_problems()
        assert uids(shop) == before

        shop.repository.write({"apps/next/all.yaml": yaml.safe_dump(config_map("other", "shop", x="1"))})
        assert not (await shop.apply(wait=False)).failed
        assert uids(shop) == [None, None]


def uids(shop):
    found = [shop.live[one].get("v1", "ConfigMap", "page", namespace="shop") for one in ("old", "new")]
    return [one and one["metadata"]["uid"] for one in found]
