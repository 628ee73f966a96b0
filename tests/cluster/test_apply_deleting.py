"""Deletes: only what is ours, only as it was seen, confirmed before it is forgotten."""

import asyncio

import pytest

from roadstead.model import reasons
from roadstead.model.outcome import Result
from roadstead.objects import ownership
from tests.cluster import samples
from tests.cluster.applying import Shop, causes, notes, results
from tests.cluster.connecting import connected

REMOVE_FINALIZERS = '[{"op": "remove", "path": "/metadata/finalizers"}]'
REMOVE_LABEL = f"{ownership.PART_OF}-"


async def test_what_git_drops_is_deleted_and_forgotten(shop):
    ns = shop.fleet
    await shop.apply(samples.config_map(ns, "a"), samples.config_map(ns, "b"))
    outcome = await shop.apply(samples.config_map(ns, "a"))
    assert results(outcome) == {f"ConfigMap/{ns}/a": "unchanged", f"ConfigMap/{ns}/b": "deleted"}
    assert await shop.owned() == [f"ConfigMap/{ns}/a"]
    assert await shop.live("configmaps/b") is None


async def test_a_bundle_that_git_has_no_more_leaves_nothing_not_even_its_inventory(shop):
    ns = shop.fleet
    await shop.apply(samples.config_map(ns, "a"), samples.deployment(ns, replicas=0))
    shop.wants.clear()
    assert set(results(await shop.step()).values()) == {"deleted"}
    assert await shop.inventories() == {}


async def test_deletes_go_in_the_reverse_of_the_order_of_creation(shop):
    ns, group = shop.fleet, f"{shop.fleet}.example.com"
    await shop.apply(
        samples.definition(group),
        samples.widget(group, ns),
        samples.config_map(ns),
        samples.deployment(ns, replicas=0),
    )
    shop.wants.clear()
    plan = await shop.plan(precious=True)
    mark = shop.server.mark()
    assert set(results(await shop.step(plan=plan, precious=True)).values()) == {"deleted"}
    deletes = [
        one.resource
        for one in shop.server.requests(since=mark, user_agent="roadstead")
        if one.verb == "delete" and not one.name.startswith("roadstead-announcement-")
    ]
    assert deletes == ["widgets", "deployments", "configmaps", "customresourcedefinitions", "secrets"]


async def test_precious_kinds_are_kept_unless_asked_even_if_a_plan_says_delete(shop):
    ns = shop.fleet
    claim = samples.obj(
        "v1", "PersistentVolumeClaim", ns, "data",
        spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    )  # fmt: skip
    await shop.apply(claim)
    assert results(await shop.apply()) == {f"PersistentVolumeClaim/{ns}/data": "kept"}
    assert await shop.owned() == [f"PersistentVolumeClaim/{ns}/data"]
    plan = await shop.plan(precious=True)
    outcome = await shop.step(plan=plan)
    assert [one.problem.reason for one in outcome.objects] == [reasons.PROTECTED]
    await shop.kubectl("patch", "pvc", "data", "--type=json", "-p", REMOVE_FINALIZERS)
    assert results(await shop.step(plan=plan, precious=True)) == {
        f"PersistentVolumeClaim/{ns}/data": "deleted"
    }


async def test_a_job_takes_its_pods_along(clusters, unique):
    (cluster,) = clusters(1, controllers=True)
    await cluster.create_namespace(unique)
    async with connected(cluster) as client:
        shop = Shop(client, fleet=unique, server=cluster)
        await shop.apply(samples.job(unique))
        pods = f"/api/v1/namespaces/{unique}/pods"
        async with asyncio.timeout(120):
            while not (await cluster.request("GET", pods))["items"]:
                await asyncio.sleep(0.1)
            shop.wants["web"] = ()
            assert results(await shop.step()) == {f"Job/{unique}/migrate": "deleted"}
            while (await cluster.request("GET", pods))["items"]:
                await asyncio.sleep(0.1)


async def test_an_object_that_its_finalizers_keep_is_named_and_not_forgotten(shop):
    ns = shop.fleet
    shop.patience = 0.3
    await shop.apply(samples.config_map(ns))
    await shop.kubectl("patch", "configmap", "a", "-p", '{"metadata": {"finalizers": ["example.com/hold"]}}')
    outcome = await shop.apply()
    (one,) = outcome.objects
    assert (one.result, one.problem.reason) == (Result.FAILED, reasons.STUCK_DELETING)
    assert one.problem.cause.endswith("waits for its finalizers example.com/hold")
    assert await shop.owned() == [f"ConfigMap/{ns}/a"]
    mark = shop.server.mark()
    assert (await shop.step()).failed
    assert shop.writes(mark) == []
    await shop.kubectl("patch", "configmap", "a", "--type=json", "-p", REMOVE_FINALIZERS)
    await shop.step()
    assert await shop.owned() == []


async def test_an_object_that_was_made_anew_by_somebody_is_not_deleted(shop):
    ns = shop.fleet
    await shop.apply(samples.config_map(ns))
    shop.wants["web"] = ()
    plan = await shop.plan()
    await shop.kubectl("delete", "configmap", "a")
    await shop.kubectl("create", "configmap", "a")
    outcome = await shop.step(plan=plan)
    assert notes(outcome) == {f"ConfigMap/{ns}/a": ("what is there now is another object",)}
    assert await shop.live("configmaps/a") is not None
    assert await shop.owned() == []


async def test_an_object_that_another_bundle_labelled_since_the_plan_is_not_deleted(shop):
    ns = shop.fleet
    await shop.apply(samples.config_map(ns))
    shop.wants["web"] = ()
    plan = await shop.plan()
    await shop.kubectl("label", "--overwrite", "configmap", "a", f"{ownership.PART_OF}=applyset-other-v1")
    outcome = await shop.step(plan=plan)
    assert notes(outcome) == {f"ConfigMap/{ns}/a": ("it belongs to another bundle now",)}
    assert await shop.live("configmaps/a") is not None


async def test_an_object_whose_label_somebody_removed_is_still_ours_to_delete(shop):
    await shop.apply(samples.config_map(shop.fleet))
    await shop.kubectl("label", "configmap", "a", REMOVE_LABEL)
    assert set(results(await shop.apply()).values()) == {"deleted"}


async def test_what_is_gone_already_is_forgotten_without_a_delete(shop):
    ns = shop.fleet
    await shop.apply(samples.config_map(ns), samples.config_map(ns, "b"))
    await shop.kubectl("delete", "configmap", "b")
    mark = shop.server.mark()
    await shop.apply(samples.config_map(ns))
    assert not [one for one in shop.writes(mark) if one.startswith("delete configmaps")]
    assert await shop.owned() == [f"ConfigMap/{ns}/a"]
    mark = shop.server.mark()
    await shop.step()
    assert shop.writes(mark) == []


async def test_what_vanishes_between_plan_and_delete_counts_as_deleted(shop):
    ns = shop.fleet
    await shop.apply(samples.config_map(ns))
    shop.wants["web"] = ()
    plan = await shop.plan()
    await shop.kubectl("delete", "configmap", "a")
    assert results(await shop.step(plan=plan)) == {f"ConfigMap/{ns}/a": "deleted"}


async def test_nothing_is_deleted_while_something_else_fails(shop):
    ns = shop.fleet
    await shop.apply(samples.config_map(ns, "old"))
    outcome = await shop.apply(samples.config_map(ns, "new"), samples.deployment(ns, replicas=-1))
    found = {one.id.name: one.result for one in outcome.objects}
    assert found == {"old": Result.SKIPPED, "new": Result.CREATED, "web": Result.FAILED}
    assert "nothing is deleted before" in causes(outcome)[f"ConfigMap/{ns}/old"]
    assert await shop.live("configmaps/old") is not None
    await shop.apply(samples.config_map(ns, "new"))
    assert await shop.live("configmaps/old") is None


async def test_objects_of_a_kind_that_is_no_longer_served_are_forgotten(shop):
    ns, group = shop.fleet, f"{shop.fleet}.example.com"
    await shop.apply(samples.definition(group), bundle="crds")
    await shop.client.resources(fresh=True)
    await shop.apply(samples.widget(group, ns))
    await shop.kubectl("delete", "crd", f"widgets.{group}")
    await shop.client.resources(fresh=True)
    await shop.apply()
    assert await shop.owned() == []


async def test_an_object_that_git_now_names_by_another_group_is_not_deleted(shop):
    """Events are served by two groups; what is one object must not be pruned as the other."""
    ns = shop.fleet
    involved = {"kind": "Pod", "namespace": ns, "name": "p"}
    common = {"reason": "Test", "type": "Normal"}
    core = samples.obj("v1", "Event", ns, "e", involvedObject=involved, message="m", **common)
    await shop.apply(core)
    await shop.client.resources(fresh=True)
    moved = samples.obj(
        "events.k8s.io/v1", "Event", ns, "e", regarding=involved, note="m",
        deprecatedSource={}, **common,
    )  # fmt: skip
    outcome = await shop.apply(moved)
    found = {one.id.group: one for one in outcome.objects}
    assert found[""].notes == ("Git has the same object under another group",)
    assert await shop.live("events/e") is not None
    assert await shop.owned() == [f"Event/{ns}/e"]


async def test_a_namespace_with_wanted_objects_in_it_is_not_deleted_even_when_asked(shop):
    inner = f"{shop.fleet}-inner"
    await shop.apply(samples.namespace(inner), samples.config_map(inner))
    shop.wants["web"] = (samples.config_map(inner),)
    plan = await shop.plan(precious=True)
    outcome = await shop.step(plan=plan, precious=True)
    assert notes(outcome) == {f"Namespace/{inner}": ("objects that Git wants are in it",)}
    assert f"Namespace/{inner}" in await shop.owned()


async def test_an_orphan_keeps_its_values_and_is_free_for_others(shop):
    ns = shop.fleet
    await shop.apply(samples.config_map(ns, key="1"), orphan=True)
    assert results(await shop.apply(orphan=True)) == {f"ConfigMap/{ns}/a": "orphaned"}
    live = await shop.live("configmaps/a")
    assert live["data"] == {"key": "1"}
    assert ownership.PART_OF not in live["metadata"].get("labels", {})
    assert "roadstead" not in {one["manager"] for one in live["metadata"].get("managedFields", ())}
    assert await shop.owned() == []
    await shop.kubectl("apply", "-f", "-", stdin=samples.config_map(ns, key="2"))
    assert (await shop.live("configmaps/a"))["data"] == {"key": "2"}


async def test_an_annotation_that_asks_to_keep_makes_an_orphan(shop):
    ns = shop.fleet
    kept = samples.config_map(ns, key="1")
    kept["metadata"]["annotations"] = {"helm.sh/resource-policy": "keep"}
    await shop.apply(kept)
    assert results(await shop.apply()) == {f"ConfigMap/{ns}/a": "orphaned"}
    assert (await shop.live("configmaps/a"))["data"] == {"key": "1"}


@pytest.mark.parametrize(
    "order", [("receiver", "giver"), ("giver", "receiver")], ids=["receiver first", "giver first"]
)
async def test_an_object_that_moves_between_bundles_is_handed_over_and_never_deleted(shop, order):
    ns = shop.fleet
    moving = samples.config_map(ns, "moving", key="1")
    await shop.apply(moving, samples.config_map(ns, "stays"), bundle="giver")
    await shop.apply(samples.config_map(ns, "own"), bundle="receiver")
    uid = (await shop.live("configmaps/moving"))["metadata"]["uid"]
    shop.wants["giver"] = (samples.config_map(ns, "stays"),)
    shop.wants["receiver"] = (samples.config_map(ns, "own"), moving)
    mark = shop.server.mark()
    for bundle in (*order, *order):
        await shop.step(bundle)
    assert not [one for one in shop.writes(mark) if one.startswith("delete configmaps")]
    live = await shop.live("configmaps/moving")
    assert live["metadata"]["uid"] == uid
    assert live["metadata"]["labels"][ownership.PART_OF] == (await shop.inventories())["receiver"].parent.id
    assert await shop.owned("giver") == [f"ConfigMap/{ns}/stays"]
    assert await shop.owned("receiver") == [f"ConfigMap/{ns}/moving", f"ConfigMap/{ns}/own"]
    mark = shop.server.mark()
    for bundle in order:
        await shop.step(bundle)
    assert shop.writes(mark) == []


async def test_an_object_of_another_bundle_is_a_conflict_before_anything_is_touched(shop):
    ns = shop.fleet
    await shop.apply(samples.config_map(ns, key="1"), bundle="first")
    shop.wants["second"] = (samples.config_map(ns, key="2"),)
    plan = await shop.plan("second")
    assert [problem.reason for problem in plan.problems] == [reasons.OWNED_BY_OTHER]
    await shop.step("second", plan=plan)
    assert (await shop.live("configmaps/a"))["data"] == {"key": "1"}


async def test_an_object_of_another_fleet_is_a_conflict_and_neither_prunes_the_others(shop):
    ns = shop.fleet
    await shop.apply(samples.config_map(ns, key="1"))
    other = Shop(shop.client, fleet=f"{ns}-other", server=shop.server)
    other.wants["web"] = (samples.config_map(ns, key="2"),)
    plan = await other.plan()
    assert [problem.reason for problem in plan.problems] == [reasons.OWNED_BY_OTHER]
    await other.step(plan=plan)
    other.wants.clear()
    await other.step()
    assert (await shop.live("configmaps/a"))["data"] == {"key": "1"}
