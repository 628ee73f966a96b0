"""Labels and the Fleet's vocabulary."""

import pytest

from tests.stages.fleet import trees
from tests.stages.fleet.trees import documents

FLEET = documents(
    "kind: Fleet\nmetadata: {name: shop}\n"
    "spec: {labels: {tier: [development, production], provider: [aws, gcp], team: []}}\n"
)
BASE = """
kind: Cluster
metadata: {name: one, labels: {tier: production, region: eu-1}}
---
kind: Profile
metadata: {name: aws}
spec: {labels: {provider: aws}}
---
"""
BUNDLE = "kind: Bundle\nmetadata: {name: web}\nspec: {source: {path: ../apps/web}, clusters: %s}\n"


def told(text):
    resolution = trees.resolved(trees.loaded(BASE + text, fleet=FLEET))
    found = [
        one
        for one in resolution.problems
        if str(one.reason) in ("BadLabel", "SelectsNothing", "FactsMissing")
    ]
    return [f"{one.severity}: {one.place.field}: {one.reason}: {one.cause} | {one.hint}" for one in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "kind: Cluster\nmetadata: {name: two, labels: {tier: prodution}}",
            [
                "error: metadata.labels.tier: BadLabel: the vocabulary has development, production: found prodution | "
                "did you mean production?"
            ],
            id="a mistyped value",
        ),
        pytest.param(
            "kind: Cluster\nmetadata: {name: two, labels: {teir: production}}",
            [
                "error: metadata.labels.teir: BadLabel: no key of the vocabulary, but nearly one: teir | "
                "did you mean tier? If not, add teir to spec.labels of the Fleet"
            ],
            id="a mistyped key",
        ),
        pytest.param(
            "kind: Profile\nmetadata: {name: p}\nspec: {labels: {provider: azure}}",
            [
                "error: spec.labels.provider: BadLabel: the vocabulary has aws, gcp: found azure | "
                "correct it, or add it to spec.labels of the Fleet"
            ],
            id="a value that the vocabulary does not have, in a Profile",
        ),
        pytest.param(
            "kind: Cluster\nmetadata: {name: two, labels: {canary: 'true'}}", [], id="another key is free"
        ),
        pytest.param(
            "kind: Cluster\nmetadata: {name: two, labels: {team: x}}", [], id="a key without values has any"
        ),
        pytest.param(
            "kind: Cluster\nmetadata: {name: two, labels: {roadstead.dev/minor: '36'}}",
            [
                'error: metadata.labels["roadstead.dev/minor"]: BadLabel: labels of roadstead.dev/ are computed from '
                "facts: roadstead.dev/minor | choose another key"
            ],
            id="computed labels are not set by people",
        ),
        pytest.param(
            BUNDLE % "{matchLabels: {tier: prod}}",
            [
                "error: spec.clusters.matchLabels.tier: BadLabel: the vocabulary has development, production: found prod"
                " | did you mean production?",
                "warning: spec.clusters: SelectsNothing: no cluster matches | "
                "check the labels with `roadstead get clusters --labels`",
            ],
            id="a selector's value",
        ),
        pytest.param(
            BUNDLE % "{all: true, except: {matchLabels: {regoin: eu-1}}}",
            [
                "error: spec.clusters.except.matchLabels.regoin: BadLabel: no cluster has this label: regoin | "
                "did you mean region?"
            ],
            id="a key in an exception, which would silently except nothing",
        ),
        pytest.param(
            BUNDLE % "{matchExpressions: [{key: tier, operator: NotIn, values: [develop]}]}",
            [
                "error: spec.clusters.matchExpressions[0].values[0]: BadLabel: the vocabulary has development, "
                "production: found develop | did you mean development?"
            ],
            id="an expression's value",
        ),
        pytest.param(
            BUNDLE % "{matchExpressions: [{key: zzzzzz, operator: DoesNotExist}]}",
            [
                "warning: spec.clusters.matchExpressions[0].key: SelectsNothing: no cluster has this label: zzzzzz | "
                "check the labels with `roadstead get clusters --labels`"
            ],
            id="a key that no cluster has",
        ),
        pytest.param(
            BUNDLE % "{matchLabels: {roadstead.dev/minor: '36'}}",
            [
                "warning: spec.clusters: SelectsNothing: no cluster matches | "
                "check the labels with `roadstead get clusters --labels`",
                "warning: spec.clusters: FactsMissing: roadstead.dev/minor is not known of clusters that were never "
                "asked: one | run `roadstead facts`, or set spec.kubernetes in its Cluster",
            ],
            id="computed labels may be asked for",
        ),
        pytest.param(
            BUNDLE % "{matchLabels: {roadstead.dev/minr: '36'}}",
            [
                'error: spec.clusters.matchLabels["roadstead.dev/minr"]: BadLabel: no label is computed under this '
                "name: roadstead.dev/minr | did you mean roadstead.dev/minor?",
                "warning: spec.clusters: SelectsNothing: no cluster matches | "
                "check the labels with `roadstead get clusters --labels`",
            ],
            id="a computed label that there is not",
        ),
    ],
)
def test_labels_follow_the_vocabulary(text, expected):
    assert sorted(told(text)) == sorted(expected)


def test_a_label_that_a_broken_cluster_may_have_is_not_missed():
    broken = "kind: Cluster\nmetadata: {name: two, labels: {zzzzzz: a}}\nspec: {x: 1}\n---\n"
    assert told(broken + BUNDLE % "{matchLabels: {zzzzzz: a}}") == []


def test_without_a_vocabulary_every_label_is_free():
    found = trees.loaded(BASE + "kind: Cluster\nmetadata: {name: two, labels: {teir: x}}\n")
    assert trees.told(trees.resolved(found).problems) == []
