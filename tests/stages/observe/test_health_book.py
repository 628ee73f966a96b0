"""The health of all that is owned, as watches bring it."""

from roadstead.model.health import State
from roadstead.objects import kinds, ownership
from roadstead.stages.observe.health_book import HealthBook

CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data", "namespace": "web", "labels": {ownership.PART_OF: "applyset-web-v1"}},
    "status": {"phase": "Pending"},
}


def book(heard):
    return HealthBook(None, heard.append, lambda work: None)


def test_what_was_listed_before_there_were_rules_is_judged_once_there_are():
    heard = []
    found = book(heard)
    found.seen(CLAIM)
    assert not heard
    found.judge_by({"applyset-web-v1": ()})
    assert heard == [kinds.identify(CLAIM)]
    assert found.of(kinds.identify(CLAIM)).state is State.PROGRESSING


def test_what_went_before_there_were_rules_is_not_judged():
    heard = []
    found = book(heard)
    found.seen(CLAIM)
    found.gone(kinds.identify(CLAIM))
    heard.clear()
    found.judge_by({"applyset-web-v1": ()})
    assert not heard
