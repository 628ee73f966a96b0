"""Overrides and pins: what they change, where, and when they contradict each other."""

import pytest

from roadstead.model import reasons
from roadstead.model.assignment import Chart, PatchType, TreePath
from roadstead.model.errors import Problem
from roadstead.model.ids import GroupKind, Key
from roadstead.stages.fleet import load, resolve
from tests.stages.fleet import trees
from tests.stages.fleet.trees import Files, documents

BASE = """
kind: Cluster
metadata: {name: aws, labels: {provider: aws}}
---
kind: Cluster
metadata: {name: gcp, labels: {provider: gcp}}
---
kind: Bundle
metadata: {name: web}
spec:
  source: SOURCE
  clusters: {all: true}
  overrides: [OVERRIDES]
"""
CHART = "{helm: {repository: 'https://c.example', chart: web, version: 1.0.0}}"
GCP = "{clusters: {names: [gcp]}, %s}"
ALL = "{clusters: {all: true}, %s}"


def pin(name, clusters, content):
    return f"---\nkind: Pin\nmetadata: {{name: {name}}}\nspec: {{bundle: web, clusters: {clusters}, {content}}}\n"


def resolved(*overrides, source="{path: ../apps/web}", more=""):
    text = BASE.replace("SOURCE", source).replace("OVERRIDES", ", ".join(overrides)) + more
    files = {"apps/web/overlays/gcp/a.yaml": "", "apps/web/overlays/all/a.yaml": ""}
    return trees.resolved(trees.loaded(text, files=files))


def sources(resolution):
    return {one.cluster: one.source for one in resolution.assignments.values()}


def test_an_override_changes_the_path_on_its_clusters_only():
    resolution = resolved(GCP % "path: overlays/gcp")
    assert trees.told(resolution.problems) == []
    assert sources(resolution) == {
        "aws": TreePath("", "apps/web"),
        "gcp": TreePath("", "apps/web/overlays/gcp"),
    }


def test_all_that_match_apply_in_order():
    resolution = resolved(ALL % "path: overlays/all", GCP % "path: overlays/gcp")
    assert sources(resolution) == {
        "aws": TreePath("", "apps/web/overlays/all"),
        "gcp": TreePath("", "apps/web/overlays/gcp"),
    }


def test_an_override_adds_no_clusters():
    text = BASE.replace("clusters: {all: true}", "clusters: {names: [aws]}").replace(
        "SOURCE", "{path: ../apps/web}"
    )
    assert trees.pairs(trees.resolved(text.replace("OVERRIDES", ALL % "variables: {}"))) == ["web@aws"]


def test_patches_come_in_order_and_know_where_they_are_written():
    target = "target: {kind: apps/Deployment, name: web}"
    resolution = resolved(
        ALL % f"patches: [{{{target}, merge: {{spec: {{replicas: 2}}}}}}]",
        GCP
        % f"patches: [{{{target}, json: [{{op: remove, path: /spec/paused}}]}}, {{{target}, strategic: {{}}}}]",
    )
    found = resolution.assignments[Key("web", "gcp")].patches
    assert [(one.type, one.origin) for one in found] == [
        (PatchType.MERGE, "override 1 of Bundle web"),
        (PatchType.JSON, "override 2 of Bundle web"),
        (PatchType.STRATEGIC, "override 2 of Bundle web"),
    ]
    assert found[0].target.kind == GroupKind("apps", "Deployment")
    assert found[1].content == [{"op": "remove", "path": "/spec/paused"}]
    assert len(resolution.assignments[Key("web", "aws")].patches) == 1


def test_a_chart_gets_another_version():
    resolution = resolved(GCP % "source: {version: 1.5.0}", source=CHART)
    assert sources(resolution) == {
        "aws": Chart("https://c.example", "web", "1.0.0"),
        "gcp": Chart("https://c.example", "web", "1.5.0"),
    }


def test_a_pin_wins_over_an_override():
    resolution = resolved(
        GCP % "source: {version: 1.5.0}",
        source=CHART,
        more=pin("p", "{names: [gcp]}", "source: {version: 2.0.0}"),
    )
    assert sources(resolution)["gcp"] == Chart("https://c.example", "web", "2.0.0")


def test_a_pinned_revision_is_part_of_the_place_and_asked_from_the_snapshot():
    resolution = resolved(more=pin("p", "{names: [gcp]}", "source: {revision: 4be1c0de}"))
    assert sources(resolution) == {"aws": TreePath("", "apps/web"), "gcp": TreePath("@4be1c0de", "apps/web")}
    assert resolution.revisions == {("", "4be1c0de")}


def test_a_pinned_revision_of_a_source():
    more = "---\nkind: Source\nmetadata: {name: repo}\nspec: {git: {url: ../repo}}\n"
    resolution = resolved(
        source="{source: repo, path: deploy}",
        more=more + pin("p", "{all: true}", "source: {revision: 4be1c0de}"),
    )
    assert set(sources(resolution).values()) == {TreePath("repo@4be1c0de", "deploy")}
    assert resolution.revisions == {("repo", "4be1c0de")}


def test_a_pinned_revision_that_cannot_be_read_freezes_its_clusters_alone():
    text = BASE.replace("SOURCE", "{path: ../apps/web}").replace("OVERRIDES", "")
    found = trees.loaded(text + pin("p", "{names: [gcp]}", "source: {revision: 4be1c0de}"))
    unread = {"@4be1c0de": Problem(reasons.SOURCE_UNREADABLE, "there is no such commit: 4be1c0de")}
    resolution = resolve.resolve(found, now=trees.NOW, unread=unread)
    assert trees.pairs(resolution) == ["web@aws"]
    assert trees.told(resolution.problems) == ["gcp web: SourceUnreadable: there is no such commit: 4be1c0de"]


def test_a_pin_sets_images():
    image = "ghcr.io/shop/web:1.4.2@sha256:" + "0" * 64
    resolution = resolved(more=pin("p", "{names: [gcp]}", f"images: {{web: '{image}'}}"))
    assert resolution.assignments[Key("web", "gcp")].images == {"web": image}
    assert resolution.assignments[Key("web", "aws")].images == {}


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        ("images: {web: 'r/web:1'}", "images: {web: 'r/web:2'}", "image web"),
        ("source: {revision: 4be1c0de}", "source: {revision: deadbeef}", "source"),
    ],
)
def test_two_pins_that_say_different_things_are_an_error_where_they_meet(first, second, what):
    resolution = resolved(more=pin("one", "{all: true}", first) + pin("two", "{names: [gcp]}", second))
    assert trees.pairs(resolution) == ["web@aws"]
    [problem] = resolution.problems
    assert str(problem.reason) == "Contradiction"
    assert problem.cause == f"Pin one says otherwise about the same cluster: {what}"
    assert problem.cluster == "gcp"


def test_two_pins_that_agree_or_never_meet_are_none():
    same = "images: {web: 'r/web:1'}"
    other = "images: {web: 'r/web:2'}"
    resolution = resolved(
        more=pin("one", "{names: [aws]}", same)
        + pin("two", "{all: true, except: {names: [gcp]}}", same)
        + pin("three", "{names: [gcp]}", other)
    )
    assert trees.told(resolution.problems) == []


def test_a_pin_from_a_source_is_for_its_own_bundle():
    fleet = (
        "kind: Cluster\nmetadata: {name: one}\n---\n"
        "kind: Source\nmetadata: {name: pay}\nspec: {git: {url: ../p}, documents: ['*.yaml'], "
        "allow: {kinds: [Bundle, Pin], clusters: {all: true}}}\n"
    )
    team = documents(
        "kind: Bundle\nmetadata: {name: web}\nspec: {source: {path: .}, clusters: {all: true}}\n"
        + pin("p", "{all: true}", "images: {a: b}")
    )
    found = load.add_sources(trees.loaded(fleet), {"pay": Files({"a.yaml": team})})
    resolution = trees.resolved(found)
    assert trees.told(resolution.problems) == []
    assert resolution.assignments[Key("pay/web", "one")].images == {"a": "b"}
