"""YAML as kubectl reads it; the external suite is the yardstick."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadstead.language import numbers, yaml
from roadstead.model import errors, reasons

TWICE = "a key that stands twice is an error here; kubectl keeps the last, kustomize refuses too"
BY_DESIGN = {
    "dup key": TWICE,
    "dup key nested quoted": TWICE,
    "dup int/str key": TWICE,
    "dq slash esc": r"\/ is an escape in JSON and YAML 1.2, kustomize takes it; only yaml.v2 does not",
}


def loaded(text):
    try:
        return yaml.load_all(text)
    except errors.UsageError as error:
        assert error.problem.reason is reasons.BAD_YAML
        assert error.problem.place.line
        return None


def settled(value):
    """The suite's JSON after Kubernetes' decoding: what Python reads as a long integer is a double there."""
    if isinstance(value, dict):
        return {key: settled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [settled(item) for item in value]
    return numbers.settle(value) if type(value) in (int, float) else value


def test_yaml_is_read_as_kubectl_reads_it(suite):
    differing = set()
    cases = [
        json.loads(line) for line in (suite("go-yaml") / "cases.jsonl").read_text().rstrip("\n").split("\n")
    ]
    for case in cases:
        found = loaded(case["yaml"])
        wanted = None if case.get("error") else settled(case["data"])
        read = found[0]["data"] if found else None
        if json.dumps(read, sort_keys=True) != json.dumps(wanted, sort_keys=True):
            differing.add(case["id"])
    assert len(cases) == 178
    assert differing == set(BY_DESIGN)


def test_the_yaml_test_suite_is_read_as_far_as_it_fits_kubernetes(suite):
    """Informative: YAML 1.2 corner cases. The numbers are pinned so that a change is seen."""
    count = Counter()
    for line in (suite("yaml-test-suite") / "cases.jsonl").read_text().rstrip("\n").split("\n"):
        case = json.loads(line)
        found = loaded(case["yaml"])
        if case.get("must_fail"):
            count["refused" if found is None else "accepted, though it should be refused"] += 1
        elif "json" not in case:
            count["no value given"] += 1
        elif found is None:
            count["refused, though it should be read"] += 1
        else:
            equal = settled(found) == settled([value for value in case["json"] if value is not None])
            count["read" if equal else "read as another value"] += 1
    assert dict(count) == {
        "read": 217,
        "refused": 83,
        "no value given": 40,
        "refused, though it should be read": 49,  # mostly flow syntax and tabs that Go's yaml.v2 refuses, too
        "accepted, though it should be refused": 11,
        "read as another value": 5,  # libyaml on odd flow keys and anchors, binaries
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: 1\n---\n---\n# nothing\n---\nb: 2\n", [{"a": 1}, {"b": 2}], id="empty documents go"),
        pytest.param("", [], id="nothing holds nothing"),
        pytest.param('{"a": 1}\n{"a": 1e3}', [{"a": 1}, {"a": 1000}], id="JSON documents follow one another"),
        pytest.param('{"a": "\\ud83d\\ude00\\/"}', [{"a": "😀/"}], id="JSON escapes"),
        pytest.param("{a: 1}", [{"a": 1}], id="what looks like JSON may be YAML"),
        pytest.param("- =\n- y\n- 'y'", [["=", True, "y"]], id="an equals sign is a string"),
        pytest.param("1234567.0: a", [{"1.234567e+06": "a"}], id="keys are written as Go writes doubles"),
        pytest.param("v: 1.2345678901234567e18", [{"v": 1234567890123456800}], id="doubles become integers"),
        pytest.param("v: .1_0", [{"v": 0.1}], id="underscores in a fraction"),
        pytest.param("? &k a\n: *k", [{"a": "a"}], id="a key may be an anchor"),
        pytest.param("a: !Ref b\nc: !x [1]", [{"a": "b", "c": [1]}], id="unknown tags are dropped"),
    ],
)
def test_values(text, expected):
    assert yaml.load_all(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "a: 1\nb: 2\na: 3", "f.yaml:3:1: BadYaml: the key stands twice in one mapping: a", id="same key"
        ),
        pytest.param(
            '{"a": 1,\n "a": 3}', "f.yaml:2:2: BadYaml: the key stands twice in one mapping: a", id="in JSON"
        ),
        pytest.param(
            "a: {{ .Values.x }}", "f.yaml:1:5: BadYaml: a mapping key must be a scalar", id="template"
        ),
        pytest.param("a: &x [*x]", "f.yaml:1:8: BadYaml: the anchor contains itself: x", id="recursion"),
        pytest.param("a: *x", "f.yaml:1:4: BadYaml: no anchor of this name: x", id="unknown alias"),
        pytest.param("a: .inf", "f.yaml:1:4: BadYaml: no JSON number: inf", id="infinity"),
        pytest.param("~: 1", "f.yaml:1:1: BadYaml: not usable as a key: ~", id="null key"),
        pytest.param(
            "a: b: c", "f.yaml:1:5: BadYaml: mapping values are not allowed in this context", id="syntax"
        ),
        pytest.param(
            "a: x\nb: \x01",
            "f.yaml:2: BadYaml: control characters are not allowed: character 1",
            id="control",
        ),
        pytest.param(
            "%YAML 1.2\n---\na: 1",
            "f.yaml:1:1: BadYaml: directives (%YAML, %TAG) are not read by Kubernetes",
            id="directive",
        ),
        pytest.param("[" * 500, "f.yaml:1:401: BadYaml: nested deeper than 400 levels", id="depth"),
        pytest.param("a: \ud800", "f.yaml: BadYaml: not UTF-8: surrogates not allowed", id="surrogate"),
    ],
)
def test_errors_name_the_place_and_what_was_found(text, message):
    with pytest.raises(errors.UsageError) as raised:
        yaml.load_all(text, file="f.yaml")
    assert str(raised.value) == message


def test_an_alias_bomb_is_refused():
    layers = "\n".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))
    with pytest.raises(errors.UsageError, match="aliases stand for more than 400000 values"):
        yaml.load_all(f"a0: &a0 [x]\n{layers}")


def test_aliases_are_copies():
    document = yaml.load_all("a: &x {k: [1]}\nb: *x\nc: {<<: *x}")[0]
    document["a"]["k"].append(2)
    assert document == {"a": {"k": [1, 2]}, "b": {"k": [1]}, "c": {"k": [1]}}


def test_places_are_those_of_keys_and_items():
    text = "# head\na: 1\n---\nspec:\n  on: [x,\n    y]\n  m: {k: v}\n"
    first, second = yaml.read(text, file="fleet.yaml")
    assert (first.value, first.line, second.line) == ({"a": 1}, 2, 4)
    assert str(first.place(("a",))) == "fleet.yaml:2:1: a"
    assert str(second.place(("spec", "true", 1))) == "fleet.yaml:6:5: spec.true[1]"
    assert str(second.place(("spec", "m", "k"))) == "fleet.yaml:7:7: spec.m.k"
    assert str(second.place(("spec", "m", "absent", "too"))) == "fleet.yaml:7:3: spec.m.absent.too"
    assert str(second.place()) == "fleet.yaml:4:1"


def test_json_is_read_with_places():
    (document,) = yaml.read(b'{\n\t"a": {"b": 1}}', file="x.json")
    assert (document.value, str(document.place(("a", "b")))) == ({"a": {"b": 1}}, "x.json:2:8: a.b")
    _, second = yaml.read('{"a": 1}\n\n{"b": "\x7f"}', file="x.json")
    assert (second.value, str(second.place(("b",)))) == ({"b": "\x7f"}, "x.json:3:1: b")


@pytest.mark.parametrize("text", ["y", "on", "0o644", "0644", "1e3", "1:30", "=", "<<", "null", "", "~", "1_0",
    "2001-01-01", ".inf", "0x1F", "- a", "a: b", "#c", "*x", "&x", "!x", "%x", "@x", "`x", " a", "a ", "'", '"',
    "\t", "a\tb", "x\ny", "x\ny\n", "x\n\n", "\nx", " x\ny", "\tx\ny", "x \ny", "\x85", "\u2028", "😀", "\x00", "\ufeff",
    "---", "...", "--- a", "a\n---\nb", "#!/bin/sh\nset -e\n"])  # fmt: skip
def test_strings_survive_writing(text):
    assert yaml.load_all(yaml.dump({"v": text, text or "k": 1})) == [{"v": text, text or "k": 1}]


def test_texts_of_several_lines_are_blocks_and_nothing_is_aliased():
    script = "#!/bin/sh\nset -e\n" + "x" * 200 + " y\n"
    shared = ["a"]
    assert yaml.dump({"z": script, "a": shared, "b": shared, "f": 1e3, "on": "on"}) == (
        "z: |\n  #!/bin/sh\n  set -e\n  " + "x" * 200 + " y\na:\n- a\nb:\n- a\nf: 1000\n'on': 'on'\n"
    )


def test_documents_written_together_are_separated():
    assert yaml.dump_all([{"a": 1}, {"b": None}]) == "---\na: 1\n---\nb: null\n"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES.filter(lambda value: value is not None))
def test_what_is_written_is_read_back(value):
    assert yaml.load_all(yaml.dump(value)) == [settled(value)]


def test_a_real_workload_is_written_and_read_back(suite):
    for path in sorted(Path(suite("kube-prometheus-manifests")).rglob("*.yaml"))[:20]:
        objects = yaml.load_all(path.read_bytes(), file=path.name)
        assert objects
        assert yaml.load_all(yaml.dump_all(objects)) == objects
