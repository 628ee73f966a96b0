"""Whose entries a refused apply takes over, and what former managers leave."""

import pytest

from roadstead.language import patches
from roadstead.objects import ownership
from roadstead.stages.apply import editing, foresight

MANIFEST = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "a", "namespace": "shop"},
    "spec": {"ports": [{"port": 80}]},
}
OURS = {"f:spec": {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}}}}}
PORT = {"f:spec": {"f:ports": {'k:{"port":81,"protocol":"TCP"}': {".": {}, "f:port": {}}}}}
TYPE = {"f:spec": {"f:externalName": {}}}


def entry(manager: str, operation: str, fields: dict, **more: str) -> dict:
    return {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields, **more}


def live(*entries: dict, annotations: dict | None = None) -> dict:
    metadata = {
        **MANIFEST["metadata"],
        "resourceVersion": "7",
        "managedFields": [entry("roadstead", "Apply", OURS), *entries],
    }
    if annotations:
        metadata["annotations"] = annotations
    ports = [{"port": 80, "protocol": "TCP"}, {"port": 81, "protocol": "TCP"}]
    return {**MANIFEST, "metadata": metadata, "spec": {"ports": ports, "externalName": "x"}}


def managers_after(obj: dict, patch: list) -> list[str]:
    return [one["manager"] for one in patches.json_patch(obj, patch)["metadata"]["managedFields"]]


@pytest.mark.parametrize(
    ("refused", "left"),
    [
        pytest.param(("spec.ports[1].name",), ["roadstead", "namer"], id="only who added where the fault is"),
        pytest.param(("spec",), ["roadstead"], id="everybody below a fault that is told of the whole spec"),
        pytest.param((), ["roadstead"], id="everybody when no place is named"),
    ],
)
def test_who_stands_in_the_way_loses_the_addition(refused, left):
    obj = live(entry("intruder", "Update", PORT), entry("namer", "Update", TYPE))
    assert managers_after(obj, editing.take_additions(obj, MANIFEST, refused)) == left


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(entry("kube-controller-manager", "Update", PORT), id="the cluster's own controllers"),
        pytest.param(
            entry("scaler", "Update", PORT, subresource="scale"), id="who writes through a subresource"
        ),
    ],
)
def test_nothing_is_taken_from(other):
    assert editing.take_additions(live(other), MANIFEST, ()) is None


def test_kubectls_copy_goes_even_where_nobody_owns_it():
    obj = live(annotations={editing.LAST_APPLIED: "{}", "kept": "1"})
    patched = patches.json_patch(obj, editing.take_over(obj))
    assert patched["metadata"]["annotations"] == {"kept": "1"}


def test_an_object_that_only_we_wrote_needs_no_take_over():
    assert editing.take_over(live()) is None


def test_what_goes_with_a_former_manager_is_foreseen_with_the_default_it_goes_back_to():
    obj = live(entry("helm", "Update", {"f:spec": {**PORT["f:spec"], "f:externalName": {}, "f:type": {}}}))
    obj["spec"]["type"] = "NodePort"
    foreseen = foresight.foresee(obj, obj, MANIFEST, (), {**MANIFEST, "spec": {"type": "ClusterIP"}})
    assert foreseen["spec"] == {"ports": [{"port": 80, "protocol": "TCP"}], "type": "ClusterIP"}


def test_what_somebody_else_owns_too_is_foreseen_to_stay():
    obj = live(entry("helm", "Update", TYPE), entry("somebody", "Apply", TYPE))
    assert foresight.foresee(obj, obj, MANIFEST, (), None)["spec"]["externalName"] == "x"


def test_a_carried_object_is_all_of_it_but_status_and_metadata():
    obj = live() | {"status": {"a": 1}}
    carried = editing.carried(obj)
    assert carried["metadata"] == {"name": "a", "namespace": "shop"}
    assert carried["spec"] == obj["spec"]
    assert "status" not in carried
    assert ownership.MANAGER not in str(carried)
