"""Garbage collection in simulated clusters."""

from __future__ import annotations

import pytest

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget"},
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
        ],
    },
}


def config(name, *owners, **metadata):
    references = [
        {
            "apiVersion": each["apiVersion"],
            "kind": each["kind"],
            "name": each["metadata"]["name"],
            "uid": each["metadata"]["uid"],
            "blockOwnerDeletion": True,
        }
        for each in owners
    ]
    metadata = {"name": name, "namespace": "shop", **metadata}
    if references:
        metadata["ownerReferences"] = references
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def names(stage):
    return [name for name in stage.names("v1", "ConfigMap") if not name.startswith("kube-")]


def delete(stage, name, policy="Background"):
    stage.one.delete("v1", "ConfigMap", name, namespace="shop", policy=policy)
    stage.advance(0)


def test_what_is_owned_goes_after_its_owner(stage):
    top = stage.apply(config("top"))
    middle = stage.apply(config("middle", top))
    stage.apply(config("bottom", middle))
    delete(stage, "top")
    assert names(stage) == []


def test_what_another_one_owns_too_stays_and_forgets_the_first(stage):
    one, two = stage.apply(config("one")), stage.apply(config("two"))
    stage.apply(config("both", one, two))
    delete(stage, "one")
    assert names(stage) == ["both", "two"]
    assert [each["name"] for each in stage.get("v1", "ConfigMap", "both")["metadata"]["ownerReferences"]] == [
        "two"
    ]


def test_orphans_stay_and_forget_their_owner(stage):
    top = stage.apply(config("top"))
    stage.apply(config("below", top))
    delete(stage, "top", "Orphan")
    assert names(stage) == ["below"]
    assert "ownerReferences" not in stage.get("v1", "ConfigMap", "below")["metadata"]


def test_in_the_foreground_the_owner_waits_for_what_blocks_it(stage):
    top = stage.apply(config("top"))
    stage.apply(config("below", top, finalizers=["example.com/stay"]))
    delete(stage, "top", "Foreground")
    assert names(stage) == ["below", "top"]
    assert stage.get("v1", "ConfigMap", "top")["metadata"]["finalizers"] == ["foregroundDeletion"]
    stage.apply(config("below", top, finalizers=[]))
    stage.advance(0)
    assert names(stage) == []


@pytest.mark.parametrize("policy", ["Foreground", "Background", "Orphan"])
def test_an_owner_of_nothing_goes_at_once(stage, policy):
    stage.apply(config("top"))
    delete(stage, "top", policy)
    assert names(stage) == []


def test_what_is_made_for_an_owner_that_is_not_there_goes(stage):
    top = stage.apply(config("top"))
    delete(stage, "top")
    stage.apply(config("late", top))
    stage.advance(0)
    assert names(stage) == []


def test_what_custom_objects_own_goes_when_their_definition_goes(stage):
    stage.apply(CRD)
    widget = {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": "one", "namespace": "shop"},
    }
    stage.apply(config("below", stage.apply(widget)))
    stage.advance(0)
    assert names(stage) == ["below"]
    stage.one.delete("apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets.example.com")
    stage.advance(0)
    assert names(stage) == []


def test_an_owner_of_an_unknown_kind_is_believed(stage):
    stranger = {
        "apiVersion": "example.com/v1",
        "kind": "Stranger",
        "metadata": {"name": "s", "uid": "0a0a0a0a-0000-4000-8000-000000000000"},
    }
    stage.apply(config("below", stranger))
    stage.advance(60)
    assert names(stage) == ["below"]


def test_a_definition_waits_for_objects_that_are_held_and_goes_after_the_last(stage):
    stage.apply(CRD)
    metadata = {"name": "one", "namespace": "shop", "finalizers": ["example.com/stay"]}
    widget = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": metadata}
    stage.apply(widget)
    kind = ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "widgets.example.com")
    stage.one.delete(*kind)
    stage.advance(0)
    conditions = stage.get(*kind, "")["status"]["conditions"]
    assert conditions[-1]["reason"] == "InstanceDeletionInProgress"
    assert stage.get("example.com/v1", "Widget", "one")["metadata"]["deletionTimestamp"]
    stage.apply({**widget, "metadata": {**metadata, "finalizers": []}})
    stage.advance(0)
    assert stage.get(*kind, "") is None
