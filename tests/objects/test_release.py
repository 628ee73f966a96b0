"""Letting go of single fields, and of whole objects."""

import pytest

from roadstead.language import patches
from roadstead.objects import ownership, release

MANIFEST = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "annotations": {"a": "1", "b/c": "2"}},
    "spec": {
        "replicas": 3,
        "template": {"spec": {"containers": [{"name": "side", "image": "s"}, {"name": "web", "image": "w"}]}},
    },
}
OWNED = {
    "f:metadata": {"f:annotations": {"f:a": {}, "f:b/c": {}}, "f:labels": {f"f:{ownership.PART_OF}": {}}},
    "f:spec": {
        "f:replicas": {},
        "f:template": {
            "f:spec": {
                "f:containers": {
                    'k:{"name":"side"}': {".": {}, "f:name": {}, "f:image": {}},
                    'k:{"name":"web"}': {".": {}, "f:name": {}, "f:image": {}},
                }
            }
        },
    },
}


def live(*entries: dict) -> dict:
    metadata = {
        "name": "web",
        "resourceVersion": "7",
        "labels": {ownership.PART_OF: "x", "kept": "y"},
        "managedFields": list(entries),
    }
    return MANIFEST | {"metadata": metadata}


def entry(fields: dict, manager: str = "roadstead", operation: str = "Apply") -> dict:
    return {"manager": manager, "operation": operation, "apiVersion": "apps/v1", "fieldsV1": fields}


def owned_after(pointers: list[str]) -> dict:
    patch = release.give_up(live(entry(OWNED), entry({}, "hpa", "Update")), MANIFEST, pointers)
    patched = patches.json_patch(live(entry(OWNED), entry({}, "hpa", "Update")), patch)
    assert len(patched["metadata"]["managedFields"]) == 2
    return patched["metadata"]["managedFields"][0]["fieldsV1"]


def test_a_scaled_field_is_forgotten_and_the_rest_stays_ours():
    after = owned_after(["/spec/replicas"])
    assert "f:replicas" not in after["f:spec"]
    assert after["f:metadata"] == OWNED["f:metadata"]


def test_an_index_means_the_manifests_item_whatever_its_place_in_the_live_list():
    containers = owned_after(["/spec/template/spec/containers/1/image"])["f:spec"]["f:template"]["f:spec"][
        "f:containers"
    ]
    assert containers == {
        'k:{"name":"side"}': {".": {}, "f:name": {}, "f:image": {}},
        'k:{"name":"web"}': {".": {}, "f:name": {}},
    }


def test_a_star_means_every_key():
    assert "f:annotations" not in owned_after(["/metadata/annotations/*"])["f:metadata"]


@pytest.mark.parametrize(
    "pointer", ["/spec/paused", "/spec/replicas/x", "/spec/template/spec/containers/9/image", "/"]
)
def test_what_we_do_not_own_needs_no_patch(pointer):
    assert release.give_up(live(entry(OWNED)), MANIFEST, [pointer]) is None


def test_an_object_that_we_never_applied_needs_no_patch():
    assert release.give_up(live(entry(OWNED, "helm")), MANIFEST, ["/spec/replicas"]) is None


@pytest.mark.parametrize(
    ("pointers", "read", "found"),
    [
        pytest.param(["/spec/replicas"], lambda m: m["spec"].get("replicas"), None, id="a field"),
        pytest.param(["/spec/absent/too"], lambda m: m, MANIFEST, id="a field that is not there"),
        pytest.param(
            ["/metadata/annotations/b~1c"],
            lambda m: m["metadata"]["annotations"],
            {"a": "1"},
            id="an escaped key",
        ),
        pytest.param(["/metadata/annotations/*"], lambda m: m["metadata"]["annotations"], {}, id="every key"),
        pytest.param(
            ["/spec/template/spec/containers/0/image"],
            lambda m: m["spec"]["template"]["spec"]["containers"][0],
            {"name": "side"},
            id="a field of a list item",
        ),
        pytest.param(
            ["/spec/template/spec/containers/0"],
            lambda m: [c["name"] for c in m["spec"]["template"]["spec"]["containers"]],
            ["web"],
            id="a list item",
        ),
    ],
)
def test_what_is_left_to_others_is_not_sent(pointers, read, found):
    assert read(release.strip(MANIFEST, pointers)) == found


def test_a_dry_run_is_read_as_if_the_field_had_been_given_up_first():
    scaled = live(entry(OWNED)) | {"spec": MANIFEST["spec"] | {"replicas": 7}}
    result = live() | {"spec": MANIFEST["spec"] | {"replicas": 1}}
    assert release.kept(scaled, MANIFEST, ["/spec/replicas"], result)["spec"] == scaled["spec"]


def test_replicas_that_a_workload_does_not_name_are_left_to_who_scales_it():
    without = release.strip(MANIFEST, ["/spec/replicas"])
    assert release.left(without, ["/spec/paused"]) == ("/spec/paused", "/spec/replicas")
    assert release.left(MANIFEST) == ()
    assert release.left(without | {"kind": "DaemonSet"}) == ()


def test_an_orphan_loses_our_label_and_our_entry_and_nothing_else():
    obj = live(entry(OWNED), entry({"f:status": {}}, "controller", "Update"))
    after = patches.json_patch(obj, release.orphan(obj))["metadata"]
    assert after["labels"] == {"kept": "y"}
    assert [one["manager"] for one in after["managedFields"]] == ["controller"]


def test_an_orphan_that_only_we_managed_is_left_without_managers():
    obj = live(entry(OWNED))
    assert patches.json_patch(obj, release.orphan(obj))["metadata"]["managedFields"] == [{}]
