"""What must stand before what: definitions, namespaces, phases, named needs."""

import asyncio

import pytest

from roadstead.model import reasons
from roadstead.model.outcome import Result
from roadstead.stages import apply
from tests.cluster import samples
from tests.cluster.applying import causes, results


def hooked(obj: dict, hook: str, policy: str = "", weight: str = "0") -> dict:
    notes = {"helm.sh/hook": hook, "helm.sh/hook-weight": weight}
    if policy:
        notes["helm.sh/hook-delete-policy"] = policy
    return obj | {"metadata": obj["metadata"] | {"annotations": notes}}


async def finish(shop, name: str, condition: str = "Complete") -> None:
    """As the Job controller would say it."""
    now = "2026-01-01T00:00:00Z"
    before = "SuccessCriteriaMet" if condition == "Complete" else "FailureTarget"
    conditions = [
        {
            "type": kind,
            "status": "True",
            "reason": "Test",
            "message": "as the test wants",
            "lastTransitionTime": now,
            "lastProbeTime": now,
        }
        for kind in (before, condition)
    ]
    status = {"startTime": now, "conditions": conditions}
    if condition == "Complete":
        status |= {"completionTime": now, "succeeded": 1}
    path = f"/apis/batch/v1/namespaces/{shop.fleet}/jobs/{name}/status"
    await shop.server.request("PATCH", path, {"status": status}, content_type="application/merge-patch+json")


async def test_a_definition_and_its_objects_in_one_apply(shop):
    ns, group = shop.fleet, f"{shop.fleet}.example.com"
    outcome = await shop.apply(samples.widget(group, ns, size=1), samples.definition(group))
    assert results(outcome) == {
        f"Widget/{ns}/w": "created",
        f"CustomResourceDefinition/widgets.{group}": "created",
    }
    mark = shop.server.mark()
    again = await shop.apply(samples.widget(group, ns, size=1), samples.definition(group))
    assert set(results(again).values()) == {"unchanged"}
    assert shop.writes(mark) == []


async def test_a_definition_in_one_bundle_and_its_objects_in_the_next(shop):
    """The server says that a definition is established some 30 ms before it serves the kind everywhere."""
    ns, group = shop.fleet, f"{shop.fleet}.example.com"
    assert set(results(await shop.apply(samples.definition(group), bundle="kinds")).values()) == {"created"}
    outcome = await shop.apply(samples.widget(group, ns, size=1))
    assert causes(outcome) == {}
    assert results(outcome) == {f"Widget/{ns}/w": "created"}


async def test_a_field_that_the_same_apply_adds_to_a_definition_can_be_used_at_once(shop):
    ns, group = shop.fleet, f"{shop.fleet}.example.com"
    strict = samples.definition(group, spec={"type": "object", "properties": {"a": {"type": "integer"}}})
    await shop.apply(strict, samples.widget(group, ns, a=1))
    both = {"a": {"type": "integer"}, "b": {"type": "integer"}}
    wider = samples.definition(group, spec={"type": "object", "properties": both})
    mark = shop.server.mark()
    outcome = await shop.apply(wider, samples.widget(group, ns, a=1, b=2))
    assert causes(outcome) == {}
    assert (await shop.live(f"{group}/v1/widgets/w"))["spec"] == {"a": 1, "b": 2}
    asked = [one for one in shop.server.requests(since=mark, user_agent="roadstead") if one.verb == "patch"]
    tried = [one for one in asked if one.resource == "widgets" and not one.writes]
    assert len(tried) == 1, "before its definition is written, no dry run can succeed"


async def test_objects_of_a_definition_that_fails_are_passed_over_and_others_are_not(shop):
    ns, group = shop.fleet, f"{shop.fleet}.example.com"
    broken = samples.definition(group)
    broken["spec"]["names"]["plural"] = "other"
    outcome = await shop.apply(broken, samples.widget(group, ns), samples.config_map(ns))
    found = {one.id.kind: (one.result, one.problem and one.problem.reason) for one in outcome.objects}
    assert found == {
        "CustomResourceDefinition": (Result.FAILED, reasons.INVALID),
        "Widget": (Result.SKIPPED, reasons.DEPENDENCY_NOT_READY),
        "ConfigMap": (Result.CREATED, None),
    }
    assert causes(outcome)[f"Widget/{ns}/w"] == f"CustomResourceDefinition/widgets.{group} was not applied"


async def test_a_namespace_comes_before_what_is_in_it(shop):
    ns = f"{shop.fleet}-inner"
    outcome = await shop.apply(samples.config_map(ns), samples.namespace(ns))
    assert results(outcome) == {f"ConfigMap/{ns}/a": "created", f"Namespace/{ns}": "created"}


async def test_what_is_in_a_namespace_that_fails_is_passed_over(shop):
    ns = f"{shop.fleet}-inner"
    broken = samples.namespace(ns) | {"spec": {"finalizers": ["not a finalizer"]}}
    outcome = await shop.apply(samples.config_map(ns), broken)
    assert causes(outcome)[f"ConfigMap/{ns}/a"] == f"Namespace/{ns} was not applied"


async def test_a_job_of_the_phase_before_holds_the_rest_until_it_is_done(shop):
    ns = shop.fleet
    migrate = hooked(samples.job(ns), "pre-install,pre-upgrade")
    wanted = (migrate, samples.config_map(ns))
    first = await shop.apply(*wanted)
    assert {one.id.kind: one.result for one in first.objects} == {
        "Job": Result.CREATED,
        "ConfigMap": Result.SKIPPED,
    }
    assert [str(one) for one in first.waits_for] == [f"Job/{ns}/migrate"]
    assert "is not ready" in causes(first)[f"ConfigMap/{ns}/a"]
    second = await shop.step()
    assert [str(one) for one in second.waits_for] == [f"Job/{ns}/migrate"]
    await finish(shop, "migrate")
    third = await shop.step()
    assert results(third)[f"ConfigMap/{ns}/a"] == "created"
    assert third.waits_for == ()
    mark = shop.server.mark()
    assert set(results(await shop.step()).values()) == {"unchanged"}
    assert shop.writes(mark) == []


async def test_a_job_of_the_phase_before_that_fails_stops_what_needs_it(shop):
    ns = shop.fleet
    await shop.apply(hooked(samples.job(ns), "pre-install,pre-upgrade"), samples.config_map(ns))
    await finish(shop, "migrate", "Failed")
    outcome = await shop.step()
    assert "failed" in causes(outcome)[f"ConfigMap/{ns}/a"]
    assert [problem.reason for problem in outcome.problems] == [reasons.UNHEALTHY]
    assert outcome.waits_for == ()
    assert await shop.live("configmaps/a") is None


@pytest.mark.parametrize(
    "policy", ["", "hook-failed"], ids=["removed by its time to live", "deleted as it asks"]
)
async def test_a_failed_job_that_is_gone_is_not_taken_for_one_that_is_done(shop, policy):
    ns = shop.fleet
    await shop.apply(hooked(samples.job(ns), "pre-install,pre-upgrade", policy), samples.config_map(ns))
    await finish(shop, "migrate", "Failed")
    assert (await shop.step()).failed
    if not policy:
        await shop.kubectl("delete", "job", "migrate")
    assert await shop.live("batch/v1/jobs/migrate") is None
    again = await shop.step()
    assert {one.id.kind: one.result for one in again.objects} == {
        "Job": Result.CREATED,
        "ConfigMap": Result.SKIPPED,
    }
    await finish(shop, "migrate")
    assert results(await shop.step())[f"ConfigMap/{ns}/a"] == "created"


async def test_a_hook_that_succeeded_is_deleted_as_it_asks_and_does_not_run_again(shop):
    ns = shop.fleet
    after = hooked(
        samples.job(ns, "notify"), "post-install,post-upgrade", "before-hook-creation,hook-succeeded"
    )
    wanted = (after, samples.config_map(ns))
    first = await shop.apply(*wanted)
    assert set(results(first).values()) == {"created"}
    assert [str(one) for one in first.waits_for] == [f"Job/{ns}/notify"]
    await finish(shop, "notify")
    plan = await shop.plan()
    assert apply.due(plan, (await shop.inventories())["web"])
    second = await shop.step()
    assert second.waits_for == ()
    assert await shop.live("batch/v1/jobs/notify") is None
    mark = shop.server.mark()
    third = await shop.step()
    assert not third.failed
    assert shop.writes(mark) == []
    assert await shop.live("batch/v1/jobs/notify") is None


async def test_a_hook_with_new_content_is_made_anew(shop):
    ns = shop.fleet
    policy = "before-hook-creation"
    await shop.apply(hooked(samples.job(ns, "migrate", "v1"), "pre-install,pre-upgrade", policy))
    await finish(shop, "migrate")
    outcome = await shop.apply(hooked(samples.job(ns, "migrate", "v2"), "pre-install,pre-upgrade", policy))
    assert results(outcome) == {f"Job/{ns}/migrate": "recreated"}


async def test_what_an_annotation_names_must_be_ready_first(shop):
    ns = shop.fleet
    server = samples.deployment(ns, "server", replicas=1)
    needs = {"config.kubernetes.io/depends-on": f"apps/namespaces/{ns}/Deployment/server"}
    client = samples.deployment(ns, "client", replicas=0)
    client["metadata"]["annotations"] = needs
    outcome = await shop.apply(client, server, samples.config_map(ns))
    assert {one.id.name: one.result for one in outcome.objects} == {
        "client": Result.SKIPPED,
        "server": Result.CREATED,
        "a": Result.CREATED,
    }
    assert [one.name for one in outcome.waits_for] == ["server"]
    status = {
        "observedGeneration": 1,
        "replicas": 1,
        "updatedReplicas": 1,
        "readyReplicas": 1,
        "availableReplicas": 1,
    }
    path = f"/apis/apps/v1/namespaces/{ns}/deployments/server/status"
    await shop.server.request("PATCH", path, {"status": status}, content_type="application/merge-patch+json")
    assert results(await shop.step())[f"Deployment/{ns}/client"] == "created"


async def test_an_object_that_is_going_is_waited_for_and_made_anew(shop):
    ns = shop.fleet
    held = samples.config_map(ns, key="1")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    await shop.kubectl("create", "-f", "-", stdin=held)
    await shop.kubectl("delete", "configmap", "a", "--wait=false")

    async def release():
        await asyncio.sleep(0.5)
        patch = '[{"op": "remove", "path": "/metadata/finalizers"}]'
        await shop.kubectl("patch", "configmap", "a", "--type=json", "-p", patch)

    async with asyncio.TaskGroup() as group:
        group.create_task(release())
        outcome = await shop.apply(samples.config_map(ns, key="2"))
    assert causes(outcome) == {}
    live = await shop.live("configmaps/a")
    assert live["data"] == {"key": "2"}
    assert "deletionTimestamp" not in live["metadata"]


async def test_an_object_that_does_not_go_is_named_with_its_finalizers(shop):
    ns = shop.fleet
    shop.patience = 0.5
    held = samples.config_map(ns, key="1")
    held["metadata"]["finalizers"] = ["example.com/hold"]
    await shop.kubectl("create", "-f", "-", stdin=held)
    await shop.kubectl("delete", "configmap", "a", "--wait=false")
    outcome = await shop.apply(samples.config_map(ns, key="2"))
    (one,) = outcome.objects
    assert one.problem.reason is reasons.STUCK_DELETING
    assert one.problem.cause.endswith("waits for its finalizers example.com/hold")
    assert [str(waited) for waited in outcome.waits_for] == [f"ConfigMap/{ns}/a"]
    await shop.kubectl(
        "patch", "configmap", "a", "--type=json", "-p", '[{"op": "remove", "path": "/metadata/finalizers"}]'
    )


async def test_a_namespace_that_is_going_is_no_matter_of_rights(shop):
    ns = f"{shop.fleet}-going"
    await shop.server.create_namespace(ns)
    await shop.server.request("POST", f"/api/v1/namespaces/{ns}/configmaps", samples.config_map(ns, "other"))
    await shop.server.request("DELETE", f"/api/v1/namespaces/{ns}")  # stays: nobody runs the controller
    outcome = await shop.apply(samples.config_map(ns))
    (one,) = outcome.objects
    assert one.problem.reason is reasons.TERMINATING
