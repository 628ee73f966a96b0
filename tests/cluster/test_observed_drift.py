"""What API servers do when somebody edits our objects: statements about them, whether or not our code meets
them elsewhere. What follows for drift is tested beside each."""

import asyncio

import pytest

from roadstead.model.ids import GroupKind
from roadstead.objects import kinds, ownership, values
from tests.cluster import admission, every_kind, samples
from tests.cluster.raw import Raw, managers
from tests.controlplane.kubectl import kubectl

WITHOUT_GENERATION = (
    "ConfigMap", "Secret", "Service", "Role", "ClusterRole", "Namespace", "PersistentVolumeClaim", "ServiceAccount",
    "ResourceQuota", "LimitRange", "StorageClass",
)  # fmt: skip


@pytest.fixture
async def server(clusters, unique):
    (cluster,) = clusters(1)
    await cluster.create_namespace(unique)
    return cluster


def container(obj):
    return obj["spec"]["template"]["spec"]["containers"][0]


def ours(obj):
    return ownership.signature(obj)


async def run(server, unique, *arguments):
    return await kubectl(server.kubeconfig, server.name, "-n", unique, *arguments)


async def test_every_kind_without_a_generation_is_known(server, unique, kubernetes_minor):
    found = {}
    for kind, obj in every_kind.objects(unique).items():
        answer = await Raw(server, obj).apply()
        found[kind] = "generation" in answer["metadata"]
    assert not any(found[kind] for kind in WITHOUT_GENERATION)
    wrong = {
        kind
        for kind, obj in every_kind.objects(unique).items()
        if found[kind] != kinds.has_generation(kinds.of(obj))
    }
    younger = {"HorizontalPodAutoscaler"} if kubernetes_minor == "1.34" else set()
    assert wrong == younger  # marks are made of what an object shows, not of the table
    assert len(found) == len(every_kind.KINDS) > 27


async def test_identical_applies_change_neither_version_nor_time_of_any_kind(server, unique):
    objects = [Raw(server, labelled(obj)) for obj in every_kind.objects(unique).values()]
    for one in objects:
        await one.apply()
    before = {one.path: await one.apply() for one in objects}
    await asyncio.sleep(1.1)  # times have one second
    for one in objects:
        again = (await one.apply())["metadata"]
        first = before[one.path]["metadata"]
        assert again["managedFields"] == first["managedFields"], one.path
        assert again["resourceVersion"] == first["resourceVersion"], one.path


async def test_the_first_of_them_is_a_write_to_a_claim_though_nothing_changes(server, unique):
    one = Raw(server, labelled(every_kind.objects(unique)["PersistentVolumeClaim"]))
    first, second, third = [await one.apply() for _ in range(3)]
    assert first["metadata"].pop("resourceVersion") != second["metadata"]["resourceVersion"]
    assert second == third
    del second["metadata"]["resourceVersion"]
    assert first == second


async def test_an_apply_that_owns_nothing_leaves_no_entry_and_the_next_takes_it_for_the_first(server, unique):
    """With our label we own something of every object."""
    one = Raw(server, samples.namespace(f"{unique}-bare"))
    assert managers(await one.apply()) == set()
    assert managers(await one.apply()) == {("before-first-apply", "Update")}


def labelled(obj):
    obj["metadata"]["labels"] = {"ours": "1"}
    return obj


@pytest.mark.parametrize(
    ("kind", "edit"),
    [
        pytest.param("Deployment", ("set", "image", "deployment/a", "c=other"), id="kubectl set image"),
        pytest.param("Deployment", ("scale", "deployment/a", "--replicas=3"), id="the scale subresource"),
        pytest.param("Deployment", ("label", "deployment/a", "ours-"), id="a label removed"),
        pytest.param("ConfigMap", ("patch", "configmap/a", "-p", '{"data":{"key":null}}'), id="a key removed"),
        pytest.param("Role", ("patch", "role/a", "--type=json", '-p=[{"op":"add","path":"/rules/-","value":{"apiGroups":[""],"resources":["secrets"],"verbs":["get"]}}]'), id="a rule added to a Role"),
        pytest.param("Ingress", ("patch", "ingress/a", "--type=json", '-p=[{"op":"add","path":"/spec/rules/-","value":{"host":"b.example.com"}}]'), id="a rule added to an Ingress"),
        pytest.param("NetworkPolicy", ("patch", "networkpolicy/a", "--type=json", '-p=[{"op":"add","path":"/spec/ingress/-","value":{}}]'), id="a rule added to a NetworkPolicy"),
    ],
)  # fmt: skip
async def test_our_entry_changes_at_once(server, unique, kind, edit):
    obj = labelled(every_kind.objects(unique)[kind])
    one = Raw(server, obj)
    before = await one.apply()
    await run(server, unique, *edit)
    after = await one.get()
    assert ours(after) != ours(before) != ""
    assert values.changed(obj, after)


async def test_our_entry_changes_at_a_forced_apply_of_other_values(server, unique):
    one = Raw(server, samples.config_map(unique, key="1"))
    before = await one.apply()
    after = await one.apply(samples.config_map(unique, key="2"), manager="other")
    assert ours(after) != ours(before)
    (change,) = values.changed(one.obj, after)
    assert (change.path, change.before, change.after, change.manager) == ("data.key", "2", "1", "other")


def two_of_everything(unique):
    obj = samples.deployment(unique, replicas=0)
    container(obj)["env"] = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    obj["spec"]["template"]["spec"]["containers"].append({"name": "d", "image": "i"})
    return obj


@pytest.mark.parametrize("what", ["env", "containers"])
async def test_another_order_changes_the_generation_but_not_our_entry(server, unique, what):
    obj = two_of_everything(unique)
    one = Raw(server, obj)
    before = await one.apply()
    reordered = await one.get()
    items = reordered["spec"]["template"]["spec"]["containers"]
    (container(reordered)["env"] if what == "env" else items).reverse()
    del reordered["metadata"]["managedFields"]
    after = await server.request("PUT", f"{one.path}?fieldManager=intruder", reordered)
    assert ours(after) == ours(before)
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1
    assert values.changed(obj, after) == []
    assert values.additions(after, obj) == []


async def test_a_client_that_applies_under_our_name_changes_values_but_not_our_entry(server, unique):
    one = Raw(server, samples.config_map(unique, key="1"))
    before = await one.apply()
    after = await one.apply(samples.config_map(unique, key="2"))
    assert ours(after) == ours(before)
    assert ownership.mark(after) != ownership.mark(before)
    (change,) = values.changed(one.obj, after)
    assert (change.path, change.before, change.manager) == ("data.key", "2", "roadstead")


ADDITIONS = {
    "the type of a Service": ("Service", {"spec": {"type": "NodePort"}}, ["spec.externalTrafficPolicy", "spec.type"]),
    "hostNetwork": ("Deployment", {"spec": {"template": {"spec": {"hostNetwork": True}}}}, ["spec.template.spec.hostNetwork"]),
    "shortNames": ("CustomResourceDefinition", {"spec": {"names": {"shortNames": ["x"]}}}, ["spec.names.shortNames"]),
}  # fmt: skip


@pytest.mark.parametrize("what", ADDITIONS)
async def test_a_field_that_we_never_set_is_an_addition_and_leaves_our_entry_alone(server, unique, what):
    kind, patch, paths = ADDITIONS[what]
    obj = every_kind.objects(unique)[kind]
    one = Raw(server, obj)
    before = await one.apply()
    after = await one.patch(patch, manager="intruder")
    assert ours(after) == ours(before)
    assert ownership.mark(after) != ownership.mark(before)
    assert values.changed(obj, after) == []
    found = values.additions(after, obj)
    assert [(change.path, change.manager) for change in found] == [(path, "intruder") for path in paths]


async def test_an_added_container_is_an_addition_too(server, unique):
    obj = samples.deployment(unique, replicas=0)
    one = Raw(server, obj)
    before = await one.apply()
    path = "/spec/template/spec/containers/-"
    added = {"name": "debug", "image": "busybox"}
    after = await one.patch([{"op": "add", "path": path, "value": added}], manager="intruder")
    assert ours(after) == ours(before)
    assert values.changed(obj, after) == []
    (change,) = values.additions(after, obj)
    assert (change.path, change.manager) == ("spec.template.spec.containers[name=debug]", "intruder")
    assert change.before["image"] == "busybox"


async def test_a_restart_by_kubectl_is_no_addition(server, unique):
    obj = samples.deployment(unique, replicas=0)
    one = Raw(server, obj)
    before = await one.apply()
    await run(server, unique, "rollout", "restart", "deployment/web")
    after = await one.get()
    assert ours(after) == ours(before)
    assert ownership.mark(after) != ownership.mark(before)
    assert values.changed(obj, after) == values.additions(after, obj) == []


async def test_a_deployments_annotation_counts_as_a_generation(server, unique):
    one = Raw(server, samples.deployment(unique, replicas=0))
    before = await one.apply()
    after = await one.patch({"metadata": {"annotations": {"note": "theirs"}}})
    labelled = await one.patch({"metadata": {"labels": {"note": "theirs"}}})
    generations = [obj["metadata"]["generation"] for obj in (before, after, labelled)]
    assert generations == [1, 2, 2]


async def test_a_policy_added_later_changes_what_we_own_during_somebodys_innocent_edit(own_clusters, unique):
    (cluster,) = own_clusters(1, arguments=admission.ARGUMENTS).clusters
    await cluster.create_namespace(unique)
    obj = samples.deployment(unique, replicas=2)
    one = Raw(cluster, obj)
    before = await one.apply()
    await admission.without_replicas(cluster)
    after = await one.patch({"metadata": {"annotations": {"note": "innocent"}}}, manager="innocent")
    assert after["spec"]["replicas"] == 0
    assert ownership.mark(after) != ownership.mark(before)
    (change,) = values.changed(obj, after)
    assert (change.path, change.before, change.after) == ("spec.replicas", 0, 2)
    told = (ours(after) == ours(before), change.manager)
    assert told == (True, "roadstead")


async def test_a_second_applier_of_the_same_values_takes_what_is_stored_in_another_form(server, unique):
    obj = samples.deployment(unique, replicas=0)
    container(obj)["resources"] = {"limits": {"cpu": "1000m", "memory": "1Gi"}}
    one = Raw(server, obj)
    before = await one.apply()
    assert container(before)["resources"]["limits"]["cpu"] == "1"
    after = await one.apply(manager="other")
    limits = ("spec", "template", "spec", "containers", (("name", "c"),), "resources", "limits")
    assert [one.manager for one in ownership.owner_of(after, (*limits, "cpu"))] == ["other"]
    assert {one.manager for one in ownership.owner_of(after, (*limits, "memory"))} == {"other", "roadstead"}
    assert ours(after) != ours(before)
    assert values.changed(obj, after) == []  # equal values: shared, no contest


async def test_a_second_applier_of_the_same_form_shares_everything_with_us(server, unique):
    one = Raw(server, samples.deployment(unique, replicas=0))
    before = await one.apply()
    after = await one.apply(manager="other")
    assert ours(after) == ours(before)
    assert ownership.mark(after) == ownership.mark(before)


async def test_who_wipes_all_entries_leaves_values_and_no_alarm(server, unique):
    obj = samples.deployment(unique, replicas=0)
    one = Raw(server, obj)
    await one.apply()
    wiped = await one.patch([{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}])
    assert ours(wiped) == ""
    assert values.changed(obj, wiped) == values.additions(wiped, obj) == []
    again = await one.apply()
    assert ("before-first-apply", "Update") in managers(again)
    assert values.changed(obj, again) == values.additions(again, obj) == []


async def test_who_removes_something_leaves_no_entry(server, unique):
    obj = samples.config_map(unique, key="1", other="2")
    one = Raw(server, obj)
    await one.apply()
    after = await one.patch({"data": {"key": None}}, manager="intruder")
    assert managers(after) == {("roadstead", "Apply")}
    (change,) = values.changed(obj, after)
    assert (change.path, change.before, change.manager) == ("data.key", None, "unknown (removed)")


async def test_names_of_managers_are_chosen_by_clients_and_times_have_one_second(server, unique):
    one = Raw(server, samples.config_map(unique))
    await one.apply()
    after = await one.patch({"data": {"key": "1"}}, manager="kube-controller-manager")
    entries = {entry["manager"]: entry for entry in after["metadata"]["managedFields"]}
    assert len(entries["kube-controller-manager"]["time"]) == len("2026-05-01T10:00:00Z")


async def test_a_finished_job_goes_by_itself(clusters, unique):
    (cluster,) = clusters(1, controllers=True)
    await cluster.create_namespace(unique)
    job = samples.job(unique)
    job["spec"] |= {"ttlSecondsAfterFinished": 0}
    one = Raw(cluster, job)
    await one.apply()
    async with asyncio.timeout(120):
        while not (await one.get()).get("status", {}).get("startTime"):
            await asyncio.sleep(0.05)
        pods = await cluster.request("GET", f"/api/v1/namespaces/{unique}/pods")
        for pod in pods["items"]:
            path = f"/api/v1/namespaces/{unique}/pods/{pod['metadata']['name']}/status"
            done = {"status": {"phase": "Succeeded"}}
            await cluster.request("PATCH", path, done, content_type="application/merge-patch+json")
        while await one.exists():
            await asyncio.sleep(0.05)


def test_the_kinds_that_this_page_names_are_in_our_table():
    groups = {
        "Role": "rbac.authorization.k8s.io",
        "ClusterRole": "rbac.authorization.k8s.io",
        "StorageClass": "storage.k8s.io",
    }
    found = {GroupKind(groups.get(kind, ""), kind) for kind in WITHOUT_GENERATION}
    assert found <= kinds.WITHOUT_GENERATION
