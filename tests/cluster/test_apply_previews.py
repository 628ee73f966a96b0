"""Previews: what the server would do, what it will not tell, and that nothing is written."""

import pytest

from roadstead.model import reasons
from roadstead.model.assignment import Adopt
from roadstead.model.inventory import short
from roadstead.model.plan import Action, Draft, Preview
from roadstead.stages import apply
from roadstead.stages.plan import compare
from tests.cluster import samples
from tests.cluster.applying import Shop
from tests.cluster.connecting import connected


async def previewed(
    shop: Shop, *objects: dict, adopt: Adopt = Adopt.ALWAYS, acting=None
) -> dict[str, Preview]:
    """The server's answers about these objects, by name, and that asking wrote nothing."""
    shop.wants["web"], shop.options["web"] = objects, {"adopt": adopt}
    drafts: list[Draft] = []
    original = compare.compare

    def keep(situation):
        drafts.append(original(situation))
        return drafts[-1]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(compare, "compare", keep)
        await shop.plan()
    (draft,) = drafts
    mark = shop.server.mark()
    target = apply.Cluster(shop.client, acting or shop.client, shop.slots)
    answers = await apply.preview(target, draft, deadline=240.0)
    assert shop.writes(mark) == []
    assert set(answers) == {change.id for change in draft.doubtful}
    return {one.name: answer for one, answer in answers.items()}


async def test_an_update_is_shown_as_the_server_would_store_it(shop):
    ns = shop.fleet
    await shop.apply(samples.deployment(ns, replicas=1))
    answer = (await previewed(shop, samples.deployment(ns, replicas=2)))["web"]
    assert (answer.live["spec"]["replicas"], answer.result["spec"]["replicas"]) == (1, 2)
    assert answer.problem is None
    assert answer.predicted == ""


async def test_what_the_server_refuses_is_a_problem_with_the_live_object_beside_it(shop):
    ns = shop.fleet
    await shop.apply(samples.deployment(ns, replicas=1))
    answer = (await previewed(shop, samples.deployment(ns, replicas=-1)))["web"]
    assert answer.problem.reason is reasons.INVALID
    assert answer.problem.fields == ("spec.replicas",)
    assert answer.live["spec"]["replicas"] == 1
    assert answer.result is None


async def test_an_adoption_names_what_others_hold(shop):
    ns = shop.fleet
    await shop.server.request(
        "POST", f"/api/v1/namespaces/{ns}/configmaps?fieldManager=somebody", samples.config_map(ns, key="1")
    )
    answer = (await previewed(shop, samples.config_map(ns, key="2")))["a"]
    assert [(field.path, field.manager) for field in answer.conflicts] == [("data.key", "somebody")]
    assert answer.result["data"] == {"key": "2"}


async def test_who_may_not_write_gets_a_prediction_with_the_servers_words(shop):
    ns = shop.fleet
    await shop.apply(samples.config_map(ns, key="1"))
    async with connected(shop.server, "viewer") as viewer:
        answer = (await previewed(shop, samples.config_map(ns, key="2"), acting=viewer))["a"]
    assert answer.predicted.startswith("our identity may not ask for a dry run (")
    assert 'cannot patch resource "configmaps"' in answer.predicted
    assert answer.problem is None
    assert answer.live["data"] == {"key": "1"}


async def test_an_object_that_is_going_gets_a_prediction(shop):
    ns = shop.fleet
    await shop.apply(samples.config_map(ns, key="1"))
    await shop.kubectl("patch", "configmap", "a", "-p", '{"metadata": {"finalizers": ["example.com/hold"]}}')
    await shop.kubectl("delete", "configmap", "a", "--wait=false")
    answer = (await previewed(shop, samples.config_map(ns, key="2")))["a"]
    assert answer.predicted == "it is being deleted, and made anew when it is gone"
    await shop.kubectl(
        "patch", "configmap", "a", "--type=json", "-p", '[{"op": "remove", "path": "/metadata/finalizers"}]'
    )


async def test_an_addition_in_the_way_gets_a_prediction_and_not_a_refusal(shop):
    ns = shop.fleet
    spec = {"selector": {"matchLabels": {"app": "web"}}, "minAvailable": 1}
    budget = samples.obj("policy/v1", "PodDisruptionBudget", ns, "web", spec=spec)
    await shop.apply(budget)
    patch = '[{"op": "remove", "path": "/spec/minAvailable"}, {"op": "add", "path": "/spec/maxUnavailable", "value": 1}]'
    await shop.kubectl("patch", "pdb", "web", "--type=json", "-p", patch)
    answer = (await previewed(shop, budget))["web"]
    assert answer.predicted.startswith("somebody's addition must go first (")


async def test_only_a_new_object_will_do(shop):
    ns = shop.fleet
    await shop.apply(samples.deployment(ns, replicas=0))
    answer = (await previewed(shop, samples.deployment(ns, app="other", replicas=0)))["web"]
    assert answer.recreate == "spec.selector"
    assert answer.problem.reason in (reasons.IMMUTABLE, reasons.INVALID)


async def test_an_object_of_a_kind_that_comes_with_the_same_change_gets_a_prediction(shop):
    ns, group = shop.fleet, f"{shop.fleet}.example.com"
    answers = await previewed(shop, samples.definition(group), samples.widget(group, ns))
    assert "its kind is not served yet" in answers["w"].predicted


async def test_secrets_are_compared_by_the_bytes_the_server_stores(shop):
    ns = shop.fleet
    secret = samples.obj("v1", "Secret", ns, "s") | {"stringData": {"key": "value"}}
    await shop.apply(secret)
    (entry,) = (await shop.inventories())["web"].entries.values()
    (change,) = (await shop.plan()).changes
    assert change.action is Action.UNCHANGED
    assert entry.applied == short(change.manifest.digest)


async def test_a_bundles_service_account_writes_the_objects_and_we_keep_the_inventory(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    async with connected(cluster) as own, connected(cluster, "limited") as limited:
        shop = Shop(own, fleet=unique, server=cluster, acting=limited)
        mark = cluster.mark()
        outcome = await shop.apply(samples.config_map(unique), samples.namespace(f"{unique}-more"))
        found = {one.id.kind: one.problem and one.problem.reason for one in outcome.objects}
        assert found == {"ConfigMap": None, "Namespace": reasons.FORBIDDEN}
        writers = {
            (one.resource, one.user)
            for one in cluster.requests(since=mark, user_agent="roadstead")
            if one.writes
        }
        assert ("configmaps", "limited") in writers
        assert {user for resource, user in writers if resource == "secrets"}.isdisjoint({"limited"})
