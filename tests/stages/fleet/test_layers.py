"""Variables: which layer wins, and what is wrong with a value."""

import pytest

from roadstead.model.ids import Key
from tests.stages.fleet import trees
from tests.stages.fleet.trees import documents

# Each layer sets `level`; the test removes them from the top, one after the other.
LAYERS = {
    "Hold incident": """
        ---
        kind: Hold
        metadata: {name: incident}
        spec:
          {clusters: {names: [one]}, bundles: [web], do: override, until: "2026-12-01T18:00Z", owner: a, reason: b,
           variables: {level: hold}}
        """,
    "Cluster one for Bundle web": "bundles: {web: {variables: {level: own}}}",
    "Pin pin": """
        ---
        kind: Pin
        metadata: {name: pin}
        spec: {bundle: web, clusters: {all: true}, variables: {level: pin}}
        """,
    "override 2 of Bundle web": "{clusters: {names: [one]}, variables: {level: second}}",
    "override 1 of Bundle web": "{clusters: {all: true}, variables: {level: first}}",
    "Cluster one": "variables: {level: cluster}",
    "Profile later": "variables: {level: later}",
    "Profile earlier": "variables: {level: earlier}",
    "Fleet": "variables: {level: fleet}",
    "default": "",
}


def fleet_with(origins: list[str]) -> str:
    def part(origin: str, otherwise: str = "") -> str:
        return LAYERS[origin] if origin in origins else otherwise

    overrides = [part(f"override {number} of Bundle web") for number in (1, 2)]
    return f"""
kind: Cluster
metadata: {{name: one}}
spec:
  profiles: [earlier, later]
  {part("Cluster one")}
  {part("Cluster one for Bundle web")}
---
kind: Profile
metadata: {{name: earlier}}
spec: {{{part("Profile earlier")}}}
---
kind: Profile
metadata: {{name: later}}
spec: {{{part("Profile later")}}}
---
kind: Bundle
metadata: {{name: web}}
spec:
  source: {{path: ../apps/web}}
  clusters: {{all: true}}
  parameters: {{level: {{type: string, default: default}}, other: {{type: string, default: x}}}}
  overrides: [{", ".join(one for one in overrides if one)}]
""" + "".join(trees.dedent(part(origin)) for origin in ("Pin pin", "Hold incident"))


@pytest.mark.parametrize("top", LAYERS)
def test_the_later_layer_wins(top):
    origins = list(LAYERS)[list(LAYERS).index(top) :]
    head = "kind: Fleet\nmetadata: {name: shop}\n"
    fleet = documents(head + ("spec: {variables: {level: fleet}}\n" if "Fleet" in origins else ""))
    resolution = trees.resolved(trees.loaded(fleet_with(origins), fleet=fleet))
    assert trees.told(resolution.problems) == []
    assignment = resolution.assignments[Key("web", "one")]
    assert [layer.origin for layer in assignment.layers] == list(reversed(origins))
    words = {"Fleet": "fleet", "default": "default", "Cluster one": "cluster", "Profile later": "later"}
    words |= {"Profile earlier": "earlier", "override 1 of Bundle web": "first", "Hold incident": "hold"}
    words |= {"override 2 of Bundle web": "second", "Pin pin": "pin", "Cluster one for Bundle web": "own"}
    assert assignment.variables() == {"level": words[top], "other": "x"}


ONE = """
kind: Cluster
metadata: {name: one}
spec: {variables: {VARIABLES}}
---
kind: Cluster
metadata: {name: two}
spec: {variables: {value: VALUE}}
---
kind: Bundle
metadata: {name: web}
spec:
  source: {path: ../apps/web}
  clusters: {all: true}
  parameters: {value: {type: TYPE}}
"""


@pytest.mark.parametrize(
    ("kind", "good", "bad", "found"),
    [
        ("string", '"6"', "6", "an integer"),
        ("integer", "6", '"6"', "a string"),
        ("integer", "6", "6.5", "a number"),
        ("integer", "6", "true", "a boolean"),
        ("number", "6.5", "true", "a boolean"),
        ("number", "6", "[6]", "a list"),
        ("boolean", "true", "1", "an integer"),
        ("boolean", "false", '"yes"', "a string"),
        ("list", "[a]", "{a: b}", "a mapping"),
        ("object", "{a: b}", "[a]", "a list"),
    ],
)
def test_a_value_of_another_type_fails_on_its_cluster_alone(kind, good, bad, found):
    text = ONE.replace("VARIABLES", f"value: {bad}").replace("VALUE", good).replace("TYPE", kind)
    resolution = trees.resolved(text)
    assert trees.pairs(resolution) == ["web@two"]
    [problem] = resolution.problems
    assert str(problem).endswith(
        f"spec.variables.value: one web: BadVariable: the parameter's type is {kind}: found {found}"
    )


def test_a_later_layer_does_not_hide_a_value_of_another_type():
    text = ONE.replace("VARIABLES", "").replace("VALUE", "1").replace("TYPE", "integer")
    fleet = documents("kind: Fleet\nmetadata: {name: shop}\nspec: {variables: {value: text}}\n")
    resolution = trees.resolved(trees.loaded(text, fleet=fleet))
    assert trees.pairs(resolution) == []
    assert trees.told(resolution.problems) == [
        "roadstead.yaml:4:20: spec.variables.value: web: BadVariable: the parameter's type is integer: found a string, "
        "on one, two"
    ]


def test_a_required_value_that_is_missing_is_told_once_for_all_clusters():
    text = (
        ONE.replace("VARIABLES", "").replace("VALUE", "1").replace("value: 1", "").replace("TYPE", "integer")
    )
    resolution = trees.resolved(text)
    assert trees.told(resolution.problems) == [
        "fleet/all.yaml:17:16: spec.parameters.value: web: BadVariable: no layer gives a value, and there is no "
        "default: value, on one, two"
    ]
    assert [str(key) for key in resolution.blocked] == ["web@one", "web@two"]
    assert resolution.problems[0].hint == "set value in the Cluster, in one of its Profiles or in the Fleet"


def test_variables_of_one_bundle_are_no_part_of_another():
    text = ONE.replace("VARIABLES", "value: 1").replace("VALUE", "2").replace("TYPE", "integer") + (
        "---\nkind: Bundle\nmetadata: {name: plain}\nspec: {source: {path: ../apps/web/a.yaml}, clusters: {all: true}}\n"
    )
    resolution = trees.resolved(text)
    assert resolution.assignments[Key("plain", "one")].layers == ()


def test_layers_are_shared_between_clusters_and_not_copied():
    text = (
        ONE.replace("VARIABLES", "").replace("VALUE", "1").replace("value: 1", "").replace("TYPE", "integer")
    )
    fleet = documents("kind: Fleet\nmetadata: {name: shop}\nspec: {variables: {value: 1}}\n")
    resolution = trees.resolved(trees.loaded(text, fleet=fleet))
    one, two = (resolution.assignments[Key("web", name)] for name in ("one", "two"))
    assert one.layers[0] is two.layers[0]
