"""Objects of mutating policies as maps. What they do is in tests/cluster/test_mutating_policies.py."""

import pytest

from roadstead.language import cel
from roadstead.sim.admission import initializers

EXPRESSIONS = [
    pytest.param("Object{}", {"@type": "Object"}, id="an empty one"),
    pytest.param(
        "Object{spec: Object.spec{a: x ? 1 : 2}}",
        {"@type": "Object", "spec": {"@type": "Object.spec", "a": 1}},
        id="one within another, and a colon that names no field",
    ),
    pytest.param(
        'Object{a: "Object{b: c}", `d`: r\'{\' + "}"} // Object{e: f}',
        {"@type": "Object", "a": "Object{b: c}", "d": "{}"},
        id="texts and comments stay",
    ),
    pytest.param(
        "Object{a: {'b': 'c'}, d: [1, 2].map(n, Object.d{e: n})}",
        {
            "@type": "Object",
            "a": {"b": "c"},
            "d": [{"@type": "Object.d", "e": 1}, {"@type": "Object.d", "e": 2}],
        },
        id="maps, and objects made by a macro",
    ),
    pytest.param(
        "Object{?a: optional.none(), ?b: optional.of('c'), d: x ? 1 : 0}",
        {"@type": "Object", "b": "c", "d": 1},
        id="fields that may be left out",
    ),
    pytest.param("jsonpatch.escapeKey(string('a/b~' + 'c'))", "a~1b~0c", id="a key of a JSON patch"),
    pytest.param("1 + (2)", 3, id="anything else"),
]


@pytest.mark.parametrize(("text", "value"), EXPRESSIONS)
def test_the_cel_library_is_given_maps(text, value):
    assert cel.compile(initializers.translated(text), variables=("x",)).evaluate({"x": True}) == value


def test_types_are_the_paths_of_fields():
    made = {"@type": "Object", "spec": {"@type": "Object.status", "items": [{"@type": "Object.spec.items"}]}}
    (wrong,) = initializers.mismatches(made, "Object")
    assert 'unexpected type name "Object.status", expected "Object.spec"' in wrong
    assert initializers.plain(made) == {"spec": {"items": [{}]}}
