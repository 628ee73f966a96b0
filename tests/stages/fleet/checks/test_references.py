"""Names of other documents: they exist, or the nearest right one is told."""

import pytest

from roadstead.stages.fleet import load
from tests.stages.fleet import trees
from tests.stages.fleet.trees import Files, documents

BASE = """
kind: Cluster
metadata: {name: one}
---
kind: Profile
metadata: {name: production}
---
kind: Bundle
metadata: {name: ingress}
spec: {source: {path: ../apps/web}, clusters: {all: true}}
---
kind: Rollout
metadata: {name: careful}
spec: {waves: [{name: all, clusters: {all: true}}]}
---
kind: Team
metadata: {name: sre}
spec: {}
---
"""
HOLD = "until: '2026-12-01T18:00Z', owner: a, reason: b"


def unknown(text, *, fleet="{}"):
    root = documents(f"kind: Fleet\nmetadata: {{name: shop}}\nspec: {fleet}\n")
    resolution = trees.resolved(trees.loaded(BASE + text, fleet=root))
    found = [one for one in resolution.problems if str(one.reason) == "UnknownReference"]
    return [f"{one.severity}: {one.place.field}: {one.cause} | {one.hint}" for one in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "kind: Cluster\nmetadata: {name: two}\nspec: {profiles: [producton]}",
            "error: spec.profiles[0]: no Profile of this name: producton | did you mean production?",
            id="a Cluster's Profile",
        ),
        pytest.param(
            "kind: Cluster\nmetadata: {name: two}\nspec: {bundles: {ingres: {}}}",
            "error: spec.bundles.ingres: no Bundle of this name: ingres | did you mean ingress?",
            id="a Cluster's Bundle",
        ),
        pytest.param(
            "kind: Profile\nmetadata: {name: p}\nspec: {baseline: {bundles: [ingress, ingres]}}",
            "error: spec.baseline.bundles[1]: no Bundle of this name: ingres | did you mean ingress?",
            id="a baseline's Bundle",
        ),
        pytest.param(
            "kind: Bundle\nmetadata: {name: b}\nspec: {clusters: {all: true}, dependsOn: [{bundle: ingres}]}",
            "error: spec.dependsOn[0].bundle: no Bundle of this name: ingres | did you mean ingress?",
            id="a dependency",
        ),
        pytest.param(
            "kind: Bundle\nmetadata: {name: b}\nspec: {clusters: {all: true}, rollout: carefull}",
            "error: spec.rollout: no Rollout of this name: carefull | did you mean careful?",
            id="a Bundle's Rollout",
        ),
        pytest.param(
            "kind: Bundle\nmetadata: {name: b}\nspec: {clusters: {all: true}, source: {source: nowhere}}",
            "error: spec.source.source: no Source of this name: nowhere | correct the name or add the document",
            id="content's Source",
        ),
        pytest.param(
            "kind: Bundle\nmetadata: {name: b}\nspec: {clusters: {names: [one, onn]}}",
            "error: spec.clusters.names[1]: no Cluster of this name: onn | did you mean one?",
            id="a selector's cluster",
        ),
        pytest.param(
            "kind: Bundle\nmetadata: {name: b}\nspec: {clusters: {all: true, except: {names: [onne]}}}",
            "error: spec.clusters.except.names[0]: no Cluster of this name: onne | did you mean one?",
            id="an exception's cluster",
        ),
        pytest.param(
            "kind: Pin\nmetadata: {name: p}\nspec: {bundle: ingres, clusters: {all: true}}",
            "error: spec.bundle: no Bundle of this name: ingres | did you mean ingress?",
            id="a Pin's Bundle",
        ),
        pytest.param(
            f"kind: Hold\nmetadata: {{name: h}}\nspec: {{clusters: {{all: true}}, bundles: [ingres], do: freeze, {HOLD}}}",
            "error: spec.bundles[0]: no Bundle of this name: ingres | did you mean ingress?",
            id="a Hold's Bundle",
        ),
        pytest.param(
            f"kind: Hold\nmetadata: {{name: h}}\nspec: {{clusters: {{all: true}}, bundles: [x-*], do: freeze, {HOLD}}}",
            "warning: spec.bundles[0]: no Bundle of this name: x-* | correct the name or add the document",
            id="a pattern that matches no Bundle",
        ),
        pytest.param(
            "kind: Source\nmetadata: {name: s}\nspec: {git: {url: ../s}, team: sra, allow: {rollouts: [careful]}}",
            "error: spec.team: no Team of this name: sra | did you mean sre?",
            id="a Source's Team",
        ),
        pytest.param(
            "kind: Source\nmetadata: {name: s}\nspec: {git: {url: ../s}, allow: {rollouts: [bold]}}",
            "error: spec.allow.rollouts[0]: no Rollout of this name: bold | correct the name or add the document",
            id="a Rollout that a Source allows",
        ),
        pytest.param(
            "kind: Rollout\nmetadata: {name: r}\nspec: {waves: [{name: a, clusters: {all: true}, "
            "before: [{approval: {team: sri}}]}]}",
            "error: spec.waves[0].before[0].approval.team: no Team of this name: sri | did you mean sre?",
            id="who approves",
        ),
        pytest.param(
            "kind: Policy\nmetadata: {name: p}\nspec: {clusters: {all: true}, match: {kinds: [Pod]}, "
            "rollout: bold, validations: [{expression: 'true', message: never}]}",
            "error: spec.rollout: no Rollout of this name: bold | correct the name or add the document",
            id="a Policy's Rollout",
        ),
        pytest.param(
            "kind: Team\nmetadata: {name: t}\nspec: {roadstead: {bundles: [ingres], may: [plan]}}",
            "error: spec.roadstead.bundles[0]: no Bundle of this name: ingres | did you mean ingress?",
            id="a Team's Bundle",
        ),
    ],
)
def test_a_name_that_does_not_exist(text, expected):
    assert unknown(text) == [expected]


def test_the_default_rollout_exists():
    assert unknown("kind: Profile\nmetadata: {name: p}\n", fleet="{defaults: {rollout: carefull}}") == [
        "error: spec.defaults.rollout: no Rollout of this name: carefull | did you mean careful?"
    ]


def test_a_document_with_errors_exists():
    text = "kind: Cluster\nmetadata: {name: two}\nspec: {profiles: [broken]}\n---\n"
    assert unknown(text + "kind: Profile\nmetadata: {name: broken}\nspec: {label: {}}\n") == []


def test_what_a_file_that_cannot_be_read_may_hold_is_not_missed():
    found = trees.loaded(
        "kind: Cluster\nmetadata: {name: two}\nspec: {profiles: [elsewhere]}\n",
        files={"fleet/bad.yaml": trees.HEAD + "kind: Profile\nspec: {\n"},
    )
    assert [str(one.reason) for one in trees.resolved(found).problems] == ["BadYaml"]


SOURCE = BASE + (
    "kind: Source\nmetadata: {name: payments}\nspec: {git: {url: ../p}, documents: [a.yaml], "
    "allow: {kinds: [Bundle, Pin], clusters: {all: true}}}\n---\n"
    "kind: Bundle\nmetadata: {name: web}\nspec: {source: {path: ../apps/web}, clusters: {all: true}, "
    "dependsOn: [{bundle: payments/api}]}\n"
)


def test_bundles_of_a_source_that_was_not_read_are_not_missed():
    resolution = trees.resolved(trees.loaded(SOURCE))
    assert [str(one) for one in resolution.problems if str(one.reason) == "UnknownReference"] == []


def test_bundles_of_a_source_that_was_read_are():
    found = load.add_sources(trees.loaded(SOURCE), {"payments": Files({})})
    assert "UnknownReference" in [str(one.reason) for one in trees.resolved(found).problems]


def test_a_plain_name_in_a_source_means_its_own_bundle_first_and_then_the_fleets():
    api = documents(
        """
        kind: Bundle
        metadata: {name: api}
        spec: {clusters: {all: true}, dependsOn: [{bundle: web}, {bundle: ingress}]}
        ---
        kind: Bundle
        metadata: {name: web}
        spec: {source: {path: .}, clusters: {all: true}}
        """
    )
    found = load.add_sources(trees.loaded(SOURCE), {"payments": Files({"a.yaml": api})})
    resolution = trees.resolved(found)
    assert trees.told(resolution.problems, warnings=False) == []
    depends_on = {one.bundle: one.depends_on for one in resolution.assignments.values()}
    assert depends_on["payments/api"] == ("payments/web", "ingress")
    assert depends_on["web"] == ("payments/api",)
