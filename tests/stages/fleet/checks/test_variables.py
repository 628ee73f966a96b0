"""Names of variables that nobody takes, and values that are meant for one Bundle."""

import pytest

from tests.stages.fleet import trees
from tests.stages.fleet.trees import documents

BASE = """
kind: Cluster
metadata: {name: one}
spec: CLUSTER
---
kind: Profile
metadata: {name: production}
spec: PROFILE
---
kind: Bundle
metadata: {name: web}
spec:
  source: {path: ../apps/web}
  clusters: {all: true}
  parameters: {replicas: {type: integer, default: DEFAULT}}
  overrides: OVERRIDES
"""


def told(*, cluster="{}", profile="{}", default="2", overrides="[]", more="", fleet="{}"):
    text = (
        BASE.replace("CLUSTER", cluster)
        .replace("PROFILE", profile)
        .replace("DEFAULT", default)
        .replace("OVERRIDES", overrides)
    )
    root = documents(f"kind: Fleet\nmetadata: {{name: shop}}\nspec: {{variables: {fleet}}}\n")
    resolution = trees.resolved(trees.loaded(text + more, fleet=root))
    return [f"{one.severity}: {one.place.field}: {one.cause} | {one.hint}" for one in resolution.problems]


@pytest.mark.parametrize(
    "where",
    [
        pytest.param({"fleet": "{replics: 1}"}, id="the Fleet"),
        pytest.param({"profile": "{variables: {replics: 1}}"}, id="a Profile"),
        pytest.param({"cluster": "{variables: {replics: 1}}"}, id="a Cluster"),
    ],
)
def test_a_variable_that_no_bundle_declares_gets_a_warning_with_the_nearest_name(where):
    assert told(**where) == [
        "warning: spec.variables.replics: no Bundle declares a parameter of this name: replics | "
        "did you mean replicas?"
    ]


@pytest.mark.parametrize(
    ("where", "field"),
    [
        pytest.param(
            {"cluster": "{bundles: {web: {variables: {replics: 1}}}}"},
            "spec.bundles.web.variables.replics",
            id="a Cluster's own values for the Bundle",
        ),
        pytest.param(
            {"overrides": "[{clusters: {all: true}, variables: {replics: 1}}]"},
            "spec.overrides[0].variables.replics",
            id="an override",
        ),
        pytest.param(
            {
                "more": "---\nkind: Pin\nmetadata: {name: p}\nspec: {bundle: web, clusters: {all: true}, "
                "variables: {replics: 1}}\n"
            },
            "spec.variables.replics",
            id="a Pin",
        ),
    ],
)
def test_a_variable_for_one_bundle_must_be_one_of_its_parameters(where, field):
    assert told(**where) == [
        f"error: {field}: the Bundle web has no parameter of this name: replics | did you mean replicas?"
    ]


def test_a_hold_may_set_what_one_of_its_bundles_takes():
    hold = (
        "---\nkind: Hold\nmetadata: {name: h}\nspec: {clusters: {all: true}, bundles: ['*'], do: override, "
        "until: '2026-12-01T18:00Z', owner: a, reason: b, variables: {replicas: 1, replics: 2}}\n"
    )
    assert told(more=hold) == [
        "error: spec.variables.replics: none of the Bundles held has a parameter of this name: replics | "
        "did you mean replicas?"
    ]


@pytest.mark.parametrize(
    ("where", "field"),
    [
        pytest.param({"default": "two"}, "spec.parameters.replicas.default", id="a default"),
        pytest.param(
            {"overrides": "[{clusters: {all: true}, variables: {replicas: two}}]"},
            "spec.overrides[0].variables.replicas",
            id="an override",
        ),
        pytest.param(
            {
                "more": "---\nkind: Pin\nmetadata: {name: p}\nspec: {bundle: web, clusters: {all: true}, "
                "variables: {replicas: two}}\n"
            },
            "spec.variables.replicas",
            id="a Pin",
        ),
    ],
)
def test_a_value_of_another_type_is_told_where_it_stands(where, field):
    assert told(**where) == [
        f"error: {field}: the parameter's type is integer: found a string | "
        "declare it as a parameter, or set it in a layer"
    ]


def test_what_the_bundles_of_an_unread_source_declare_is_not_known():
    source = (
        "---\nkind: Source\nmetadata: {name: s}\nspec: {git: {url: 'https://g.example/s'}, documents: [a.yaml], "
        "allow: {}}\n"
    )
    assert told(fleet="{replics: 1}", more=source) == []


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("values/${cluster.labels.provider}.yaml", []),
        ("values/${cluster.name}-${fleet.name}-${replicas}.yaml", []),
        (
            "values/${cluster.label.provider}.yaml",
            [
                "error: spec.values[0].file: neither a parameter nor a fact of the cluster: cluster.label.provider | "
                "did you mean cluster.labels.KEY?"
            ],
        ),
    ],
)
def test_placeholders_in_names_of_files_are_known(file, expected):
    overrides = f"[]\n  values: [{{file: '{file}', optional: true}}]"
    assert told(overrides=overrides) == expected


def test_what_a_broken_bundle_may_declare_is_not_said_to_be_undeclared():
    text = (
        "kind: Profile\nmetadata: {name: p}\nspec: {variables: {replicas: 2}}\n"
        "---\nkind: Bundle\nmetadata: {name: web}\nspec: {cluster: {all: true}, parameters: {replicas: {type: integer}}}\n"
    )
    assert [one.split(": ")[2] for one in trees.told(trees.resolved(text).problems)] == ["UnknownField"]
