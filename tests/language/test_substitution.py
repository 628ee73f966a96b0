import copy

import orjson
import pytest

from roadstead.language import substitution
from roadstead.model import errors

NAMES = frozenset({"replicas", "domain", "debug", "ratio", "hosts", "extra"})
VALUES = {
    "replicas": 3,
    "domain": "shop.example",
    "debug": True,
    "ratio": 0.5,
    "hosts": ["a", "b"],
    "extra": {"k": "${domain}"},
    "cluster.name": "prod-eu-1",
    "cluster.labels.topology.kubernetes.io/region": "eu",
    "fleet.name": "shop",
}


def bound(value, wanted=None):
    before = copy.deepcopy(value)
    result = substitution.prepare(value, NAMES).bind(VALUES, wanted=lambda path: wanted)
    assert value == before, "the input was changed"
    return result


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(
            {"spec": {"replicas": "${replicas}"}}, {"spec": {"replicas": 3}}, id="a scalar takes the type"
        ),
        pytest.param("https://${domain}:${replicas}/", "https://shop.example:3/", id="inside text"),
        pytest.param("${debug} ${ratio}", "true 0.5", id="booleans and numbers as text"),
        pytest.param({"hosts": "${hosts}"}, {"hosts": ["a", "b"]}, id="a whole list"),
        pytest.param(["${extra}"], [{"k": "${domain}"}], id="what is put in is not looked through"),
        pytest.param(
            "${HOME} ${other} $domain {domain}", "${HOME} ${other} $domain {domain}", id="others stay"
        ),
        pytest.param("${domain:-x} ${ domain } ${}", "${domain:-x} ${ domain } ${}", id="shell forms stay"),
        pytest.param("$${domain} $${other}", "${domain} $${other}", id="escapes, of declared names only"),
        pytest.param("$${replicas}", "${replicas}", id="an escape alone"),
        pytest.param(
            "${fleet.name}/${cluster.name}/${cluster.labels.topology.kubernetes.io/region}",
            "shop/prod-eu-1/eu",
            id="what is known of the cluster",
        ),
        pytest.param("${cluster.other}", "${cluster.other}", id="other words about clusters stay"),
        pytest.param(
            {"a": 1, "${domain}/x": {"${replicas}": "${domain}"}, "z": 2},
            {"a": 1, "shop.example/x": {"3": "shop.example"}, "z": 2},
            id="keys, in their place",
        ),
        pytest.param(None, None, id="nothing"),
        pytest.param(
            [1, 1.5, None, {"a": ["${replicas}", [True]]}], [1, 1.5, None, {"a": [3, [True]]}], id="nested"
        ),
    ],
)
def test_values_are_put_in_their_places(value, expected):
    result = bound(value)
    assert result == expected
    assert isinstance(result, dict) is False or list(result) == list(expected)


@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [
        ("${replicas}", "string", "3"),
        ("${debug}", "string", "true"),
        ("${ratio}", "number", 0.5),
        ("${replicas}", "number", 3),
        ("${domain}", "string", "shop.example"),
        ("${replicas}", None, 3),
        ("${hosts}", "list", ["a", "b"]),
        ("x${replicas}", "integer", "x3"),
    ],
)
def test_a_field_gets_the_type_it_wants(text, wanted, expected):
    result = bound(text, wanted)
    assert (result, type(result)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("value", "wanted", "expected"),
    [
        ("8080", "integer", 8080),
        ("1e3", "number", 1000),
        ("007", "integer", 7),
        ("true", "boolean", True),
        (2.0, "integer", 2),
    ],
)
def test_text_that_is_a_number_or_boolean_becomes_one_where_that_is_wanted(value, wanted, expected):
    result = substitution.prepare("${v}", {"v"}).bind({"v": value}, wanted=lambda path: wanted)
    assert (result, type(result)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("value", "wanted", "message"),
    [
        ({"a": ["${replica}"]}, None, "a[0]: BadVariable: no value for ${replica}"),
        ("${cluster.labels.zone}", None, "BadVariable: no value for ${cluster.labels.zone}"),
        ("x ${hosts}", None, "BadVariable: ${hosts} stands inside text, and is a list"),
        ({"${extra}": 1}, None, "BadVariable: ${extra} stands inside text, and is an object"),
        (
            {"r": "${domain}"},
            "integer",
            "r: BadVariable: the field wants integer, and ${domain} is 'shop.example'",
        ),
        ({"r": "${hosts}"}, "string", "r: BadVariable: the field wants string, and ${hosts} is a list"),
        ({"r": "${ratio}"}, "integer", "r: BadVariable: the field wants integer, and ${ratio} is 0.5"),
        ({"r": "${replicas}"}, "boolean", "r: BadVariable: the field wants boolean, and ${replicas} is 3"),
        ({"${domain}": 1, "shop.example": 2}, None, "BadVariable: two keys become one: shop.example"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(value, wanted, message):
    template = substitution.prepare(value, NAMES | {"replica"})
    with pytest.raises(errors.UsageError) as raised:
        template.bind(VALUES, wanted=lambda path: wanted)
    assert str(raised.value) == message


def test_all_problems_come_at_once_with_the_nearest_name():
    template = substitution.prepare({"a": "${replica}", "b": "${domains}"}, {"replica", "domains"})
    with pytest.raises(errors.UsageError) as raised:
        template.bind(VALUES)
    assert [problem.hint for problem in raised.value.problems] == [
        "did you mean replicas?",
        "did you mean domain?",
    ]


def test_what_holds_no_placeholder_is_shared():
    value = {"big": {"x": [1]}, "list": [{"y": 1}, {"z": "${replicas}"}]}
    result = bound(value)
    assert result["big"] is value["big"]
    assert result["list"][0] is value["list"][0]
    untouched = {"a": "${HOME}"}
    template = substitution.prepare(untouched, NAMES)
    assert (template.bind(VALUES), template.names) == (untouched, frozenset())
    assert template.bind(VALUES) is untouched


def test_one_template_serves_many_clusters():
    template = substitution.prepare({"d": "${domain}", "n": {"r": "${replicas}"}}, NAMES)
    assert template.names == {"domain", "replicas"}
    first, second = (template.bind({"domain": name, "replicas": 1}) for name in ("a", "b"))
    assert (first, second) == ({"d": "a", "n": {"r": 1}}, {"d": "b", "n": {"r": 1}})


def test_placeholders_are_found_in_objects_and_in_their_json():
    value = {"a": "${domain} ${HOME}", "b": ["$${replicas}"], "${cluster.labels.zone}": 1}
    assert substitution.find(value, NAMES) == {"domain", "replicas", "cluster.labels.zone"}
    assert substitution.find(orjson.dumps(value), NAMES) == substitution.find(value, NAMES)
    assert substitution.find({"a": ["$x", 1]}, NAMES) == substitution.find(b'{"a":1}', NAMES) == frozenset()


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [("a", "string", True), (1, "string", False), (1, "integer", True), (True, "integer", False), (1.5, "integer", False),
     (1, "number", True), (1.5, "number", True), (True, "number", False), (True, "boolean", True), (1, "boolean", False),
     ([1], "list", True), ({}, "list", False), ({}, "object", True)],
)  # fmt: skip
def test_types_of_parameters(value, kind, expected):
    assert substitution.fits(value, kind) is expected


@pytest.mark.parametrize(
    ("text", "meant"),
    [("${replicsa}", "replicas"), ("${clutser.name}", "cluster.name"),
     ("${cluster.lables.topology.kubernetes.io/region}", "cluster.labels.topology.kubernetes.io/region"),
     ("${replicas}", None), ("$${replicsa}", None), ("${REPLICAS}", None), ("${cluster}", None), ("${datasource}", None),
     ("${__data.fields.Cluster}", None)],
)  # fmt: skip
def test_what_is_nearly_a_placeholder_is_told_with_its_place(text, meant):
    found = list(substitution.misspelt({"a": ["x", f"- {text}"]}, NAMES))
    assert found == ([(("a", 1), text[2:-1], meant)] if meant else [])
