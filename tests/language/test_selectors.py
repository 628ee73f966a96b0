import pytest

from roadstead.language import selectors
from roadstead.model import errors

CLUSTERS = {
    "eu-1": {"tier": "production", "region": "eu"},
    "eu-2": {"tier": "production", "region": "eu", "canary": "true"},
    "us-1": {"tier": "production", "region": "us"},
    "dev": {"tier": "development"},
}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param({"all": True}, "eu-1 eu-2 us-1 dev", id="all"),
        pytest.param({"names": ["dev", "gone"]}, "dev", id="names"),
        pytest.param(
            {"matchLabels": {"tier": "production", "region": "eu"}}, "eu-1 eu-2", id="labels together"
        ),
        pytest.param({"matchLabels": {"tier": "staging"}}, "", id="nothing"),
        pytest.param(
            {"names": ["dev", "us-1"], "matchLabels": {"region": "us"}}, "us-1", id="names and labels"
        ),
        pytest.param(
            {"matchExpressions": [{"key": "region", "operator": "In", "values": ["us", "eu"]}]},
            "eu-1 eu-2 us-1",
            id="In",
        ),
        pytest.param(
            {"matchExpressions": [{"key": "region", "operator": "NotIn", "values": ["eu"]}]},
            "us-1 dev",
            id="NotIn takes those without the label",
        ),
        pytest.param({"matchExpressions": [{"key": "canary", "operator": "Exists"}]}, "eu-2", id="Exists"),
        pytest.param(
            {"matchExpressions": [{"key": "canary", "operator": "DoesNotExist"}]},
            "eu-1 us-1 dev",
            id="absent",
        ),
        pytest.param({"all": True, "except": {"names": ["dev"]}}, "eu-1 eu-2 us-1", id="all but one"),
        pytest.param(
            {"matchLabels": {"region": "eu"}, "except": {"matchLabels": {"canary": "true"}}},
            "eu-1",
            id="except",
        ),
    ],
)
def test_selecting(document, expected):
    selector = selectors.parse(document)
    assert selectors.Index(CLUSTERS).select(selector) == frozenset(expected.split())
    assert {name for name, labels in CLUSTERS.items() if selector.matches(name, labels)} == set(
        expected.split()
    )


@pytest.mark.parametrize(
    ("document", "message"),
    [
        pytest.param({}, "an empty selector selects nothing; write all: true for everything", id="empty"),
        pytest.param(None, "an empty selector selects nothing; write all: true for everything", id="null"),
        pytest.param({"matchLabels": {}}, "the selector holds no condition: matchLabels", id="empty labels"),
        pytest.param(
            {"names": [], "matchLabels": {}}, "the selector holds no condition: names, matchLabels", id="both"
        ),
        pytest.param({"all": False}, "all can only be true: False", id="all false"),
        pytest.param(
            {"all": True, "names": ["a"]}, "all: true stands beside other conditions", id="all and names"
        ),
        pytest.param(
            {"except": {"names": ["a"]}}, "the selector holds no condition: except", id="only except"
        ),
        pytest.param({"matchlabels": {"a": "b"}}, "unknown field: matchlabels", id="mistyped"),
        pytest.param({"matchLabels": {"a": True}}, "a label value is a string: True", id="boolean"),
        pytest.param({"matchLabels": {"a b": "x"}}, "not a label key: a b", id="key"),
        pytest.param({"matchLabels": {"a": "x y"}}, "not a label value: x y", id="value"),
        pytest.param(
            {"matchExpressions": [{"key": "a", "operator": "in", "values": ["b"]}]},
            "unknown operator: in",
            id="operator",
        ),
        pytest.param(
            {"matchExpressions": [{"key": "a", "operator": "In"}]},
            "In needs values: a",
            id="In without values",
        ),
        pytest.param(
            {"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]},
            "Exists takes no values: a",
            id="Exists with values",
        ),
    ],
)
def test_a_selector_that_makes_no_sense_is_refused(document, message):
    with pytest.raises(errors.UsageError) as raised:
        selectors.parse(document)
    assert str(raised.value) == f"BadSelector: {message}"


def test_a_selector_without_any_condition_matches_nothing_even_when_built_directly():
    assert not selectors.Selector().matches("dev", {})
    assert selectors.Index(CLUSTERS).select(selectors.Selector()) == frozenset()


@pytest.mark.parametrize(
    ("text", "expected", "written"),
    [
        ("tier=production", "eu-1 eu-2 us-1", "tier=production"),
        ("tier==production,region!=eu", "us-1", "tier=production,region notin (eu)"),
        ("region in (us, eu),!canary", "eu-1 us-1", "region in (us,eu),!canary"),
        ("region notin (eu)", "us-1 dev", "region notin (eu)"),
        ("canary", "eu-2", "canary"),
        ("tier = development", "dev", "tier=development"),
        ("example.com/a!=b", "eu-1 eu-2 us-1 dev", "example.com/a notin (b)"),
        ("canary=", "", "canary="),
    ],
)
def test_label_text_as_kubectl_takes_it(text, expected, written):
    selector = selectors.parse_labels(text)
    assert selectors.Index(CLUSTERS).select(selector) == frozenset(expected.split())
    assert selector.label_text() == written
    assert selectors.parse_labels(written).label_text() == written


@pytest.mark.parametrize(
    "text", ["", ",", "a=b,", "a=b c", "a>1", "a in x", "in (x)", "a=b=c", "-a", "!", "a=(b)"]
)
def test_label_text_that_makes_no_sense_is_refused(text):
    with pytest.raises(errors.UsageError, match="BadSelector"):
        selectors.parse_labels(text)


def test_a_selector_is_written_for_people():
    selector = selectors.parse({"matchLabels": {"tier": "production"}, "except": {"names": ["a", "b"]}})
    assert str(selector) == "tier=production except a or b"
