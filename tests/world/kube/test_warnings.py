"""Warning headers of API servers."""

from roadstead.model.ids import ObjectId
from roadstead.world.kube import warnings

ONE = ObjectId("", "ConfigMap", "shop", "a")


def test_each_quoted_text_is_one_warning():
    assert warnings.texts(
        ['299 - "v1 X is deprecated", 299 kube "say \\"why\\", please"', "199 other", '299 - ""']
    ) == [
        "v1 X is deprecated",
        'say "why", please',
        "",
    ]


def test_each_is_kept_once_and_a_list_says_nothing_that_objects_say():
    heard = warnings.Warnings()
    for about in (None, ONE, ONE):
        heard.hear(['299 - "old"'], about)
    heard.hear(['299 - "of a list"'], None)
    assert [(one.cause, one.object, one.cluster) for one in heard.problems("dev")] == [
        ("of a list", None, "dev"),
        ("old", ONE, "dev"),
    ]


def test_what_goes_on_for_ever_keeps_no_more_than_some():
    heard = warnings.Warnings()
    for number in range(5000):
        heard.hear([f'299 - "{number}"'], None)
    assert len(heard.problems("dev")) == 1000
