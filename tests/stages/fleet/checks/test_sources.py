"""What a Source's repository may do."""

import pytest

from roadstead.model.ids import GroupKind, Key
from roadstead.stages.fleet import load
from tests.stages.fleet import trees
from tests.stages.fleet.trees import Files, documents

FLEET = """
kind: Cluster
metadata: {name: dev, labels: {tier: development}}
---
kind: Cluster
metadata: {name: prod, labels: {tier: production}}
---
kind: Bundle
metadata: {name: ingress}
spec: {source: {path: ../apps/web}, clusters: {all: true}}
---
kind: Rollout
metadata: {name: careful}
spec: {waves: [{name: all, clusters: {all: true}}]}
---
kind: Rollout
metadata: {name: bold}
spec: {waves: [{name: all, clusters: {all: true}}]}
---
kind: Source
metadata: {name: payments}
spec:
  git: {url: "https://git.example/payments"}
  documents: ["*.yaml"]
  allow:
    kinds: [Bundle, Pin, Hold]
    clusters: {matchLabels: {tier: development}}
    namespaces: [payments, "payments-*"]
    clusterScoped: [scheduling.k8s.io/PriorityClass]
    rollouts: [careful]
    actAs: payments/deployer
---
kind: Source
metadata: {name: charts}
spec: {git: {url: "https://git.example/charts"}}
"""
BUNDLE = "kind: Bundle\nmetadata: {name: api}\nspec: {clusters: {matchLabels: {tier: development}}, %s}\n"
HOLD = "until: '2026-12-01T18:00Z', owner: a, reason: b"


def resolved(text, fleet=FLEET):
    found = load.add_sources(
        trees.loaded(fleet), {"payments": Files({"app/a.yaml": documents(text), "a.yaml": documents(text)})}
    )
    return trees.resolved(found)


def refused(text):
    return [
        f"{one.place.field}: {one.cause}"
        for one in resolved(text).problems
        if str(one.reason) == "NotAllowed"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(BUNDLE % "rollout: careful", [], id="a Rollout that is allowed"),
        pytest.param(
            BUNDLE % "rollout: bold",
            ["spec.rollout: the Source payments allows rollouts: careful; found bold"],
            id="another Rollout",
        ),
        pytest.param(BUNDLE % "actAs: {serviceAccount: payments/deployer}", [], id="the account that it has"),
        pytest.param(
            BUNDLE % "actAs: {serviceAccount: kube-system/root}",
            [
                "spec.actAs.serviceAccount: the Source payments allows acting as: payments/deployer; "
                "found kube-system/root"
            ],
            id="another account",
        ),
        pytest.param(BUNDLE % "namespace: {name: payments-eu}", [], id="a namespace that a pattern allows"),
        pytest.param(
            BUNDLE % "namespace: {name: kube-system}",
            [
                "spec.namespace.name: the Source payments allows namespaces: payments, payments-*; found kube-system"
            ],
            id="another namespace",
        ),
        pytest.param(
            BUNDLE % "source: {source: charts}",
            ["spec.source.source: the Source payments allows content: its own and charts; found charts"],
            id="another repository's content",
        ),
        pytest.param(
            "kind: Pin\nmetadata: {name: p}\nspec: {bundle: ingress, clusters: {all: true}, images: {a: b}}\n",
            ["spec.bundle: the Source payments allows Pins for: payments/*; found ingress"],
            id="a Pin for the fleet's Bundle",
        ),
        pytest.param(
            f"kind: Hold\nmetadata: {{name: h}}\nspec: {{clusters: {{all: true}}, bundles: [ingress], do: freeze, {HOLD}}}",
            ["spec.bundles[0]: the Source payments allows Holds for: payments/*; found ingress"],
            id="a Hold for the fleet's Bundle",
        ),
    ],
)
def test_documents_of_a_source_stay_within_what_it_allows(text, expected):
    assert refused(text) == expected


def test_clusters_that_the_source_does_not_allow_are_refused_and_the_others_go_on():
    resolution = resolved("kind: Bundle\nmetadata: {name: api}\nspec: {clusters: {all: true}}\n")
    assert trees.told([one for one in resolution.problems if str(one.reason) == "NotAllowed"]) == [
        "payments:a.yaml:4:8: spec.clusters: prod payments/api: NotAllowed: the Source payments does not allow a "
        "cluster that it goes to"
    ]
    assert trees.pairs(resolution) == ["ingress@dev", "ingress@prod", "payments/api@dev"]
    assert [*resolution.blocked] == [Key("payments/api", "prod")]


def test_assignments_carry_what_the_source_allows():
    one = resolved(BUNDLE % "drift: {}").assignments[Key("payments/api", "dev")]
    assert one.allowed_namespaces == ("payments", "payments-*")
    assert one.allowed_cluster_scoped == (GroupKind("scheduling.k8s.io", "PriorityClass"),)
    assert one.act_as == "payments/deployer"


def test_content_of_a_source_is_restricted_in_the_fleets_bundles_too():
    fleet = FLEET + "---\n" + BUNDLE % "source: {source: payments, path: app}"
    one = resolved("", fleet).assignments[Key("api", "dev")]
    assert (one.source.source, one.source.path, one.home.source) == ("payments", "app", "")
    assert one.allowed_namespaces == ("payments", "payments-*")
    assert one.act_as == "payments/deployer"


def test_every_cluster_scoped_kind_can_be_allowed():
    fleet = FLEET.replace("scheduling.k8s.io/PriorityClass", '"*"')
    assert (
        resolved(BUNDLE % "drift: {}", fleet).assignments[Key("payments/api", "dev")].allowed_cluster_scoped
        is None
    )


def test_the_fleets_own_bundles_are_not_restricted():
    one = resolved("").assignments[Key("ingress", "dev")]
    assert (one.allowed_namespaces, one.allowed_cluster_scoped, one.act_as) == (None, None, "")


def test_a_source_with_documents_says_what_they_may_do():
    text = "kind: Source\nmetadata: {name: s}\nspec: {git: {url: ../s}, documents: [a.yaml]}\n"
    assert trees.told(trees.resolved(text).problems) == [
        "fleet/all.yaml:4:26: spec.documents: BadDocument: a Source with documents says what they may do: "
        "found no allow"
    ]


def test_a_wave_and_a_group_of_a_source_are_its_own():
    one = resolved(BUNDLE % "group: shop").assignments[Key("payments/api", "dev")]
    assert one.group == "payments/shop"


@pytest.mark.parametrize(
    ("spec", "other", "expected"),
    [
        ("source: {path: ../apps/web}", "version: '1'", "spec.overrides[0].source.version: a version is for a chart or artifact, "
         "and web lies in a repository: found 1"),
        ("source: {helm: {repository: 'https://c.example', chart: x, version: '1'}}", "revision: abcdef0",
         "spec.overrides[0].source.revision: a revision is for a repository, and web is a chart: found abcdef0"),
    ],
)  # fmt: skip
def test_a_version_fits_what_it_is_a_version_of(spec, other, expected):
    text = f"kind: Bundle\nmetadata: {{name: web}}\nspec: {{clusters: {{all: true}}, {spec}, overrides: [{{clusters: {{all: true}}, source: {{{other}}}}}]}}\n"
    found = [one for one in trees.resolved(text).problems if str(one.reason) == "BadDocument"]
    assert [f"{one.place.field}: {one.cause}" for one in found] == [expected]


def test_a_path_is_for_content_of_a_repository():
    text = (
        "kind: Bundle\nmetadata: {name: web}\nspec: {clusters: {all: true}, source: {helm: {repository: "
        "'https://c.example', chart: x, version: '1'}}, overrides: [{clusters: {all: true}, path: gcp}]}\n"
    )
    found = [one for one in trees.resolved(text).problems if str(one.reason) == "BadDocument"]
    assert [f"{one.place.field}: {one.cause}" for one in found] == [
        "spec.overrides[0].path: a path is for content of a repository: found a chart and the path gcp"
    ]
