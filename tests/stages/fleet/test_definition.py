"""What a Bundle's document says for all of its clusters."""

import pytest

from roadstead.model import assignment as model
from roadstead.model.ids import GroupKind, Key
from tests.stages.fleet import trees
from tests.stages.fleet.trees import documents

CLUSTER = "kind: Cluster\nmetadata: {name: one}\n---\n"
BUNDLE = "kind: Bundle\nmetadata: {name: web, formerNames: [site]}\nspec: {source: {path: ../apps/web}, clusters: {all: true}, %s}\n"


def made(spec, *, fleet="{}"):
    root = documents(f"kind: Fleet\nmetadata: {{name: shop}}\nspec: {fleet}\n")
    return trees.resolved(trees.loaded(CLUSTER + BUNDLE % spec, fleet=root)).assignments[Key("web", "one")]


def test_what_is_left_out_has_defaults():
    one = made("drift: {}")
    assert (one.fleet, one.bundle, one.group, one.former_names) == ("shop", "web", "web", ("site",))
    assert one.drift == model.Drift(model.DriftMode.CORRECT, model.Additions.IGNORE)
    assert one.deletion == model.Deletion(model.DeletionPolicy.PRUNE, "")
    assert one.adopt is model.Adopt.IF_IDENTICAL
    assert (one.namespace, one.act_as, one.renderers) == (None, "", {})


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(
            "drift: {}", ("report", "remove", "orphan", "20%", "never"), id="nothing: the Fleet's defaults"
        ),
        pytest.param(
            "drift: {mode: ignore}", ("ignore", "remove", "orphan", "20%", "never"), id="one field of drift"
        ),
        pytest.param(
            "deletion: {limit: 5}", ("report", "remove", "orphan", "5", "never"), id="one field of deletion"
        ),
        pytest.param("adopt: always", ("report", "remove", "orphan", "20%", "always"), id="adopt"),
    ],
)
def test_the_fleets_defaults_fill_in_field_by_field(spec, expected):
    fleet = "{defaults: {drift: {mode: report, additions: remove}, deletion: {policy: orphan, limit: 20%}, adopt: never}}"
    one = made(spec, fleet=fleet)
    assert (
        one.drift.mode,
        one.drift.additions,
        one.deletion.policy,
        one.deletion.limit,
        one.adopt,
    ) == expected


def test_everything_else_is_carried_over():
    one = made(
        """
        namespace: {name: shop, mode: override, create: true},
        exclude: [{kind: apiextensions.k8s.io/CustomResourceDefinition}, {labels: {a: b}}],
        group: shop,
        drift: {ignore: [{kind: apps/Deployment, path: /spec/replicas}]},
        health: [{kind: x.example/Database, ready: "object.ok", failed: "object.bad"}],
        actAs: {serviceAccount: shop/deployer},
        parameters: {replicas: {type: integer, default: 1, description: how many}}
        """,
        fleet="{renderers: {kustomize: 5.8.1, helm: 4.3.1}}",
    )
    assert one.namespace == model.Namespace("shop", model.NamespaceMode.OVERRIDE, create=True)
    assert one.exclude == (
        model.Target(GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")),
        model.Target(labels={"a": "b"}),
    )
    assert one.group == "shop"
    deployment = model.Target(GroupKind("apps", "Deployment"))
    assert one.drift.ignore == (model.FieldRule(deployment, "/spec/replicas"),)
    assert one.health == (model.HealthRule(GroupKind("x.example", "Database"), "object.ok", "object.bad"),)
    assert one.act_as == "shop/deployer"
    assert one.parameters == {"replicas": model.Parameter("integer", "how many")}
    assert one.renderers == {"kustomize": "5.8.1", "helm": "4.3.1"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("path: ../apps/web", ("free",), id="content of the fleet repository"),
        pytest.param("source: free", ("free",), id="content of a Source without limits"),
        pytest.param("source: limited", (), id="content of a Source with limits"),
    ],
)
def test_remote_bases_may_lie_in_sources_without_limits(source, expected):
    sources = (
        "---\nkind: Source\nmetadata: {name: free}\nspec: {git: {url: ../free}}\n"
        "---\nkind: Source\nmetadata: {name: limited}\nspec: {git: {url: ../limited}, allow: {namespaces: [a]}}\n"
    )
    web = f"kind: Bundle\nmetadata: {{name: web}}\nspec: {{source: {{{source}}}, clusters: {{all: true}}}}\n"
    found = trees.resolved(trees.loaded(CLUSTER + web + sources))
    assert found.assignments[Key("web", "one")].bases == expected
