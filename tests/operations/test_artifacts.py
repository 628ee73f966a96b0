"""A bundle whose content lies in a registry, on simulated clusters."""

import pytest

from roadstead.engine import revision_loop
from roadstead.engine.bundle_plan import Wishes
from roadstead.model import reasons
from roadstead.operations import plan
from tests.operations.shops import FLEET, Shop, shop_in
from tests.world.charts import servers

pytestmark = pytest.mark.whole

LAYER = "application/vnd.cncf.flux.content.v1.tar+gzip"


@pytest.fixture
async def registry(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    async with servers.serving(servers.Server()) as server:
        yield server


@pytest.fixture
async def shop(tmp_path, registry):
    async with shop_in(tmp_path) as made:
        where = registry.url.replace("http", "oci") + "/shop/app"
        source = f"{{oci: {{repository: '{where}', version: stable}}, path: deploy}}"
        fleet = FLEET.replace("{path: apps/web}", source)
        made.repository.commit("from a registry", {"roadstead.yaml": fleet})
        yield made


def push(registry, *names: str) -> None:
    objects = "---\n".join(
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: default}}\n" for name in names
    )
    files = {"deploy/all.yaml": objects, "README.md": "what else is in it"}
    registry.put(servers.packed(files), name="shop/app", tag="stable", layer_type=LAYER)


def there(shop: Shop) -> set[str]:
    found = [shop.live[name].list("v1", "ConfigMap", namespace="default") for name in ("old", "new")]
    one, other = ({each["metadata"]["name"] for each in names} - {"kube-root-ca.crt"} for names in found)
    assert one == other
    return one


async def test_an_artifact_is_applied_followed_and_never_deleted_because_it_is_gone(shop, registry):
    push(registry, "a", "b")
    assert not (await shop.apply()).failed
    assert there(shop) == {"a", "b"}

    before = await revision_loop.read(shop.opened)
    assert await revision_loop.is_unchanged(shop.opened, before)
    push(registry, "b", "c")
    assert not await revision_loop.is_unchanged(shop.opened, before)
    assert not (await shop.apply()).failed
    assert there(shop) == {"b", "c"}

    registry.pages.clear()
    done = await shop.apply()
    assert reasons.SOURCE_UNREADABLE in {problem.reason for problem in done.all_problems()}
    assert there(shop) == {"b", "c"}


async def test_a_path_that_is_not_in_the_artifact_is_told(shop, registry):
    files = {"elsewhere/a.yaml": ""}
    registry.put(servers.packed(files), name="shop/app", tag="stable", layer_type=LAYER)
    problems = (await plan.fleet(shop.opened, Wishes())).report.all_problems()
    assert {(one.reason, one.place.file) for one in problems} == {(reasons.FILE_MISSING, "deploy")}
