"""What must be one of a kind, and what must not go in circles."""

import pytest

from roadstead.stages.fleet import load
from tests.stages.fleet import trees
from tests.stages.fleet.trees import Files, documents

BUNDLE = (
    "kind: Bundle\nmetadata: {name: %s}\nspec: {source: {path: ../apps/web}, clusters: {all: true}, %s}\n"
)
CLUSTER = "kind: Cluster\nmetadata: {name: %s}\nspec: {%s}\n"


def told(*parts):
    resolution = trees.resolved("---\n".join(parts))
    return [f"{one.place.field}: {one.reason}: {one.cause}" for one in resolution.problems]


def test_two_clusters_cannot_be_one():
    assert told(CLUSTER % ("a", "identity: x1"), CLUSTER % ("b", "identity: x1")) == [
        "spec.identity: Duplicate: the Cluster a has this identity too: found x1"
    ]


def test_two_clusters_cannot_be_reached_the_same_way():
    assert told(CLUSTER % ("a", ""), CLUSTER % ("b", "access: {context: a}")) == [
        "spec.access: Duplicate: the Cluster a is reached the same way: found context a"
    ]


def test_content_by_default_belongs_to_one_bundle():
    bundle = "kind: Bundle\nmetadata: {name: %s}\nspec: {clusters: {all: true}}\n"
    assert told(CLUSTER % ("a", ""), bundle % "x", bundle % "z") == [
        "spec: Duplicate: the Bundle x has the same folder as content: found fleet"
    ]


def test_a_bundle_in_the_root_file_names_its_content():
    text = documents(
        "kind: Fleet\nmetadata: {name: shop}\n---\nkind: Cluster\nmetadata: {name: a}\n---\n"
        "kind: Bundle\nmetadata: {name: x}\nspec: {clusters: {all: true}}\n"
    )
    resolution = trees.resolved(load.load(Files({"roadstead.yaml": text})))
    assert trees.told(resolution.problems) == [
        "roadstead.yaml:12:1: spec: BadDocument: content by default is the document's folder, the whole repository: "
        "found roadstead.yaml"
    ]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param(
            ["kind: Cluster\nmetadata: {name: new, formerNames: [old]}\n"],
            [],
            id="a renamed cluster",
        ),
        pytest.param(
            ["kind: Cluster\nmetadata: {name: new, formerNames: [old]}\n", CLUSTER % ("old", "")],
            ["metadata.formerNames[0]: Duplicate: a Cluster has this name now: old"],
            id="a former name that is somebody's name",
        ),
        pytest.param(
            [
                "kind: Bundle\nmetadata: {name: a, formerNames: [old]}\nspec: {source: {path: ../apps/web}, "
                "clusters: {all: true}}\n",
                "kind: Bundle\nmetadata: {name: b, formerNames: [older, old]}\nspec: {source: {path: ../apps/web}, "
                "clusters: {all: true}}\n",
                CLUSTER % ("one", ""),
            ],
            ["metadata.formerNames[1]: Duplicate: the Bundle a had this name too: old"],
            id="a former name of two",
        ),
    ],
)
def test_a_former_name_leads_to_one_document(parts, expected):
    assert told(*parts) == expected


def test_bundles_of_one_group_travel_one_way():
    rollouts = [
        f"kind: Rollout\nmetadata: {{name: {name}}}\nspec: {{waves: [{{name: all, clusters: {{all: true}}}}]}}\n"
        for name in ("x", "z")
    ]
    found = told(
        CLUSTER % ("one", ""),
        BUNDLE % ("a", "group: g, rollout: x"),
        BUNDLE % ("b", "group: g, rollout: z"),
        BUNDLE % ("c", "group: h, rollout: z"),
        *rollouts,
    )
    assert [one for one in found if "NoEffectYet" not in one] == [
        "spec.rollout: Contradiction: Bundles of one group have one Rollout; a has x: found z"
    ]


def test_bundles_that_need_each_other_are_told_each():
    found = told(
        CLUSTER % ("one", ""),
        BUNDLE % ("a", "dependsOn: [{bundle: b}]"),
        BUNDLE % ("b", "dependsOn: [{bundle: c}]"),
        BUNDLE % ("c", "dependsOn: [{bundle: a}]"),
        BUNDLE % ("d", "dependsOn: [{bundle: d}]"),
        BUNDLE % ("e", "dependsOn: [{bundle: a}]"),
    )
    circles = [one.partition("each other: ")[2] for one in found]
    assert [one for one in found if "DependencyCycle" not in one] == []
    assert sorted(map(len, (circle.split(" needs ") for circle in circles))) == [2, 4, 4, 4]
    assert "d needs d" in circles


def test_what_needs_a_circle_stays_as_it_is():
    resolution = trees.resolved(
        "---\n".join(
            [
                CLUSTER % ("one", ""),
                BUNDLE % ("a", "dependsOn: [{bundle: a}]"),
                BUNDLE % ("b", "dependsOn: [{bundle: a}]"),
                BUNDLE % ("c", ""),
            ]
        )
    )
    assert trees.pairs(resolution) == ["c@one"]
    assert sorted(str(key) for key in resolution.blocked) == ["a@one", "b@one"]


def test_a_missing_selector_is_never_all():
    text = "kind: Bundle\nmetadata: {name: x}\nspec: {source: {path: ../apps/web}}\n"
    assert told(CLUSTER % ("one", ""), text) == [
        "spec.clusters: BadSelector: a selector is required, since no Profile's baseline names this Bundle: found none"
    ]
    profile = "kind: Profile\nmetadata: {name: p}\nspec: {baseline: {bundles: [x]}}\n"
    assert told(CLUSTER % ("one", ""), text, profile) == []
