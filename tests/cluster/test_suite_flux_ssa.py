"""Flux's server-side apply scenarios, played with our apply on a real API server."""

import asyncio
import json

import pytest

from roadstead.language import yaml
from roadstead.model import reasons
from roadstead.model.assignment import Adopt
from roadstead.model.plan import Action
from tests.cluster.applying import Shop, causes, results
from tests.cluster.raw import managers

ELSEWHERE = {
    "TestApply_SkipsExcluded": "left out at render by the Bundle's `exclude`",
    "TestApply_Exclusions": "left out at render by the Bundle's `exclude`; live objects are left by drift modes",
    "TestApply_MissingNamespaceErr": "found at render, before there is a plan",
    "TestApply_CRDWebhookCABundle": "only placeholders of CA bundles are dropped, at render; a broken one is an error",
    "TestDelete_Exclusions": "test_an_annotation_that_asks_to_keep_makes_an_orphan",
    "TestHasDrifted_Metadata": "tests/objects/test_difference.py",
    "TestWaitForSet": "health, not apply",
    "TestWaitForSet_failFast": "health, not apply",
    "TestApplyAllStaged_AppliesRoleAndRoleBinding": "Roles go before RoleBindings: tests/objects/test_order.py",
}


@pytest.fixture
def manifests(suite, unique):
    def read(number: int) -> dict[str, dict]:
        """The objects of a file, by kind."""
        text = (
            (suite("flux-ssa") / f"manifests/test{number}.yaml").read_text().replace("${ID}", f"{unique}-x")
        )
        return {
            obj["kind"] if obj["metadata"]["name"] == f"{unique}-x" else obj["metadata"]["name"]: obj
            for obj in yaml.load_all(text)
        }

    return read


@pytest.fixture
async def shop(shop):
    """What is applied lives in a namespace of its own, which the manifests bring."""
    inner = Shop(shop.client, fleet=f"{shop.fleet}-x", server=shop.server)
    inner.options["web"] = {"adopt": Adopt.ALWAYS}
    return inner


async def apply(shop: Shop, objects: dict[str, dict], **options) -> dict[str, str]:
    """What became of each object, by kind."""
    outcome = await shop.apply(*objects.values(), adopt=Adopt.ALWAYS, **options)
    assert causes(outcome) == {}
    return {one.id.kind: str(one.result) for one in outcome.objects}


def test_every_scenario_is_here_or_elsewhere(suite):
    lines = (suite("flux-ssa") / "scenarios.jsonl").read_text().splitlines()
    here = {
        "TestApply", "TestApplyAllStaged_PartialFailure", "TestApply_Force", "TestApply_SetNativeKindsDefaults",
        "TestApply_NoOp", "TestApply_IfNotPresent", "TestApply_Cleanup_ExactMatch", "TestApply_Cleanup",
        "TestApply_CleanupRemovals", "TestDelete", "TestDiff", "TestDiff_Removals", "TestDiffHPA",
    }  # fmt: skip
    assert {json.loads(line)["id"] for line in lines} == here | ELSEWHERE.keys()


@pytest.mark.parametrize("number", [1, 2, 3, 6], ids=["TestApply", "SetNativeKindsDefaults", "NoOp", "HPA"])
async def test_what_was_applied_is_unchanged_and_sends_no_write(shop, manifests, number):
    wanted = manifests(number)
    assert set((await apply(shop, wanted)).values()) == {"created"}
    mark = shop.server.mark()
    assert set((await apply(shop, wanted)).values()) == {"unchanged"}
    assert shop.writes(mark) == []


async def test_apply_changes_the_one_object_that_changed(shop, manifests):
    wanted = manifests(1)
    await apply(shop, wanted)
    wanted["ConfigMap"]["data"]["key"] = "val"
    done = await apply(shop, wanted)
    assert {kind for kind, result in done.items() if result != "unchanged"} == {"ConfigMap"}
    assert (await shop.live(f"configmaps/{shop.fleet}"))["data"] == {"key": "val"}


async def test_partial_failure_leaves_the_report_of_the_others(shop, manifests):
    """A changed roleRef is an error there, a recreate here; what is wrong for another reason fails alone."""
    wanted = manifests(12)
    await apply(shop, wanted)
    wanted["ClusterRoleBinding"]["roleRef"]["name"] = "other"
    wanted["StorageClass"]["volumeBindingMode"] = "Nonsense"
    outcome = await shop.apply(*wanted.values(), adopt=Adopt.ALWAYS)
    found = {one.id.kind: str(one.result) for one in outcome.objects}
    assert found == {
        "Namespace": "unchanged",
        "ClusterRole": "unchanged",
        "ClusterRoleBinding": "recreated",
        "StorageClass": "skipped",
    }


async def test_force_makes_an_immutable_secret_anew_and_says_no_value(shop, manifests):
    wanted = manifests(1)
    await apply(shop, wanted)
    wanted["Secret"]["stringData"]["key"] = "private-key-2"
    plan_text = str((await _planned(shop, wanted))["Secret"])
    assert "private-key" not in plan_text
    done = await apply(shop, wanted)
    assert {kind: result for kind, result in done.items() if result != "unchanged"} == {"Secret": "recreated"}
    assert (await shop.live(f"secrets/{shop.fleet}"))["data"] == {"key": "cHJpdmF0ZS1rZXktMg=="}


async def test_force_waits_for_finalizers(shop, manifests):
    wanted = manifests(1)
    await apply(shop, wanted)
    await shop.kubectl(
        "patch", "secret", shop.fleet, "-p", '{"metadata": {"finalizers": ["example.com/hold"]}}'
    )

    async def release():
        await asyncio.sleep(1.0)
        await shop.kubectl(
            "patch",
            "secret",
            shop.fleet,
            "--type=json",
            "-p",
            '[{"op": "remove", "path": "/metadata/finalizers"}]',
        )

    wanted["Secret"]["stringData"]["key"] = "private-key-3"
    async with asyncio.TaskGroup() as group:
        group.create_task(release())
        done = await apply(shop, wanted)
    assert done["Secret"] == "recreated"


async def test_force_makes_a_binding_and_a_storage_class_anew(shop, manifests):
    wanted = manifests(1)
    await apply(shop, wanted)
    wanted["ClusterRoleBinding"]["roleRef"]["name"] = "other"
    wanted["StorageClass"]["parameters"]["encrypted"] = "true"
    done = await apply(shop, wanted)
    changed = {kind: result for kind, result in done.items() if result != "unchanged"}
    assert changed == {"ClusterRoleBinding": "recreated", "StorageClass": "recreated"}


async def test_force_never_deletes_an_object_whose_new_version_is_invalid(shop, manifests):
    wanted = manifests(1)
    await apply(shop, wanted)
    uid = (await shop.live(f"services/{shop.fleet}"))["metadata"]["uid"]
    wanted["Service"]["spec"]["type"] = "ClusterIPSS"
    shop.wants["web"] = tuple(wanted.values())
    plan = await shop.plan()
    assert [(problem.reason, "Service" in str(problem)) for problem in plan.problems] == [
        (reasons.INVALID, True)
    ]
    await shop.step(plan=plan)
    assert (await shop.live(f"services/{shop.fleet}"))["metadata"]["uid"] == uid


async def test_if_not_present_is_created_and_then_left(shop, manifests):
    wanted = manifests(1)
    wanted["ConfigMap"]["metadata"]["annotations"] = {"roadstead.dev/apply": "once"}
    await apply(shop, wanted)
    wanted["ConfigMap"]["data"]["key"] = "val"
    assert (await apply(shop, wanted))["ConfigMap"] == "skipped"
    assert (await shop.live(f"configmaps/{shop.fleet}"))["data"] == {"key": "public-key"}
    del wanted["ConfigMap"]["metadata"]["annotations"]
    assert (await apply(shop, wanted))["ConfigMap"] == "updated"
    assert (await shop.live(f"configmaps/{shop.fleet}"))["data"] == {"key": "val"}


async def test_clean_up_takes_managers_by_their_whole_name(shop, manifests):
    wanted = manifests(2)
    await shop.server.create_namespace(shop.fleet)
    for manager in ("flux", "flux-apply-prefix"):
        await shop.kubectl(
            "apply",
            "--server-side",
            "--force-conflicts",
            f"--field-manager={manager}",
            "-f",
            "-",
            stdin=wanted["Deployment"],
        )
    await apply(shop, wanted)
    found = managers(await shop.live(f"apps/v1/deployments/{shop.fleet}"))
    assert found == {("flux-apply-prefix", "Apply"), ("roadstead", "Apply")}


@pytest.mark.parametrize("arguments", [(), ("--server-side",)], ids=["client side", "server side"])
async def test_clean_up_after_kubectl(shop, manifests, arguments):
    wanted = manifests(2)
    await shop.server.create_namespace(shop.fleet)
    for kind in ("Deployment", "Service"):
        await shop.kubectl("apply", *arguments, "-f", "-", stdin=wanted[kind])
    await apply(shop, wanted)
    for path in ("apps/v1/deployments", "services"):
        live = await shop.live(f"{path}/{shop.fleet}")
        assert managers(live) == {("roadstead", "Apply")}
        assert "kubectl.kubernetes.io/last-applied-configuration" not in live["metadata"].get(
            "annotations", {}
        )


async def test_clean_up_of_removals(shop, manifests):
    first, second = manifests(8), manifests(9)
    await apply(shop, first)
    await shop.kubectl("apply", "-f", "-", stdin=second["Ingress"])
    ingress = f"networking.k8s.io/v1/ingresses/{shop.fleet}"
    assert len((await shop.live(ingress))["spec"]["rules"]) == 2
    await apply(shop, {"Namespace": first["Namespace"], **second})
    live = await shop.live(ingress)
    assert managers(live) == {("roadstead", "Apply")}
    assert "tls" not in live["spec"]


async def test_delete_all_and_again(shop, manifests):
    wanted = {kind: obj for kind, obj in manifests(1).items() if kind != "Namespace"}
    await shop.server.create_namespace(shop.fleet)
    await apply(shop, wanted)
    shop.wants.clear()
    assert set(results(await shop.step()).values()) == {"deleted"}
    assert await shop.live(f"configmaps/{shop.fleet}") is None
    assert not (await shop.step()).failed


async def _planned(shop: Shop, wanted: dict[str, dict]) -> dict:
    shop.wants["web"] = tuple(wanted.values())
    return {change.id.kind: change for change in (await shop.plan()).changes}


async def test_diff(shop, manifests):
    wanted = manifests(1)
    await apply(shop, wanted)
    assert (await _planned(shop, wanted))["ConfigMap"].action is Action.UNCHANGED
    wanted["ConfigMap"]["data"]["key"] = "diff-test"
    mark = shop.server.mark()
    change = (await _planned(shop, wanted))["ConfigMap"]
    assert [(field.path, field.before, field.after) for field in change.fields] == [
        ("data.key", "public-key", "diff-test")
    ]
    assert shop.writes(mark) == []


async def test_diff_masks_secrets_and_shows_removed_keys(shop, manifests):
    wanted = manifests(1)
    del wanted["Secret"]["immutable"]
    await apply(shop, wanted)
    wanted["Secret"]["stringData"] = {"key.new": "diff-test"}
    fields = {field.path: field for field in (await _planned(shop, wanted))["Secret"].fields}
    assert set(fields) == {"data.key", 'data["key.new"]'}
    assert fields["data.key"].after is None
    assert "diff-test" not in str(fields)
    assert "ZGlmZi10ZXN0" not in str(fields)


async def test_diff_of_removals(shop, manifests):
    wanted = manifests(4)
    await apply(shop, wanted)
    wanted["ConfigMap"]["data"] = {"token": "a"}
    assert (await _planned(shop, wanted))["ConfigMap"].action is Action.UPDATE
    await apply(shop, wanted)
    del wanted["ConfigMap"]["data"]
    change = (await _planned(shop, wanted))["ConfigMap"]
    assert (change.action, [field.path.startswith("data") for field in change.fields]) == (
        Action.UPDATE,
        [True],
    )


async def test_diff_of_an_autoscalers_metrics(shop, manifests):
    wanted = manifests(6)
    await apply(shop, wanted)
    metrics = wanted["HorizontalPodAutoscaler"]["spec"]["metrics"]
    wanted["HorizontalPodAutoscaler"]["spec"]["metrics"] = metrics[:1]
    assert (await _planned(shop, wanted))["HorizontalPodAutoscaler"].action is Action.UPDATE
    await apply(shop, wanted)
    assert (await _planned(shop, wanted))["HorizontalPodAutoscaler"].action is Action.UNCHANGED
    wanted["HorizontalPodAutoscaler"]["spec"]["metrics"] = metrics
    assert (await _planned(shop, wanted))["HorizontalPodAutoscaler"].action is Action.UPDATE
