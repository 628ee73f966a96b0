"""Where Bundles go, what waits for what, and selectors that match nothing."""

import pytest

from roadstead.model.facts import Facts
from roadstead.model.ids import Key
from tests.stages.fleet import trees

CLUSTERS = """
kind: Cluster
metadata: {name: dev, labels: {region: eu}}
spec: {profiles: [development]}
---
kind: Cluster
metadata: {name: prod, labels: {region: us}}
spec: {profiles: [production, aws]}
---
kind: Cluster
metadata: {name: old}
spec: {profiles: [production], state: retired}
---
kind: Profile
metadata: {name: development}
spec: {labels: {tier: development}}
---
kind: Profile
metadata: {name: production}
spec: {labels: {tier: production, region: none}, baseline: {bundles: [ingress, monitoring]}}
---
kind: Profile
metadata: {name: aws}
spec: {labels: {provider: aws}, baseline: {bundles: [csi], gate: none}}
---
kind: Bundle
metadata: {name: ingress}
spec: {source: {path: ../apps/web}, dependsOn: [{bundle: certificates}]}
---
kind: Bundle
metadata: {name: monitoring}
spec: {source: {path: ../apps/web}, clusters: {names: [dev]}}
---
kind: Bundle
metadata: {name: csi}
spec: {source: {path: ../apps/web}}
---
kind: Bundle
metadata: {name: certificates}
spec: {source: {path: ../apps/web}, clusters: {all: true}}
"""
BUNDLE = "---\nkind: Bundle\nmetadata: {name: web}\nspec: {source: {path: ../apps/web}, clusters: %s}\n"


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("{all: true}", ["dev", "prod"]),
        ("{names: [dev]}", ["dev"]),
        ("{all: true, except: {names: [dev]}}", ["prod"]),
        ("{matchLabels: {tier: production}}", ["prod"]),
        ("{matchLabels: {region: us}}", ["prod"]),
        ("{matchExpressions: [{key: provider, operator: Exists}]}", ["prod"]),
        ("{matchExpressions: [{key: provider, operator: NotIn, values: [aws]}]}", ["dev"]),
        ("{all: true, except: {matchLabels: {tier: production}}}", ["dev"]),
        ("{names: [dev, prod], matchLabels: {tier: production}}", ["prod"]),
    ],
)
def test_a_bundle_goes_where_its_selector_says_but_never_to_a_retired_cluster(selector, expected):
    resolution = trees.resolved(CLUSTERS + BUNDLE % selector)
    assert trees.told(resolution.problems) == []
    assert [key.cluster for key in resolution.assignments if key.bundle == "web"] == expected


def test_a_baseline_assigns_its_bundles_whatever_they_select():
    assert trees.pairs(trees.resolved(CLUSTERS)) == [
        "certificates@dev",
        "certificates@prod",
        "csi@prod",
        "ingress@prod",
        "monitoring@dev",
        "monitoring@prod",
    ]


def waits(bundle, cluster, text=CLUSTERS + BUNDLE % "{all: true}"):
    one = trees.resolved(text).assignments[Key(bundle, cluster)]
    return one.depends_on, one.joining


def test_on_a_cluster_that_joins_the_others_wait_once_for_the_baseline():
    assert waits("web", "prod") == (("ingress", "monitoring"), ("ingress", "monitoring"))
    assert waits("web", "dev") == ((), ())


def test_what_a_bundle_depends_on_anyway_it_does_not_wait_for_only_once():
    more = BUNDLE.replace("clusters: %s", "clusters: {all: true}, dependsOn: [{bundle: ingress}]")
    assert waits("web", "prod", CLUSTERS + more) == (("ingress", "monitoring"), ("monitoring",))


def test_nothing_waits_for_a_baseline_without_a_gate():
    assert "csi" not in waits("web", "prod")[0]


def test_the_baseline_does_not_wait_for_itself_nor_what_it_needs_for_it():
    assert waits("monitoring", "prod") == ((), ())
    assert waits("certificates", "prod") == ((), ())
    assert waits("ingress", "prod") == (("certificates",), ())


def test_a_dependency_counts_only_where_it_goes():
    more = BUNDLE.replace("clusters: %s", "clusters: {all: true}, dependsOn: [{bundle: csi}]")
    assert waits("web", "dev", CLUSTERS + more) == ((), ())
    assert waits("web", "prod", CLUSTERS + more) == (
        ("csi", "ingress", "monitoring"),
        ("ingress", "monitoring"),
    )


def test_labels_from_facts_can_be_selected():
    facts = {"dev": Facts("dev", "1.36.1", labels={"roadstead.dev/minor": "36"})}
    text = CLUSTERS + BUNDLE % "{matchLabels: {roadstead.dev/minor: '36'}}"
    resolution = trees.resolved(trees.loaded(text), facts=facts)
    assert [key.cluster for key in resolution.assignments if key.bundle == "web"] == ["dev"]
    assert resolution.assignments[Key("web", "dev")].cluster_labels["roadstead.dev/minor"] == "36"


HOLD = "until: '2026-12-01T18:00Z', owner: a, reason: b"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            BUNDLE % "{matchLabels: {region: asia}}",
            "spec.clusters: no cluster matches",
            id="a Bundle that goes nowhere",
        ),
        pytest.param(
            BUNDLE.replace("%s", "{names: [dev]}, overrides: [{clusters: {names: [prod]}}]"),
            "spec.overrides[0].clusters: of the clusters that match, none has the Bundle",
            id="an override where the Bundle is not",
        ),
        pytest.param(
            "---\nkind: Pin\nmetadata: {name: p}\nspec: {bundle: csi, clusters: {names: [dev]}}\n",
            "spec.clusters: of the clusters that match, none has the Bundle",
            id="a Pin where the Bundle is not",
        ),
        pytest.param(
            f"---\nkind: Hold\nmetadata: {{name: h}}\nspec: {{bundles: [csi], clusters: {{names: [dev]}}, do: freeze, {HOLD}}}\n",
            "spec.clusters: of the clusters that match, none has the Bundle",
            id="a Hold where the Bundle is not",
        ),
        pytest.param(
            "---\nkind: Cluster\nmetadata: {name: c}\nspec: {bundles: {csi: {}}}\n",
            "spec.bundles.csi: the Bundle does not go to this cluster: found csi",
            id="a Cluster's values for a Bundle that it has not",
        ),
    ],
)
def test_a_selector_that_matches_nothing_gets_a_warning(text, expected):
    [problem] = trees.resolved(CLUSTERS + text).problems
    assert (str(problem.severity), str(problem.reason)) == ("warning", "SelectsNothing")
    assert f"{problem.place.field}: {problem.cause}" == expected
