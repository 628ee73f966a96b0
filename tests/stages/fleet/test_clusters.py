"""Clusters as the documents say they are."""

import pytest

from roadstead.model.facts import Facts
from roadstead.model.fleet import AccessKind, ClusterAccess, ClusterState
from tests.stages.fleet import trees

TEXT = """
kind: Cluster
metadata: {name: one, labels: {b: own, c: own}, formerNames: [uno]}
spec: {profiles: [first, second], kubernetes: "1.36", identity: x1, state: standby}
---
kind: Profile
metadata: {name: first}
spec: {labels: {a: first, b: first}}
---
kind: Profile
metadata: {name: second}
spec: {labels: {a: second, d: second}}
"""


def test_labels_are_those_of_the_profiles_in_order_then_the_clusters_then_what_facts_tell():
    facts = {"one": Facts("one", "1.36.0", labels={"roadstead.dev/minor": "36"})}
    one = trees.resolved(trees.loaded(TEXT), facts=facts).clusters["one"]
    assert one.labels == {"a": "second", "b": "own", "c": "own", "d": "second", "roadstead.dev/minor": "36"}


def test_a_cluster_that_nobody_asked_has_the_minor_that_its_document_assumes():
    assert trees.resolved(TEXT).clusters["one"].labels["roadstead.dev/minor"] == "1.36"


def test_the_rest_is_taken_from_the_document():
    one = trees.resolved(TEXT).clusters["one"]
    assert (one.state, one.kubernetes, one.identity) == (ClusterState.STANDBY, "1.36", "x1")
    assert (one.profiles, one.former_names) == (("first", "second"), ("uno",))
    assert str(one.place) == "fleet/all.yaml:1"


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        ("", ClusterAccess(AccessKind.CONTEXT, "one")),
        ("context: gke_x_y", ClusterAccess(AccessKind.CONTEXT, "gke_x_y")),
        ("provider: corporate", ClusterAccess(AccessKind.PROVIDER, "corporate")),
        ("secret: {namespace: ns, name: s}", ClusterAccess(AccessKind.SECRET, "ns/s/value")),
        ("inCluster: true", ClusterAccess(AccessKind.IN_CLUSTER)),
        ("agent: true", ClusterAccess(AccessKind.AGENT)),
    ],
)
def test_the_way_to_a_cluster(access, expected):
    spec = f"{{access: {{{access}}}}}" if access else "{}"
    assert (
        trees.resolved(f"kind: Cluster\nmetadata: {{name: one}}\nspec: {spec}\n").clusters["one"].access
        == expected
    )
