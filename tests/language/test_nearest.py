import pytest

from roadstead.language import nearest

KNOWN = ["replicas", "matchLabels", "matchExpressions", "namespace"]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("replica", "replicas"), ("matchlabels", "matchLabels"), ("MatchLabel", "matchLabels"), ("name_space", "namespace"),
     ("rep", "replicas"), ("na", None), ("zone", None), ("", None)],
)  # fmt: skip
def test_the_nearest_name_is_found_or_none(wrong, right):
    assert nearest.name(wrong, KNOWN) == right
    assert nearest.hint(wrong, KNOWN) == (f"did you mean {right}?" if right else "")


@pytest.mark.parametrize(
    ("word", "meant"),
    [("greting", "greeting"), ("nmae", "name"), ("Greeting", "greeting"), ("TOKNE", "TOKEN"),
     ("GREETING", None), ("token", None), ("namespace", None), ("gree", None), ("", None)],
)  # fmt: skip
def test_a_slip_is_nearer_than_a_wrong_name_and_capitals_are_of_the_environment(word, meant):
    assert nearest.misspelt(word, ["greeting", "name", "TOKEN"]) == meant
