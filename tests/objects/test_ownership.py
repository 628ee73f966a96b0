"""Entries here are shaped as a real API server (1.37) answered them."""

import copy

import orjson
import pytest

from roadstead.model.facts import ApiResource
from roadstead.model.ids import ObjectId
from roadstead.objects import ownership

GUARD = {"op": "replace", "path": "/metadata/resourceVersion", "value": "42"}


def entry(manager, fields, *, operation="Update", version="v1", subresource="", time="2026-05-01T10:00:00Z"):
    made = {
        "manager": manager,
        "operation": operation,
        "apiVersion": version,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
        "time": time,
    }
    return {**made, "subresource": subresource} if subresource else made


def data(*keys):
    return {"f:data": {f"f:{key}": {} for key in keys}}


def config_map(*entries, keys=("a", "b")):
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "c",
            "namespace": "shop",
            "uid": "u1",
            "resourceVersion": "42",
            "managedFields": list(entries),
        },
        "data": dict.fromkeys(keys, "1"),
    }


OURS = entry("roadstead", data("a"), operation="Apply")


def test_live_remembers_little_of_an_object():
    obj = config_map(OURS)
    obj["metadata"]["labels"] = {"applyset.kubernetes.io/part-of": "applyset-x-v1"}
    obj["metadata"]["annotations"] = {"roadstead.dev/deletion": "orphan"}
    known = ownership.live(obj)
    assert known.id == ObjectId("", "ConfigMap", "shop", "c")
    assert (known.uid, known.resource_version, known.mark) == ("u1", "42", "v42")
    assert known.part_of == "applyset-x-v1"
    assert known.signature == ownership.signature(obj) != ""
    assert known.orphan
    assert not known.deleting


def test_an_item_of_a_list_takes_its_kind_from_the_resource():
    obj = config_map(OURS)
    del obj["apiVersion"], obj["kind"]
    resource = ApiResource("", "v1", "ConfigMap", "configmaps", namespaced=True)
    assert ownership.live(orjson.dumps(obj), resource).id == ObjectId("", "ConfigMap", "shop", "c")


def test_the_mark_is_the_generation_where_there_is_one():
    obj = config_map()
    obj["metadata"]["generation"] = 42
    assert ownership.mark(obj) == "g42"


def test_the_signature_changes_with_what_we_own_and_nothing_else():
    signature = ownership.signature(config_map(OURS))
    stranger = entry("kubectl-edit", data("b"), time="2026-05-02T10:00:00Z")
    later = {**OURS, "time": "2026-06-01T00:00:00Z"}
    assert ownership.signature(config_map(stranger, later)) == signature
    less = entry("roadstead", data(), operation="Apply")
    assert ownership.signature(config_map(less)) != signature
    assert ownership.signature(config_map({**OURS, "apiVersion": "v2"})) != signature


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([], id="entries wiped"),
        pytest.param([entry("roadstead", data("a"))], id="an update by our name is no apply"),
        pytest.param(
            [entry("roadstead", data("a"), operation="Apply", subresource="status")], id="a subresource"
        ),
    ],
)
def test_without_an_entry_of_ours_there_is_no_signature(entries):
    assert ownership.signature(config_map(*entries)) == ""


def names(owners):
    return [one.manager for one in owners]


def test_the_latest_owner_comes_first():
    editor = entry("kubectl-edit", data("a"), time="2026-05-02T10:00:00Z")
    obj = config_map(OURS, editor)
    assert names(ownership.owner_of(obj, ("data", "a"))) == ["kubectl-edit", "roadstead"]
    assert names(ownership.owner_of(obj, ("data", "b"))) == []


def test_who_owns_a_key_goes_before_who_owns_an_empty_map():
    emptied = entry("other", {"f:data": {}})
    assert names(ownership.owner_of(config_map(OURS, emptied), ("data", "a"))) == ["roadstead"]
    assert names(ownership.owner_of(config_map(emptied), ("data", "a"))) == ["other"]


def test_a_dropped_field_that_another_owns_is_kept():
    other = entry("flagger", data("a", "b"), operation="Apply")
    obj = config_map(entry("roadstead", data("a", "b"), operation="Apply"), other)
    manifest = {"metadata": {"name": "c"}, "data": {"a": "1"}}
    assert [(path, names(owners)) for path, owners in ownership.kept(obj, manifest)] == [
        (("data", "b"), ["flagger"])
    ]


def test_additions_are_what_others_set_beside_the_manifest():
    added = {
        "f:metadata": {"f:annotations": {".": {}, "f:note": {}, "f:kubectl.kubernetes.io/restartedAt": {}}},
        "f:spec": {"f:containers": {'k:{"name":"debug"}': {".": {}, "f:name": {}, "f:image": {}}}},
        "f:data": {"f:a": {}},
        "f:status": {"f:phase": {}},
    }
    obj = config_map(
        OURS,
        entry("kubectl-edit", added),
        entry("kube-controller-manager", {"f:metadata": {"f:annotations": {"f:revision": {}}}}),
        entry("kubelet", {"f:spec": {"f:node": {}}}, subresource="status"),
    )
    manifest = {"metadata": {"name": "c"}, "data": {"a": "1"}, "spec": {"containers": [{"name": "web"}]}}
    assert {(path, one.manager) for path, one in ownership.additions(obj, manifest)} == {
        (("metadata", "annotations", "note"), "kubectl-edit"),
        (("spec", "containers", (("name", "debug"),)), "kubectl-edit"),
    }


def taken(obj, **arguments):
    """The managedFields after the patch; None if there is none."""
    patch = ownership.takeover_patch(obj, **arguments)
    if patch is None:
        return None
    guard, operation = patch
    assert guard == GUARD
    assert (operation["op"], operation["path"]) == ("replace", "/metadata/managedFields")
    return operation["value"]


def test_a_former_manager_is_merged_into_our_entry():
    obj = config_map(OURS, entry("kubectl-client-side-apply", data("a", "b")))
    assert taken(obj) == [{**OURS, "fieldsV1": data("a", "b")}]


def test_on_adoption_our_entry_is_made():
    obj = config_map(entry("helm", data("a", "b"), operation="Apply"))
    assert taken(obj) == [
        {
            "manager": "roadstead",
            "operation": "Apply",
            "apiVersion": "v1",
            "fieldsType": "FieldsV1",
            "fieldsV1": data("a", "b"),
        }
    ]


def test_what_a_former_manager_must_not_give_stays_with_it():
    fields = {
        "f:metadata": {"f:finalizers": {'v:"x"': {}}, "f:labels": {"f:app": {}}},
        "f:status": {"f:phase": {}},
    }
    obj = config_map(OURS, entry("kubectl-create", fields))
    obj["metadata"]["labels"] = {"app": "web"}
    obj["metadata"]["finalizers"] = ["x"]
    ours, theirs = taken(obj)
    assert ours["fieldsV1"] == {**data("a"), "f:metadata": {"f:labels": {"f:app": {}}}}
    assert theirs["fieldsV1"] == {"f:metadata": {"f:finalizers": {'v:"x"': {}}}, "f:status": {"f:phase": {}}}
    obj["metadata"]["managedFields"] = [ours, theirs]
    assert taken(obj) is None, "taking over twice changes nothing"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(entry("kubectl-edit", data("b")), id="a person's edit"),
        pytest.param(entry("kube-controller-manager", data("b")), id="a controller"),
        pytest.param(entry("ancient-changes", data("b")), id="collapsed updates of anybody"),
        pytest.param(entry("helm", data("b"), subresource="status"), id="a subresource"),
        pytest.param(entry("kustomize-controller", data("b")), id="an update by one that applies"),
    ],
)
def test_other_managers_are_never_merged(other):
    assert taken(config_map(OURS, other)) is None
    assert taken(config_map(other)) is None


def test_the_list_of_former_managers_can_be_another():
    obj = config_map(OURS, entry("pulumi", data("b")))
    assert taken(obj, former=[ownership.Former("pulumi", "Update")]) == [{**OURS, "fieldsV1": data("a", "b")}]


def test_before_first_apply_is_dropped_and_never_merged():
    obj = config_map(OURS, entry("before-first-apply", {**data("a", "b"), "f:spec": {"f:claimRef": {}}}))
    assert taken(obj) == [OURS]


def test_fields_at_another_version_are_taken_where_the_object_has_them():
    fields = {"f:data": {"f:b": {}, "f:renamed": {}}}
    former = entry("kubectl-client-side-apply", fields, version="v1beta1")
    assert taken(config_map(OURS, former)) == [{**OURS, "fieldsV1": data("a", "b")}]


def test_two_versions_that_are_both_not_the_objects_are_not_mixed():
    ours = {**OURS, "apiVersion": "v1beta1"}
    former = entry("kubectl-client-side-apply", data("b"), version="v1alpha1")
    assert taken(config_map(ours, former)) is None


def test_the_patch_changes_nothing_of_the_object_given():
    obj = config_map(OURS, entry("kubectl-client-side-apply", data("a", "b")))
    before = copy.deepcopy(obj)
    ownership.takeover_patch(obj)
    assert obj == before


def test_entries_at_versions_no_longer_served_move_to_the_objects_own():
    old = entry("kubectl-client-side-apply", data("b"), version="v1beta1")
    patch = ownership.stale_versions(config_map(OURS, old), {"v1"})
    assert patch == [
        GUARD,
        {"op": "replace", "path": "/metadata/managedFields/1/apiVersion", "value": "v1"},
    ]
    assert ownership.stale_versions(config_map(OURS), {"v1"}) is None
