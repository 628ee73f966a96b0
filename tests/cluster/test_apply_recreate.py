"""Objects that can only be made anew: when the table says so and the server would take them, never else."""

import pytest

from roadstead.model import reasons
from roadstead.model.plan import Action
from tests.cluster import samples
from tests.cluster.applying import causes, results


async def test_a_changed_selector_is_planned_as_a_recreate_and_done(shop):
    ns = shop.fleet
    await shop.apply(samples.deployment(ns, replicas=0))
    uid = (await shop.live("apps/v1/deployments/web"))["metadata"]["uid"]
    shop.wants["web"] = (samples.deployment(ns, app="other", replicas=0),)
    plan = await shop.plan()
    (change,) = plan.changes
    assert change.action is Action.RECREATE
    assert "spec.selector" in change.cause
    assert results(await shop.step(plan=plan)) == {f"Deployment/{ns}/web": "recreated"}
    live = await shop.live("apps/v1/deployments/web")
    assert live["metadata"]["uid"] != uid
    assert live["spec"]["selector"]["matchLabels"] == {"app": "other"}
    assert await shop.owned() == [f"Deployment/{ns}/web"]


async def test_where_nobody_is_shown_the_plan_the_refused_apply_tells_that_it_must_be_made_anew(shop):
    ns = shop.fleet
    await shop.apply(samples.deployment(ns, replicas=0), samples.config_map(ns, key="1"))
    shop.wants["web"] = (samples.deployment(ns, app="other", replicas=0), samples.config_map(ns, key="2"))
    mark = shop.server.mark()
    plan = await shop.plan(shown=False)
    asked = [one for one in shop.server.requests(since=mark, user_agent="roadstead") if one.verb == "patch"]
    assert asked == []
    assert results(await shop.step(plan=plan)) == {
        f"Deployment/{ns}/web": "recreated",
        f"ConfigMap/{ns}/a": "updated",
    }


@pytest.mark.parametrize("shown", [True, False], ids=["shown", "not shown"])
@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"replicas": -1}, id="a plain mistake"),
        pytest.param({"app": "other", "replicas": -1}, id="an immutable field and a mistake"),
        pytest.param({"app": "other", "minReadySeconds": -1}, id="an immutable field and another mistake"),
    ],
)
async def test_a_mistake_never_costs_the_live_object(shop, wrong, shown):
    ns = shop.fleet
    await shop.apply(samples.deployment(ns, replicas=0))
    before = await shop.live("apps/v1/deployments/web")
    shop.wants["web"] = (samples.deployment(ns, **wrong),)
    plan = await shop.plan(shown=shown)
    outcome = await shop.step(plan=plan)
    [problem] = plan.problems or [one.problem for one in outcome.objects if one.problem]
    assert problem.reason in (reasons.INVALID, reasons.IMMUTABLE)
    after = await shop.live("apps/v1/deployments/web")
    assert (after["metadata"]["uid"], after["spec"]) == (before["metadata"]["uid"], before["spec"])


async def test_an_immutable_config_map_gets_its_new_content(shop):
    ns = shop.fleet
    frozen = samples.config_map(ns, key="1") | {"immutable": True}
    await shop.apply(frozen)
    outcome = await shop.apply(frozen | {"data": {"key": "2"}})
    assert results(outcome) == {f"ConfigMap/{ns}/a": "recreated"}
    assert (await shop.live("configmaps/a"))["data"] == {"key": "2"}


async def test_a_config_map_that_somebody_froze_is_restored(shop):
    ns = shop.fleet
    await shop.apply(samples.config_map(ns, key="1"))
    await shop.kubectl("patch", "configmap", "a", "-p", '{"immutable": true, "data": {"key": "theirs"}}')
    assert results(await shop.apply(samples.config_map(ns, key="1"))) == {f"ConfigMap/{ns}/a": "recreated"}
    assert (await shop.live("configmaps/a"))["data"] == {"key": "1"}


async def test_a_service_is_made_anew_with_the_node_port_it_holds(shop):
    ns = shop.fleet
    await shop.apply(samples.service(ns, type="NodePort"))
    port = (await shop.live("services/web"))["spec"]["ports"][0]["nodePort"]
    fixed = {"type": "NodePort", "ports": [{"name": "http", "port": 80, "nodePort": port}]}
    await shop.apply(samples.service(ns, **fixed))
    outcome = await shop.apply(samples.service(ns, **fixed, clusterIP="10.0.99.99"))
    assert causes(outcome) == {}
    assert results(outcome) == {f"Service/{ns}/web": "recreated"}
    assert (await shop.live("services/web"))["spec"]["clusterIP"] == "10.0.99.99"


async def test_a_claim_is_never_made_anew(shop):
    ns = shop.fleet

    def claim(size: str) -> dict:
        spec = {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "s",
            "resources": {"requests": {"storage": size}},
        }
        return samples.obj("v1", "PersistentVolumeClaim", ns, "data", spec=spec)

    await shop.apply(claim("2Gi"))
    uid = (await shop.live("persistentvolumeclaims/data"))["metadata"]["uid"]
    await shop.apply(claim("1Gi"))
    assert (await shop.live("persistentvolumeclaims/data"))["metadata"]["uid"] == uid


async def test_an_object_that_changed_owner_since_the_plan_is_not_made_anew(shop):
    ns = shop.fleet
    await shop.apply(samples.deployment(ns, replicas=0))
    shop.wants["web"] = (samples.deployment(ns, app="other", replicas=0),)
    plan = await shop.plan()
    await shop.kubectl("delete", "deployment", "web")
    await shop.kubectl("create", "-f", "-", stdin=samples.deployment(ns, app="theirs", replicas=0))
    outcome = await shop.step(plan=plan)
    assert [one.problem.reason for one in outcome.objects] == [reasons.CONFLICT]
    live = await shop.live("apps/v1/deployments/web")
    assert live["spec"]["selector"]["matchLabels"] == {"app": "theirs"}
