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
