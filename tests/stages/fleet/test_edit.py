"""Edits that machines make to what people wrote."""

from textwrap import dedent

import pytest

from roadstead.model import errors
from roadstead.model.fleet import AccessKind, ClusterAccess
from roadstead.stages.fleet import edit, example, load, schema
from roadstead.stages.fleet.edit import NewCluster
from tests.stages.fleet import trees
from tests.stages.fleet.trees import FLEET, Files, documents

UID = "3f0c9a52-0000-4000-8000-000000000000"


def added(files, new, *, path=""):
    tree = Files(files)
    done = edit.add_cluster(load.load(tree), tree, new, path=path)
    after = load.load(Files({**tree.files, done.path: done.content}))
    return done, after


def test_a_new_cluster_gets_a_file_of_its_own():
    done, after = added({"roadstead.yaml": FLEET}, NewCluster("prod", "prod", UID, kubernetes="1.37"))
    assert (done.path, done.created) == ("fleet/clusters/prod.yaml", True)
    assert done.content.decode() == dedent(f"""\
        apiVersion: roadstead.dev/v1alpha1
        kind: Cluster
        metadata:
          name: prod
        spec:
          kubernetes: '1.37'
          identity: {UID}
        """)
    assert after.faults == ()


def test_it_stands_beside_the_others_with_their_hint():
    files = example.files("shop", {"dev": "kind-dev"})
    done, after = added(
        files, NewCluster("prod", "kind-prod", UID, profiles=["production"], labels={"region": "eu"})
    )
    assert done.path == "fleet/clusters/prod.yaml"
    assert done.content.decode().startswith(schema.hint(done.path) + "\n")
    cluster = trees.resolved(after).clusters["prod"]
    assert cluster.access == ClusterAccess(AccessKind.CONTEXT, "kind-prod")
    assert cluster.labels == {"tier": "production", "region": "eu"}


def test_other_clusters_say_where():
    files = {"roadstead.yaml": FLEET, "fleet/sites/a.yaml": documents("kind: Cluster\nmetadata: {name: a}\n")}
    assert added(files, NewCluster("b", "b", UID))[0].path == "fleet/sites/b.yaml"


def test_a_fleet_in_a_folder_of_its_repository_gets_it_there():
    files = example.files("shop", {"dev": "kind-dev"})
    tree = Files({f"eu/west/{path}": data for path, data in files.items()})
    found = load.load(tree, prefix="eu/west")
    beside = edit.add_cluster(found, tree, NewCluster("prod", "prod", UID))
    assert beside.path == "eu/west/fleet/clusters/prod.yaml"
    assert beside.content.decode().startswith(schema.hint("fleet/clusters/prod.yaml") + "\n")
    named = edit.add_cluster(found, tree, NewCluster("prod", "prod", UID), path="fleet/prod.yaml")
    assert named.path == "eu/west/fleet/prod.yaml"


def test_a_file_with_other_documents_keeps_them():
    files = {"roadstead.yaml": FLEET + "# the end, without a newline"}
    done, after = added(files, NewCluster("b", "b", UID), path="roadstead.yaml")
    assert done.content.decode().startswith(FLEET + "# the end, without a newline\n---\n")
    assert [*after.clusters] == ["b"]


WRITTEN = """\
# our first site
apiVersion: roadstead.dev/v1alpha1
kind: Cluster
metadata:
  name: one   # keep
  labels: {region: 'eu'}
spec:
  profiles:
    - production  # later wins
    - aws
  # rebuilt every spring
  identity: old
  variables:
    domain: "eu.example"
"""
REST = """\
---
# another
apiVersion: roadstead.dev/v1alpha1
kind: Profile
metadata: {name:   production}
--- # and one more
apiVersion: roadstead.dev/v1alpha1
kind: Profile
metadata: {name: aws}
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("", "", id="a file of its own"),
        pytest.param("", REST, id="the first of several"),
        pytest.param(REST + "---\n", "", id="the last of several"),
        pytest.param("---\n", REST, id="after a separator"),
    ],
)
def test_an_old_cluster_gets_a_new_identity_and_nothing_else_changes(before, after):
    files = {"roadstead.yaml": FLEET, "fleet/all.yaml": before + WRITTEN + after}
    if not after and not before:
        files["fleet/rest.yaml"] = REST.removeprefix("---\n")
    done, found = added(files, NewCluster("one", "one", UID))
    assert (done.path, done.created) == ("fleet/all.yaml", False)
    assert done.content.decode() == before + WRITTEN.replace("identity: old", f'identity: "{UID}"') + after
    assert found.clusters["one"].model.spec.identity == UID


def test_an_old_cluster_gets_what_it_had_not():
    files = {"roadstead.yaml": FLEET, "fleet/all.yaml": documents("kind: Cluster\nmetadata: {name: one}\n")}
    _, after = added(files, NewCluster("one", "yes", UID, kubernetes="1.30", labels={"region": "eu"}))
    assert after.faults == ()
    one = trees.resolved(after).clusters["one"]
    assert (one.kubernetes, one.identity, one.access.name, one.labels) == (
        "1.30",
        UID,
        "yes",
        {"region": "eu", "roadstead.dev/minor": "1.30"},
    )


def test_wide_indents_stay():
    text = "apiVersion: roadstead.dev/v1alpha1\nkind: Cluster\nmetadata:\n    name: one\nspec:\n    identity: x\n"
    done, _ = added({"roadstead.yaml": FLEET, "fleet/a.yaml": text}, NewCluster("one", "one", UID))
    assert done.content.decode() == text.replace("identity: x", f'identity: "{UID}"')


@pytest.mark.parametrize(
    ("files", "path", "expected"),
    [
        pytest.param({}, "clusters/b.yaml", "BadArgument: the Fleet scans fleet/**/*.yaml for documents: found "
                     "clusters/b.yaml", id="where nobody would look for it"),
        pytest.param({}, "fleet/b.yml", "BadArgument: the Fleet scans fleet/**/*.yaml for documents: found "
                     "fleet/b.yml", id="with another ending"),
        pytest.param({}, "fleet/../../b.yaml", "BadArgument: the Fleet scans fleet/**/*.yaml for documents: found "
                     "../b.yaml", id="outside of the repository"),
        pytest.param({"fleet/b.yaml": documents("kind: Cluster\nmetadata: {name: b}\nspec: {x: 1}\n")}, "",
                     "BadDocument: the document of the Cluster b has errors: found at fleet/b.yaml:4:8: spec.x",
                     id="whose document is broken"),
    ],
)  # fmt: skip
def test_a_cluster_is_not_added(files, path, expected):
    tree = Files({"roadstead.yaml": FLEET, **files})
    with pytest.raises(errors.UsageError) as caught:
        edit.add_cluster(load.load(tree), tree, NewCluster("b", "b", UID), path=path)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "path", "scanned"),
    [
        ("fleet/**/*.yaml", "fleet/a.yaml", True),
        ("fleet/**/*.yaml", "fleet/b/c/a.yaml", True),
        ("fleet/*.yaml", "fleet/b/a.yaml", False),
        ("**/cluster.yaml", "x/y/cluster.yaml", True),
        ("clusters/*/c.yaml", "clusters/a/c.yaml", True),
    ],
)
def test_patterns_decide_where_a_document_is_found(pattern, path, scanned):
    fleet = documents(f"kind: Fleet\nmetadata: {{name: shop}}\nspec: {{documents: ['{pattern}']}}\n")
    tree = Files({"roadstead.yaml": fleet})
    if scanned:
        assert edit.add_cluster(load.load(tree), tree, NewCluster("b", "b", UID), path=path).path == path
    else:
        with pytest.raises(errors.UsageError):
            edit.add_cluster(load.load(tree), tree, NewCluster("b", "b", UID), path=path)
