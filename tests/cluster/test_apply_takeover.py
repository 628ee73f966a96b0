"""Adoption: whoever wrote an object before, what Git drops goes, what others own stays, values are kept."""

import json

import pytest

from roadstead.model import reasons
from roadstead.model.assignment import Adopt
from roadstead.objects import ownership
from tests.cluster import samples
from tests.cluster.applying import causes, results

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def before(namespace: str, dropped: bool = True) -> dict:
    """What the former tool applied: a field, an env variable and a label more than we."""
    made = samples.deployment(namespace, replicas=2, paused=True)
    made["metadata"]["labels"] = {"tool": "former"}
    made["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "OLD", "value": "1"}]
    return made


def wanted(namespace: str) -> dict:
    return samples.deployment(namespace, replicas=2)


async def client_side(shop, obj):
    await shop.kubectl("apply", "-f", "-", stdin=obj)


async def created(shop, obj):
    await shop.kubectl("create", "-f", "-", stdin=obj)


def server_side(manager: str, *more: str):
    async def write(shop, obj):
        await shop.kubectl(
            "apply", "--server-side", f"--field-manager={manager}", *more, "-f", "-", stdin=obj
        )

    return write


def update(manager: str):
    async def write(shop, obj):
        path = f"/apis/apps/v1/namespaces/{shop.fleet}/deployments?fieldManager={manager}"
        await shop.server.request("POST", path, obj)

    return write


FORMER = {
    "kubectl apply": client_side,
    "kubectl create": created,
    "kubectl apply --server-side": server_side("kubectl"),
    "Helm, updating": update("helm"),
    "Helm, applying": server_side("helm"),
    "Flux": server_side("kustomize-controller", "--force-conflicts"),
    "Argo CD, updating": update("argocd-controller"),
    "Argo CD, applying": server_side("argocd-controller"),
}


@pytest.mark.parametrize("tool", FORMER)
async def test_after_any_former_tool_dropped_fields_go_at_once_and_later_ones_too(shop, tool):
    ns = shop.fleet
    await FORMER[tool](shop, before(ns))
    outcome = await shop.apply(wanted(ns), adopt=Adopt.ALWAYS)
    assert results(outcome) == {f"Deployment/{ns}/web": "adopted"}
    live = await shop.live("apps/v1/deployments/web")
    container = live["spec"]["template"]["spec"]["containers"][0]
    assert "env" not in container
    assert "paused" not in live["spec"]
    assert set(live["metadata"]["labels"]) == {ownership.PART_OF}
    assert LAST_APPLIED not in live["metadata"].get("annotations", {})
    managers = {
        (one["manager"], one["operation"])
        for one in live["metadata"]["managedFields"]
        if "subresource" not in one
    }
    assert managers == {("roadstead", "Apply")}

    later = wanted(ns)
    del later["spec"]["replicas"]
    later["spec"]["minReadySeconds"] = 3
    await shop.apply(later, adopt=Adopt.ALWAYS)
    await shop.apply(samples.deployment(ns), adopt=Adopt.ALWAYS)
    live = await shop.live("apps/v1/deployments/web")
    assert "minReadySeconds" not in live["spec"]
    mark = shop.server.mark()
    await shop.apply(samples.deployment(ns), adopt=Adopt.ALWAYS)
    assert shop.writes(mark) == []


@pytest.mark.parametrize("tool", FORMER)
async def test_the_plan_foresees_what_goes_with_the_former_tool(shop, tool):
    ns = shop.fleet
    await FORMER[tool](shop, before(ns))
    shop.wants["web"], shop.options["web"] = (wanted(ns),), {"adopt": Adopt.ALWAYS}
    (change,) = (await shop.plan()).changes
    paths = {field.path for field in change.fields if field.after is None}
    assert {"metadata.labels.tool", "spec.paused"} <= paths
    assert any("env" in path for path in paths)
    live = await shop.live("apps/v1/deployments/web")
    assert live["spec"]["paused"] is True


async def test_identical_objects_are_adopted_and_nothing_but_the_label_changes(shop):
    ns = shop.fleet
    await created(shop, wanted(ns))
    generation = (await shop.live("apps/v1/deployments/web"))["metadata"]["generation"]
    assert results(await shop.apply(wanted(ns))) == {f"Deployment/{ns}/web": "adopted"}
    after = await shop.live("apps/v1/deployments/web")
    assert after["metadata"]["generation"] == generation
    assert ownership.PART_OF in after["metadata"]["labels"]


@pytest.mark.parametrize("tool", ["kubectl apply", "Helm, applying"])
async def test_what_a_former_tool_notes_for_itself_makes_no_difference(shop, tool):
    ns = shop.fleet
    former = wanted(ns)
    if tool.startswith("Helm"):
        former["metadata"] |= {
            "labels": {"app.kubernetes.io/managed-by": "Helm"},
            "annotations": {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": ns},
        }
    await FORMER[tool](shop, former)
    assert results(await shop.apply(wanted(ns))) == {f"Deployment/{ns}/web": "adopted"}
    metadata = (await shop.live("apps/v1/deployments/web"))["metadata"]
    assert set(metadata["labels"]) == {ownership.PART_OF}
    assert "annotations" not in metadata


@pytest.mark.parametrize(
    ("adopt", "says"),
    [(Adopt.IF_IDENTICAL, "exists already and differs"), (Adopt.NEVER, "adopts nothing")],
)
async def test_what_may_not_be_adopted_is_not_touched(shop, adopt, says):
    ns = shop.fleet
    await created(shop, before(ns))
    version = (await shop.live("apps/v1/deployments/web"))["metadata"]["resourceVersion"]
    shop.wants["web"], shop.options["web"] = (wanted(ns),), {"adopt": adopt}
    plan = await shop.plan()
    assert [problem.reason for problem in plan.problems] == [reasons.OWNED_BY_OTHER]
    assert says in plan.problems[0].cause
    await shop.step(plan=plan)
    assert (await shop.live("apps/v1/deployments/web"))["metadata"]["resourceVersion"] == version
    assert await shop.owned() == []


async def test_secrets_lose_their_copy_in_clear(shop):
    ns = shop.fleet
    secret = samples.obj("v1", "Secret", ns, "s", data={"password": "aHVudGVyMg=="})
    await client_side(shop, secret)
    assert "aHVudGVyMg" in json.dumps((await shop.live("secrets/s"))["metadata"]["annotations"])
    assert results(await shop.apply(secret, adopt=Adopt.ALWAYS)) == {f"Secret/{ns}/s": "adopted"}
    assert "annotations" not in (await shop.live("secrets/s"))["metadata"]


async def test_a_claim_of_another_applier_keeps_its_fields_alive(shop):
    """Not on the list of former tools: what it owns with us stays when we drop it."""
    ns = shop.fleet
    await server_side("somebody")(shop, samples.config_map(ns, shared="1", theirs="2"))
    await shop.apply(samples.config_map(ns, shared="1"), adopt=Adopt.ALWAYS)
    await shop.apply(samples.config_map(ns, other="3"), adopt=Adopt.ALWAYS)
    assert (await shop.live("configmaps/a"))["data"] == {"shared": "1", "theirs": "2", "other": "3"}


async def test_finalizers_owners_and_status_of_former_managers_are_not_taken(shop):
    ns = shop.fleet
    owner = await shop.server.request(
        "POST", f"/api/v1/namespaces/{ns}/configmaps", samples.config_map(ns, "owner")
    )
    made = samples.config_map(ns, key="1")
    made["metadata"] |= {
        "finalizers": ["example.com/stay"],
        "ownerReferences": [
            {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
        ],
    }
    await created(shop, made)
    await shop.apply(samples.config_map(ns, key="1"), adopt=Adopt.ALWAYS)
    metadata = (await shop.live("configmaps/a"))["metadata"]
    assert metadata["finalizers"] == ["example.com/stay"]
    assert len(metadata["ownerReferences"]) == 1
    await shop.kubectl(
        "patch", "configmap", "a", "--type=json", "-p", '[{"op": "remove", "path": "/metadata/finalizers"}]'
    )


async def test_wiped_managed_fields_are_healed_and_later_removals_work(shop):
    ns = shop.fleet
    await shop.apply(samples.config_map(ns, a="1", b="2"))
    await shop.kubectl(
        "patch",
        "configmap",
        "a",
        "--type=json",
        "-p",
        '[{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}]',
    )
    outcome = await shop.apply(samples.config_map(ns, a="9", b="2"))
    assert not outcome.failed
    managers = [one["manager"] for one in (await shop.live("configmaps/a"))["metadata"]["managedFields"]]
    assert managers == ["roadstead"]
    await shop.apply(samples.config_map(ns, a="9"))
    assert (await shop.live("configmaps/a"))["data"] == {"a": "9"}


async def test_replicas_handed_to_an_autoscaler_keep_their_value(shop):
    ns = shop.fleet
    await shop.apply(samples.deployment(ns, replicas=5))
    await shop.apply(samples.deployment(ns, image="v2"))
    live = await shop.live("apps/v1/deployments/web")
    assert live["spec"]["replicas"] == 5
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "v2"
    await shop.kubectl("scale", "deployment", "web", "--replicas=3")
    mark = shop.server.mark()
    outcome = await shop.apply(samples.deployment(ns, image="v2"))
    assert results(outcome) == {f"Deployment/{ns}/web": "unchanged"}
    assert shop.writes(mark) == []
    await shop.apply(samples.deployment(ns, image="v3"))
    assert (await shop.live("apps/v1/deployments/web"))["spec"]["replicas"] == 3


async def test_the_plan_does_not_say_that_handed_over_replicas_change(shop):
    ns = shop.fleet
    await shop.apply(samples.deployment(ns, replicas=5))
    shop.wants["web"] = (samples.deployment(ns),)
    (change,) = (await shop.plan()).changes
    assert [field.path for field in change.fields] == []


SERVICE_PORT = '{"spec": {"ports": [{"name": "http", "port": 80}, {"name": "http", "port": 81}]}}'


async def test_an_addition_that_makes_our_apply_invalid_goes_first(shop):
    ns = shop.fleet
    budget = {"selector": {"matchLabels": {"app": "web"}}, "minAvailable": 1}
    wanted = samples.obj("policy/v1", "PodDisruptionBudget", ns, "web", spec=budget)
    await shop.apply(wanted)
    await shop.kubectl(
        "patch", "pdb", "web", "--type=json", "-p",
        '[{"op": "remove", "path": "/spec/minAvailable"}, {"op": "add", "path": "/spec/maxUnavailable", "value": 1}]',
    )  # fmt: skip
    outcome = await shop.apply(wanted)
    assert causes(outcome) == {}
    spec = (await shop.live("policy/v1/poddisruptionbudgets/web"))["spec"]
    assert (spec.get("minAvailable"), spec.get("maxUnavailable")) == (1, None)


async def test_a_new_version_and_a_dropped_field_in_one_commit_leave_nothing_behind(shop):
    ns = shop.fleet
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    first = samples.obj(
        "autoscaling/v1", "HorizontalPodAutoscaler", ns, "web",
        spec={"scaleTargetRef": target, "maxReplicas": 5, "minReplicas": 2, "targetCPUUtilizationPercentage": 50},
        metadata={"labels": {"dropped": "1"}},
    )  # fmt: skip
    second = samples.obj(
        "autoscaling/v2", "HorizontalPodAutoscaler", ns, "web",
        spec={
            "scaleTargetRef": target,
            "maxReplicas": 5,
            "metrics": [
                {"type": "Resource", "resource": {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 70}}}
            ],
        },
    )  # fmt: skip
    await shop.apply(first)
    outcome = await shop.apply(second)
    assert causes(outcome) == {}
    live = await shop.live("autoscaling/v2/horizontalpodautoscalers/web")
    assert [one["resource"]["name"] for one in live["spec"]["metrics"]] == ["memory"]
    assert live["spec"]["minReplicas"] == 1
    assert set(live["metadata"]["labels"]) == {ownership.PART_OF}


async def test_an_entry_at_a_version_that_is_no_longer_served_is_healed(shop):
    ns, group = shop.fleet, f"{shop.fleet}.example.com"
    both = samples.definition(group, versions=("v1", "v2"))
    await shop.apply(both, samples.widget(group, ns, a=1))
    second = samples.definition(group, versions=("v1", "v2"))
    second["spec"]["versions"][0]["served"] = False
    await shop.apply(second, samples.widget(group, ns, version="v2", a=2))
    outcome = await shop.apply(second, samples.widget(group, ns, version="v2", a=2))
    assert causes(outcome) == {}
    live = await shop.live(f"{group}/v2/widgets/w")
    assert live["spec"] == {"a": 2}
