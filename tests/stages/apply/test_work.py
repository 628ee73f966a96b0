"""A change as apply works on it."""

from roadstead.model.plan import Action
from roadstead.stages.apply import work
from tests.stages.apply.building import change, obj

CONFIG = obj("v1/ConfigMap", "config")


def test_what_git_has_no_more_is_dropped_and_not_written():
    gone = work.read(change(Action.DELETE, None, id=work.read(change(Action.CREATE, CONFIG)).id))
    assert gone.drops
    assert not gone.writes


def test_a_member_carries_our_label_beside_its_own_and_the_manifest_stays_as_it_was():
    manifest = obj("v1/ConfigMap", "a", metadata={"labels": {"own": "1"}})
    member = work.member(manifest, "applyset-x-v1")
    assert member["metadata"]["labels"] == {"own": "1", "applyset.kubernetes.io/part-of": "applyset-x-v1"}
    assert manifest["metadata"]["labels"] == {"own": "1"}
