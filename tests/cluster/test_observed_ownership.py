"""What API servers do with managedFields when tools change hands."""

import pytest

from tests.cluster import samples
from tests.cluster.raw import Raw, managers, refusal


@pytest.fixture
async def server(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    return cluster


FORMER = {
    "kubectl apply": ("kubectl-client-side-apply", "Update"),
    "kubectl create": ("kubectl-create", "Update"),
    "Helm, updating": ("helm", "Update"),
    "Helm, applying": ("helm", "Apply"),
    "Flux": ("kustomize-controller", "Apply"),
    "Argo CD, updating": ("argocd-controller", "Update"),
    "Argo CD, applying": ("argocd-controller", "Apply"),
    "kubectl apply --server-side": ("kubectl", "Apply"),
}


@pytest.mark.parametrize("tool", FORMER)
async def test_a_forced_apply_alone_never_makes_a_later_removal_work(server, unique, tool):
    manager, operation = FORMER[tool]
    a = Raw(server, samples.config_map(unique, kept="1", dropped="2"))
    await (a.create(manager) if operation == "Update" else a.apply(manager=manager))
    await a.apply()
    after = await a.apply(samples.config_map(unique, kept="1"))
    assert after["data"] == {"kept": "1", "dropped": "2"}


async def test_a_field_that_another_applier_owns_too_stays_when_we_drop_it(server, unique):
    a = Raw(server, samples.config_map(unique, shared="1"))
    await a.apply(manager="other")
    await a.apply()
    after = await a.apply(samples.config_map(unique))
    assert after["data"] == {"shared": "1"}
    after = await a.apply(samples.config_map(unique), manager="other")
    assert "data" not in after


async def test_a_field_that_we_alone_own_goes_back_to_its_default_when_we_drop_it(server, unique):
    web = Raw(server, samples.deployment(unique, replicas=5))
    await web.apply()
    after = await web.apply(samples.deployment(unique))
    assert after["spec"]["replicas"] == 1


async def test_a_field_that_another_manager_owned_first_keeps_its_value_when_we_drop_it(server, unique):
    web = Raw(server, samples.deployment(unique, replicas=5))
    await web.apply()
    holder = samples.obj("apps/v1", "Deployment", unique, "web", spec={"replicas": 5})
    await web.apply(holder, manager="roadstead-left")
    after = await web.apply(samples.deployment(unique))
    assert after["spec"]["replicas"] == 5


async def test_a_field_that_our_entry_forgot_keeps_its_value_when_we_drop_it(server, unique):
    """What release.py does: no second manager is needed."""
    web = Raw(server, samples.deployment(unique, replicas=5))
    live = await web.apply()
    entries = live["metadata"]["managedFields"]
    del entries[0]["fieldsV1"]["f:spec"]["f:replicas"]
    guard = {
        "op": "replace",
        "path": "/metadata/resourceVersion",
        "value": live["metadata"]["resourceVersion"],
    }
    patched = await web.patch([guard, {"op": "replace", "path": "/metadata/managedFields", "value": entries}])
    assert patched["metadata"]["generation"] == live["metadata"]["generation"]
    after = await web.apply(samples.deployment(unique))
    assert after["spec"]["replicas"] == 5
    assert after["metadata"]["generation"] == live["metadata"]["generation"]


async def test_more_than_ten_updating_managers_collapse_into_one_without_a_name(server, unique):
    a = Raw(server, samples.config_map(unique, first="1"))
    await a.create("m0")
    for number in range(1, 12):
        await a.patch({"data": {f"k{number}": "1"}}, manager=f"m{number}")
    found = managers(await a.get())
    assert ("ancient-changes", "Update") in found
    assert len(found) <= 11
    assert ("m1", "Update") not in found


async def test_after_managed_fields_were_wiped_the_next_apply_names_everything_before_first_apply(
    server, unique
):
    a = Raw(server, samples.config_map(unique, kept="1", dropped="2"))
    await a.apply()
    wiped = await a.patch([{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}])
    assert "managedFields" not in wiped["metadata"]
    after = await a.apply()
    assert managers(after) == {("roadstead", "Apply"), ("before-first-apply", "Update")}
    after = await a.apply(samples.config_map(unique, kept="1"))
    assert after["data"] == {"kept": "1", "dropped": "2"}


def scaler(namespace: str, version: str, **spec) -> dict:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "maxReplicas": 5, **spec}
    return samples.obj(f"autoscaling/{version}", "HorizontalPodAutoscaler", namespace, "web", spec=spec)


async def test_a_new_version_and_a_dropped_field_at_once_leave_the_field(server, unique):
    old = Raw(server, scaler(unique, "v1", targetCPUUtilizationPercentage=50))
    await old.apply()
    after = await old.apply(scaler(unique, "v2"))
    assert [one["resource"]["target"]["averageUtilization"] for one in after["spec"]["metrics"]] == [50]


async def test_the_new_version_with_the_old_fields_first_and_then_without_leaves_nothing(server, unique):
    old = Raw(server, scaler(unique, "v1", targetCPUUtilizationPercentage=50))
    await old.apply()
    live = await Raw(server, scaler(unique, "v2")).get()
    first = scaler(unique, "v2") | {"spec": live["spec"]}
    await old.apply(first)
    after = await old.apply(scaler(unique, "v2"))
    targets = [one["resource"]["target"]["averageUtilization"] for one in after["spec"]["metrics"]]
    assert targets == [80]  # the default


def volume(name: str) -> dict:
    return samples.obj(
        "v1", "PersistentVolume", "", name,
        spec={
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "none",
            "hostPath": {"path": "/tmp/none"},
        },
    )  # fmt: skip


async def test_merging_every_manager_would_take_a_volume_from_its_claim(server, unique):
    """As a controller binds it: with a manager of its own, which must never be taken over."""
    pv = Raw(server, volume(unique))
    await pv.create("helm")
    claim = {"kind": "PersistentVolumeClaim", "namespace": unique, "name": "c", "uid": "1"}
    await pv.patch({"spec": {"claimRef": claim}}, manager="kube-controller-manager")
    live = await pv.apply()
    merged: dict = {}
    for entry in live["metadata"]["managedFields"]:
        merged |= {"f:spec": merged.get("f:spec", {}) | entry["fieldsV1"].get("f:spec", {})}
    ours = next(one for one in live["metadata"]["managedFields"] if one["manager"] == "roadstead")
    await pv.patch(
        [{"op": "replace", "path": "/metadata/managedFields", "value": [ours | {"fieldsV1": merged}]}]
    )
    assert "claimRef" not in (await pv.apply())["spec"]
    await pv.delete()


async def test_merging_every_manager_would_make_a_bound_claim_refused(server, unique):
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "none",
        "resources": {"requests": {"storage": "1Gi"}},
    }
    pvc = Raw(server, samples.obj("v1", "PersistentVolumeClaim", unique, "c", spec=spec))
    await pvc.create("helm")
    await pvc.patch({"spec": {"volumeName": "some-volume"}}, manager="kube-controller-manager")
    live = await pvc.apply()
    ours = next(one for one in live["metadata"]["managedFields"] if one["manager"] == "roadstead")
    fields = {"f:spec": ours["fieldsV1"]["f:spec"] | {"f:volumeName": {}}}
    await pvc.patch(
        [{"op": "replace", "path": "/metadata/managedFields", "value": [ours | {"fieldsV1": fields}]}]
    )
    code, body = await refusal(pvc.apply())
    assert code == 422
    assert "immutable" in body["message"]
