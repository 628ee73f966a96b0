"""The sets here are spelled as servers write them: `{}` below a key is membership, `.` the parent's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadstead.objects import fieldsets

WEB = 'k:{"name":"web"}'
LABELS = {"f:metadata": {"f:labels": {".": {}, "f:a": {}, "f:b": {}}}}


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        pytest.param({"f:a": {}}, {"f:b": {}}, {"f:a": {}, "f:b": {}}, id="side by side"),
        pytest.param({"f:a": {}}, {"f:a": {"f:b": {}}}, {"f:a": {".": {}, "f:b": {}}}, id="parent and child"),
        pytest.param({"f:a": {"f:b": {}}}, {"f:a": {}}, {"f:a": {".": {}, "f:b": {}}}, id="child and parent"),
        pytest.param({"f:a": {}}, {"f:a": {}}, {"f:a": {}}, id="the same leaf"),
        pytest.param({"f:a": {".": {}, "f:b": {}}}, {"f:a": {"f:c": {}}},
                     {"f:a": {".": {}, "f:b": {}, "f:c": {}}}, id="membership of the parent stays"),
        pytest.param({"f:c": {WEB: {".": {}}}}, {"f:c": {WEB: {"f:image": {}}}},
                     {"f:c": {WEB: {".": {}, "f:image": {}}}}, id="list items by key"),
    ],
)  # fmt: skip
def test_union(one, other, both):
    assert fieldsets.union(one, other) == both


NAMES = st.sampled_from(["f:a", "f:b", WEB, "i:0"])
SETS = st.recursive(
    st.just({}), lambda below: st.dictionaries(NAMES, below, min_size=1, max_size=3), max_leaves=8
)


@given(SETS, SETS)
def test_a_union_has_exactly_the_members_of_both(one, other):
    members = set(fieldsets.members(one)) | set(fieldsets.members(other))
    assert set(fieldsets.members(fieldsets.union(one, other))) == members


def test_without_removes_a_place_and_parents_that_are_left_empty():
    fields = {"f:metadata": {"f:finalizers": {".": {}, 'v:"x"': {}}}, "f:data": {}}
    assert fieldsets.without(fields, ("f:metadata", "f:finalizers")) == {"f:data": {}}
    assert fieldsets.without(fields, ("f:metadata", "f:labels")) == fields


def test_only_keeps_a_place_with_what_is_below():
    fields = {"f:metadata": {"f:finalizers": {'v:"x"': {}}, "f:labels": {}}, "f:data": {}}
    assert fieldsets.only(fields, ("f:metadata", "f:finalizers")) == {
        "f:metadata": {"f:finalizers": {'v:"x"': {}}}
    }
    assert fieldsets.only(fields, ("f:status",)) == {}


def test_existing_keeps_what_an_object_has():
    port = 'k:{"containerPort":80,"protocol":"TCP"}'
    gone = 'k:{"containerPort":81,"protocol":"TCP"}'
    fields = {
        "f:ports": {port: {".": {}, "f:name": {}}, gone: {".": {}}},
        "f:finalizers": {'v:"a"': {}, 'v:"b"': {}},
        "f:args": {},
        "f:gone": {"f:below": {}},
        "f:list": {"i:0": {}, "i:5": {}},
    }
    obj = {
        "ports": [{"containerPort": 80, "name": "web"}],  # the protocol is a default
        "finalizers": ["a"],
        "args": [],
        "list": [1],
    }
    assert fieldsets.existing(fields, obj) == {
        "f:ports": {port: {".": {}, "f:name": {}}},
        "f:finalizers": {'v:"a"': {}},
        "f:args": {},
        "f:list": {"i:0": {}},
    }


def test_missing_names_whole_items_and_single_fields():
    fields = {
        "f:metadata": {"f:labels": {".": {}, "f:x": {}}},
        "f:c": {WEB: {".": {}, "f:image": {}, "f:name": {}}},
    }
    assert list(fieldsets.missing(fields, {"c": []})) == [
        ("metadata", "labels", "x"),
        ("c", (("name", "web"),)),
    ]
    obj = {"metadata": {"labels": {"x": "1"}}, "c": [{"name": "web", "image": "i"}]}
    assert list(fieldsets.missing(fields, obj)) == []


@pytest.mark.parametrize(
    ("path", "reach"),
    [
        pytest.param(("metadata", "labels", "a"), 3, id="a member"),
        pytest.param(("metadata", "labels"), 2, id="a place with members below"),
        pytest.param(("metadata", "labels", "c"), 0, id="a sibling of members"),
        pytest.param(("rules", 0, "verbs"), 1, id="inside a value owned whole"),
        pytest.param(("spec",), 0, id="elsewhere"),
    ],
)
def test_reach(path, reach):
    assert fieldsets.reach({**LABELS, "f:rules": {}}, path) == reach


def test_list_keys_come_from_the_items_named():
    fields = {"f:ports": {'k:{"protocol":"TCP","port":1}': {}}, "f:set": {'v:"a"': {}}, "f:atomic": {}}
    assert fieldsets.list_keys(fields, ("ports",)) == ("port", "protocol")
    assert fieldsets.list_keys(fields, ("set",)) == ()
    assert fieldsets.list_keys(fields, ("atomic",)) is None
    assert fieldsets.list_keys(fields, ("absent",)) is None
