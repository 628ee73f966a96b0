"""From Git to clusters and back, as a platform engineer would do it."""

import asyncio
import signal

import pytest
import yaml

from tests.controlplane.kubectl import kubectl
from tests.end_to_end.story import Story, config_map, deployment, namespace


@pytest.fixture
def shop(story, unique):
    story.bundle(
        "shop",
        files={
            "all.yaml": [
                namespace(unique),
                deployment("web", unique, replicas=2),
                config_map("settings", unique, colour="blue"),
            ]
        },
    )
    story.commit("shop")
    return story


async def read(cluster, kind, name, namespace):
    found = await kubectl(cluster.kubeconfig, cluster.name, "get", kind, name, "-n", namespace, "-o", "yaml")
    return yaml.safe_load(found)


async def test_a_second_apply_changes_nothing_and_sends_no_write(shop, two):
    planned = (await shop.roadstead("plan", "-o", "json")).data()
    assert planned["summary"] == {"create": 6}
    await shop.roadstead("apply")
    marks = [cluster.mark() for cluster in two]
    again = await shop.roadstead("apply", "-o", "json")
    assert again.data()["summary"] == {"unchanged": 6}
    for cluster, mark in zip(two, marks, strict=True):
        asked = cluster.requests(since=mark, user_agent="roadstead")
        assert [str(one) for one in asked if one.writes] == []
        lists = [one.resource for one in asked if one.verb == "list"]
        assert sorted(lists) == ["configmaps", "deployments", "namespaces", "secrets"]


async def test_an_edit_is_shown_with_its_author_and_put_back(shop, two, unique):
    await shop.roadstead("apply")
    _, prod = two
    await kubectl(prod.kubeconfig, prod.name, "-n", unique, "set", "image", "deploy/web", "main=evil:1")
    seen = await shop.ask("drift", "--detailed-exitcode")
    assert seen.code == 3
    assert 'is "evil:1", should be "web:1"  (kubectl-set' in seen.out
    assert "on prod" in seen.out and "dev" not in seen.out.split("drifted on")[0]
    await shop.roadstead("drift", "--correct")
    live = await read(prod, "deploy", "web", unique)
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "web:1"
    assert (await shop.ask("drift", "--detailed-exitcode")).code == 0


async def test_what_others_add_is_told_where_the_bundle_wants_it(story, two, unique):
    files = {"all.yaml": [namespace(unique), config_map("a", unique, colour="blue")]}
    story.bundle("shop", files=files, drift={"additions": "report"})
    story.commit()
    await story.roadstead("apply")
    patch = '{"data": {"extra": "yes"}}'
    await kubectl(
        two[1].kubeconfig, two[1].name, "-n", unique, "patch", "cm", "a", "--type=merge", "-p", patch
    )
    found = await story.roadstead("drift")
    assert 'data.extra: is "yes", which Git does not have  (kubectl-patch' in found.out
    assert "added beside us; reported, not removed" in found.out


async def test_what_others_add_is_removed_where_the_bundle_says_so(story, two, unique):
    files = {"all.yaml": [namespace(unique), config_map("a", unique, colour="blue")]}
    story.bundle("shop", files=files, drift={"additions": "remove"})
    story.commit()
    await story.roadstead("apply")
    patch = '{"data": {"extra": "yes"}}'
    await kubectl(
        two[1].kubeconfig, two[1].name, "-n", unique, "patch", "cm", "a", "--type=merge", "-p", patch
    )
    assert "added to by kubectl-patch" in (await story.roadstead("plan")).out
    await story.roadstead("apply")
    assert (await read(two[1], "cm", "a", unique))["data"] == {"colour": "blue"}
    assert set((await story.roadstead("apply", "-o", "json")).data()["summary"]) == {"unchanged"}


async def test_a_change_in_git_arrives_and_a_revert_takes_it_back(shop, two, unique):
    await shop.roadstead("apply")
    shop.write("apps/shop/all.yaml", [namespace(unique), deployment("web", unique, replicas=5)])
    shop.commit("scale up, drop the settings")
    planned = await shop.roadstead("plan")
    assert "spec.replicas: 2 -> 5" in planned.out
    assert "delete ConfigMap" in planned.out
    await shop.roadstead("apply")
    assert (await read(two[0], "deploy", "web", unique))["spec"]["replicas"] == 5
    shop.git("revert", "--no-edit", "HEAD")
    await shop.roadstead("apply")
    assert (await read(two[1], "deploy", "web", unique))["spec"]["replicas"] == 2
    assert (await read(two[1], "cm", "settings", unique))["data"] == {"colour": "blue"}


async def test_status_says_what_is_in_sync(shop):
    before = (await shop.roadstead("status", "-o", "json")).data()
    assert {one["sync"] for one in before["bundles"]} == {"3 pending"}
    await shop.roadstead("apply")
    after = (await shop.roadstead("status", "-o", "json")).data()
    assert {one["sync"] for one in after["bundles"]} == {"in sync"}
    assert {one["applied"] for one in after["bundles"]} == {shop.git("rev-parse", "--short=12", "HEAD")}


class TestSavedPlans:
    async def test_what_was_approved_is_applied(self, shop):
        await shop.roadstead("plan", "--save", "../change.plan")
        done = await shop.roadstead("apply", "--plan", "../change.plan", "-o", "json")
        assert done.data()["summary"] == {"created": 6}

    async def test_it_is_refused_when_the_world_moved(self, shop, two, unique):
        await shop.roadstead("apply")
        shop.write("apps/shop/all.yaml", [namespace(unique), deployment("web", unique, replicas=7)])
        shop.commit("scale")
        await shop.roadstead("plan", "--save", "../change.plan")
        await kubectl(two[0].kubeconfig, two[0].name, "-n", unique, "scale", "deploy/web", "--replicas=3")
        refused = await shop.ask("apply", "--plan", "../change.plan", "-c", "dev")
        assert refused.code == 1
        assert "PlanStale" in refused.err + refused.out
        assert (await read(two[0], "deploy", "web", unique))["spec"]["replicas"] == 3

    async def test_it_is_refused_when_the_files_changed(self, shop, unique):
        shop.write("apps/shop/all.yaml", [namespace(unique)])
        await shop.roadstead("plan", "--save", "../change.plan")
        shop.write("apps/shop/all.yaml", [namespace(unique), config_map("more", unique)])
        refused = await shop.ask("apply", "--plan", "../change.plan")
        assert refused.code == 1
        assert "PlanStale" in refused.err


async def test_two_revisions_are_compared_without_any_cluster(shop, unique):
    await shop.roadstead("facts", "--into", "facts")
    shop.write("apps/shop/all.yaml", [namespace(unique), deployment("web", unique, replicas=9)])
    shop.environment["KUBECONFIG"] = "/nowhere"
    found = await shop.roadstead("plan", "--from", "HEAD", "--facts", "facts", "-o", "markdown")
    assert "+ spec.replicas: 9" in found.out
    assert "2 clusters" in found.out


class TestLeaving:
    async def test_a_removed_bundle_is_pruned_but_for_its_namespace(self, shop, two, unique):
        await shop.roadstead("apply")
        shop.remove("fleet/bundle-shop.yaml")
        shop.commit("no shop")
        planned = await shop.roadstead("plan")
        assert "delete Deployment" in planned.out and "keep Namespace" in planned.out
        await shop.roadstead("apply")
        left = await kubectl(two[0].kubeconfig, two[0].name, "-n", unique, "get", "deploy,cm", "-o", "name")
        assert left.split() == ["configmap/kube-root-ca.crt"] or left.split() == []

    async def test_a_removed_bundle_that_orphans_leaves_its_objects_free(self, story, two, unique):
        files = {"all.yaml": [namespace(unique), config_map("a", unique)]}
        story.bundle("shop", files=files, deletion={"policy": "orphan"})
        story.commit()
        await story.roadstead("apply")
        story.remove("fleet/bundle-shop.yaml")
        story.commit("no shop")
        assert "orphan ConfigMap" in (await story.roadstead("plan")).out
        await story.roadstead("apply")
        left = await read(two[0], "cm", "a", unique)
        assert "applyset.kubernetes.io/part-of" not in left["metadata"].get("labels", {})

    async def test_a_label_that_matches_no_more_orphans_and_never_deletes(self, story, two, unique):
        selected = {"matchLabels": {"tier": "production"}}
        story.bundle(
            "shop", files={"all.yaml": [namespace(unique), config_map("a", unique)]}, clusters=selected
        )
        story.commit()
        await story.roadstead("apply")
        story.cluster("prod", two[1].name, tier="development")
        story.commit("a label went")
        planned = await story.roadstead("plan")
        assert "delete" not in planned.out.replace("to delete", "")
        assert "labels or profiles of the Cluster prod changed" in planned.out + planned.err
        await story.roadstead("apply")
        assert (await read(two[1], "cm", "a", unique))["metadata"]["name"] == "a"

    async def test_a_narrowed_selector_deletes(self, story, two, unique):
        story.bundle("shop", files={"all.yaml": [namespace(unique), config_map("a", unique)]})
        story.commit()
        await story.roadstead("apply")
        story.bundle("shop", clusters={"names": ["dev"]})
        story.commit("only dev")
        assert "delete ConfigMap" in (await story.roadstead("plan")).out
        await story.roadstead("apply")
        assert (
            await kubectl(
                two[1].kubeconfig, two[1].name, "-n", unique, "get", "cm", "a", "--ignore-not-found"
            )
            == ""
        )
        assert (await read(two[0], "cm", "a", unique))["metadata"]["name"] == "a"

    async def test_a_broken_document_freezes_and_never_deletes(self, shop, two, unique):
        await shop.roadstead("apply")
        shop.write(
            "fleet/bundle-shop.yaml",
            "apiVersion: roadstead.dev/v1alpha1\nkind: Bundle\nmetadata: {name: shop\n",
        )
        found = await shop.ask("apply")
        assert found.code != 0
        assert "fleet/bundle-shop.yaml:4:1: BadYaml" in found.out
        assert (await read(two[0], "deploy", "web", unique))["spec"]["replicas"] == 2

    async def test_a_limit_stops_a_large_loss_until_somebody_allows_it(self, shop, two, unique):
        shop.fleet(limits={"lostClusters": 0, "lostAssignments": "10%"})
        shop.commit()
        await shop.roadstead("apply")
        shop.remove("fleet/bundle-shop.yaml")
        shop.commit("gone")
        stopped = await shop.ask("apply")
        assert stopped.code == 1 and "LimitExceeded" in stopped.err + stopped.out
        assert (await read(two[0], "deploy", "web", unique))["spec"]["replicas"] == 2
        await shop.roadstead("apply", "--allow-loss")
        assert (
            await kubectl(two[0].kubeconfig, two[0].name, "-n", unique, "get", "deploy", "-o", "name") == ""
        )


class TestMoving:
    async def test_an_object_moves_to_another_bundle_without_being_deleted(self, story, two, unique):
        story.bundle("old", files={"all.yaml": [namespace(unique), config_map("a", unique, x="1")]})
        story.bundle("new", files={"all.yaml": [config_map("b", unique)]})
        story.commit()
        await story.roadstead("apply")
        before = (await read(two[0], "cm", "a", unique))["metadata"]["uid"]
        story.write("apps/old/all.yaml", [namespace(unique)])
        story.write("apps/new/all.yaml", [config_map("a", unique, x="2"), config_map("b", unique)])
        story.commit("move")
        assert "hand over ConfigMap" in (await story.roadstead("plan")).out
        await story.roadstead("apply")
        live = await read(two[0], "cm", "a", unique)
        assert live["metadata"]["uid"] == before
        assert live["data"] == {"x": "2"}
        again = await story.roadstead("apply", "-o", "json")
        assert set(again.data()["summary"]) == {"unchanged"}

    async def test_a_renamed_bundle_keeps_its_objects(self, story, two, unique):
        story.bundle("shop", files={"all.yaml": [namespace(unique), config_map("a", unique)]})
        story.commit()
        await story.roadstead("apply")
        before = (await read(two[0], "cm", "a", unique))["metadata"]["uid"]
        story.remove("fleet/bundle-shop.yaml")
        spec = {"source": {"path": "../apps/shop"}, "clusters": {"all": True}}
        story.document("Bundle", "store", spec, formerNames=["shop"])
        story.commit("rename")
        done = await story.roadstead("apply", "-o", "json")
        assert set(done.data()["summary"]) == {"unchanged"}
        assert (await read(two[0], "cm", "a", unique))["metadata"]["uid"] == before

    async def test_two_bundles_that_want_one_object_are_told_and_nothing_is_touched(self, story, two, unique):
        both = [namespace(unique), config_map("a", unique)]
        story.bundle("one", files={"all.yaml": both})
        story.bundle("two", files={"all.yaml": both})
        story.commit()
        found = await story.ask("apply")
        assert found.code == 1
        assert "OwnedByOther" in found.err + found.out
        assert await kubectl(two[0].kubeconfig, two[0].name, "get", "ns", unique, "--ignore-not-found") == ""


async def test_a_definition_and_its_objects_in_two_bundles_arrive_in_one_apply(story, two, unique):
    group = f"{unique}.example.com"
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget"}
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {
            "group": group,
            "names": names,
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }
    widget = {
        "apiVersion": f"{group}/v1",
        "kind": "Widget",
        "metadata": {"name": "w", "namespace": unique},
        "spec": {"size": 1},
    }
    story.bundle("definitions", files={"crd.yaml": definition})
    story.bundle(
        "widgets", files={"all.yaml": [namespace(unique), widget]}, dependsOn=[{"bundle": "definitions"}]
    )
    story.commit()
    assert "(predicted)" in (await story.roadstead("plan")).out
    done = await story.roadstead("apply", "-o", "json")
    assert done.data()["summary"] == {"created": 6}
    assert (await story.roadstead("apply", "-o", "json")).data()["summary"] == {"unchanged": 6}


async def test_a_hold_keeps_a_bundle_where_it_is(shop, two, unique):
    await shop.roadstead("apply")
    hold = {
        "clusters": {"names": ["prod"]},
        "bundles": ["shop"],
        "do": "freeze",
        "until": "2099-01-01T00:00Z",
        "owner": "sre",
        "reason": "INC-1",
    }
    shop.document("Hold", "inc-1", hold)
    shop.write("apps/shop/all.yaml", [namespace(unique), deployment("web", unique, replicas=4)])
    shop.commit("held on prod")
    found = await shop.roadstead("apply")
    assert "hold inc-1 by sre" in found.out + found.err
    assert (await read(two[0], "deploy", "web", unique))["spec"]["replicas"] == 4
    assert (await read(two[1], "deploy", "web", unique))["spec"]["replicas"] == 2


async def test_a_dead_cluster_is_told_and_costs_the_others_nothing(clusters, own_clusters, unique, tmp_path):
    [alive] = clusters(1)
    [dead] = own_clusters(1).clusters
    config = yaml.safe_load(dead.kubeconfig.read_text())
    for section in ("clusters", "users", "contexts"):
        for entry in config[section]:
            entry["name"] = f"dead-{entry['name']}"
    for context in config["contexts"]:
        context["context"] = {key: f"dead-{name}" for key, name in context["context"].items()}
    (tmp_path / "dead").write_text(yaml.safe_dump(config))
    await dead.kill()
    story = Story(tmp_path, alive.kubeconfig, unique)
    story.environment["KUBECONFIG"] = f"{alive.kubeconfig}:{tmp_path / 'dead'}"
    story.cluster("alive", alive.name)
    story.cluster("dead", f"dead-{dead.name}")
    story.bundle("shop", files={"all.yaml": [namespace(unique), config_map("a", unique)]})
    story.commit()
    found = await story.ask("apply")
    assert found.code == 1
    assert "error: dead: get /version failed (Unreachable): " in found.out
    assert (await read(alive, "cm", "a", unique))["metadata"]["name"] == "a"


async def test_drift_is_told_and_corrected_while_it_happens(shop, two, unique):
    await shop.roadstead("apply")
    watching = await shop.start("drift", "--watch", "--correct")
    assert b"no drift on 2 clusters" in await watching.stdout.readline()
    await kubectl(two[1].kubeconfig, two[1].name, "-n", unique, "scale", "deploy/web", "--replicas=9")
    async with asyncio.timeout(240):
        event = await watching.stdout.readline() + await watching.stdout.readline()
        while (await read(two[1], "deploy", "web", unique))["spec"]["replicas"] != 2:
            await asyncio.sleep(0.2)
    assert f"prod Deployment/{unique}/web of bundle shop: edited by kubectl".encode() in event
    assert b"spec.replicas: is 9, should be 2" in event
    watching.send_signal(signal.SIGINT)
    await watching.communicate()
    assert watching.returncode == 130


async def test_init_writes_a_fleet_that_applies(two, unique, tmp_path):
    story = Story(tmp_path, two[0].kubeconfig, unique)
    contexts = [
        f"--context={name}={cluster.name}" for name, cluster in zip(("dev", "prod"), two, strict=True)
    ]
    await story.roadstead("init", "../own", "--name", unique, *contexts)
    story.repository = tmp_path / "own"
    await story.roadstead("facts")
    assert "no problems" in (await story.roadstead("validate", "--render")).out
    planned = (await story.roadstead("plan", "-o", "json")).data()
    assert planned["summary"] == {"create": 12}
    assert planned["problems"] == []
    again = await story.ask("init", ".", "--name", unique, *contexts)
    assert again.code == 2 and "exists already" in again.err


async def test_a_cluster_is_added_with_its_identity_and_a_wrong_context_is_noticed(shop, two):
    shop.commit()
    await shop.roadstead("cluster", "add", "dev", "--context", two[0].name)
    document = yaml.safe_load((shop.repository / "fleet/cluster-dev.yaml").read_text())
    assert document["spec"]["identity"]
    shop.cluster("dev", two[1].name, spec={"identity": document["spec"]["identity"]}, tier="development")
    found = await shop.ask("plan", "-c", "dev")
    assert found.code == 1
    assert "IdentityChanged" in found.out


async def test_what_a_server_warns_of_is_shown_once_for_all_objects(story, two, unique):
    old = [
        {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": name, "namespace": unique}}
        for name in ("a", "b")
    ]
    story.bundle("shop", files={"all.yaml": [namespace(unique), *old]})
    story.commit()
    done = await story.roadstead("apply")
    [line] = [line for line in done.out.splitlines() if "ApiWarning" in line]
    assert line.startswith("warning: ApiWarning: v1 Endpoints is deprecated in v1.33+")
    assert f"[2 objects: Endpoints/{unique}/a, Endpoints/{unique}/b; 2 clusters: dev, prod]" in line
