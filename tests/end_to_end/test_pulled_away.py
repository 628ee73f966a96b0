"""Things that a fleet stands on are taken away: it is told, nothing is lost, and what can heal heals."""

import pytest

from tests.controlplane.kubectl import kubectl
from tests.end_to_end.story import config_map, namespace


@pytest.fixture
async def shop(story, unique):
    story.bundle("shop", files={"all.yaml": [namespace(unique), config_map("a", unique)]})
    story.commit("shop")
    await story.roadstead("apply")
    return story


async def test_inventories_that_are_gone_are_told_and_written_anew(shop, two, unique):
    dev, _ = two
    secrets = ("get", "secrets", "-n", "roadstead-system", "-o", "name")
    names = (await kubectl(dev.kubeconfig, dev.name, *secrets)).split()
    ours = [name for name in names if unique in name]
    await kubectl(dev.kubeconfig, dev.name, "-n", "roadstead-system", "delete", *ours)
    shop.write("apps/shop/all.yaml", [namespace(unique), config_map("b", unique)])
    warning = (
        "warning: dev shop: InventoryBroken: its inventory is gone, though 2 objects carry its label: "
        f"apply writes it anew; 1 that Git does not have stay as they are: ConfigMap/{unique}/a"
    )
    assert warning in (await shop.roadstead("plan", "-c", "dev")).out
    assert warning in (await shop.roadstead("status", "-c", "dev")).out
    await shop.roadstead("apply", "-c", "dev")
    assert "InventoryBroken" not in (await shop.roadstead("plan", "-c", "dev")).out
    left = await kubectl(dev.kubeconfig, dev.name, "-n", unique, "get", "cm", "-o", "name")
    assert {"configmap/a", "configmap/b"} <= set(left.split())


async def test_a_cluster_that_no_document_names_any_more_is_told_and_left_alone(shop, two, unique):
    shop.remove("fleet/cluster-prod.yaml")
    found = await shop.roadstead("apply")
    assert "warning: prod: Frozen: no document names this cluster any more: what is installed" in found.out
    assert (
        f"if it is gone for good, remove {shop.folder}/state/roadstead/facts/{unique}/prod.json" in found.out
    )
    assert "Frozen" not in (await shop.roadstead("plan", "-c", "dev")).out
    prod = two[1]
    await kubectl(prod.kubeconfig, prod.name, "-n", unique, "get", "cm", "a")


async def test_a_cluster_that_was_retired_leaves_without_a_trace(shop, two):
    shop.fleet(limits={"lostClusters": 0, "lostAssignments": "2%"})
    shop.bundle("extra", files={"a.yaml": namespace(f"{shop.name}-extra")})
    shop.commit("one more")
    await shop.roadstead("apply")
    shop.remove("fleet/bundle-extra.yaml")
    shop.commit("which is kept for its namespace")
    assert "keep Namespace" in (await shop.roadstead("plan")).out
    shop.cluster("prod", two[1].name, spec={"state": "retired"}, tier="production")
    shop.commit("prod is retired")
    await shop.roadstead("apply")
    shop.remove("fleet/cluster-prod.yaml")
    shop.commit("and gone")
    found = await shop.roadstead("apply")
    assert "LimitExceeded" not in found.told and "prod" not in found.told


async def test_two_names_of_one_server_are_told_apart_and_nothing_is_done(shop, two):
    shop.cluster("prod", two[0].name, tier="production")
    found = await shop.ask("apply", "-c", "prod")
    assert found.code == 1
    assert "it was written for cluster dev; do both names lead to this server?" in found.out
    assert "hint: correct the access of one of the two" in found.out


async def test_documents_that_are_not_where_they_are_looked_for_are_told(shop):
    shop.git("mv", "fleet", "elsewhere")
    found = await shop.roadstead("validate")
    assert "SelectsNothing: no file matches: fleet/**/*.yaml" in found.out


async def test_labels_that_no_cluster_has_are_told(shop):
    found = await shop.roadstead("plan", "-l", "tier=nowhere")
    assert "warning: SelectsNothing: no cluster has the labels tier=nowhere" in found.out


async def test_a_state_folder_that_cannot_be_written_is_told(shop):
    shop.environment["XDG_STATE_HOME"] = "/proc/nowhere"
    found = await shop.ask("plan")
    assert found.code == 1
    assert "hint: make the folder writable, or set XDG_STATE_HOME to one that is" in found.out
