"""Namespaces of simulated clusters."""

from __future__ import annotations

import pytest

from roadstead.sim import writing
from roadstead.sim.status import ApiError
from roadstead.sim.writes import Write
from tests.sim.controllers.conftest import condition, workload


def test_a_namespace_has_an_account_and_a_bundle_from_its_beginning(stage):
    assert stage.names("v1", "ServiceAccount") == ["default"]
    assert stage.names("v1", "ConfigMap") == ["kube-root-ca.crt"]


def test_the_account_comes_again_when_somebody_deletes_it(stage):
    stage.one.delete("v1", "ServiceAccount", "default", namespace="shop")
    stage.advance(0)
    assert stage.names("v1", "ServiceAccount") == ["default"]


def test_a_deleted_namespace_is_gone_with_all_that_was_in_it(stage):
    stage.apply(workload(replicas=2))
    stage.advance(10)
    stage.one.delete("v1", "Namespace", "shop")
    stage.advance(10)
    assert stage.get("v1", "Namespace", "shop", "") is None
    for api_version, kind in (("v1", "Pod"), ("apps/v1", "Deployment"), ("v1", "ConfigMap")):
        assert stage.list(api_version, kind) == []


def test_a_namespace_says_what_it_waits_for_and_goes_once_that_is_gone(stage):
    metadata = {"name": "stays", "namespace": "shop", "finalizers": ["example.com/stay"]}
    stage.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    stage.one.delete("v1", "Namespace", "shop")
    stage.advance(10)
    found = stage.get("v1", "Namespace", "shop", "")
    assert condition(found, "NamespaceContentRemaining")["message"] == (
        "Some resources are remaining: configmaps. has 1 resource instances"
    )
    assert condition(found, "NamespaceFinalizersRemaining")["message"] == (
        "Some content in the namespace has finalizers remaining: example.com/stay in 1 resource instances"
    )
    assert stage.names("v1", "ConfigMap") == ["stays"]
    stage.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**metadata, "finalizers": []}})
    stage.advance(10)
    assert stage.get("v1", "Namespace", "shop", "") is None


def test_what_is_there_and_goes_is_named_so_to_who_creates_it(stage):
    metadata = {"name": "stays", "namespace": "shop", "finalizers": ["example.com/stay"]}
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    stage.apply(document)
    stage.one.delete("v1", "ConfigMap", "stays", namespace="shop")
    cluster = stage.one.cluster
    write = Write(cluster, cluster.builtin("configmaps"), "shop")
    with pytest.raises(ApiError, match='object is being deleted: configmaps "stays" already exists'):
        writing.create(write, document)
