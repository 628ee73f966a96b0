"""States of an object that a write of ours undid: told whether they were seen before the write was known or after."""

from roadstead.model.ids import ObjectId
from roadstead.stages.observe.overtaken import Overtaken

ONE = ObjectId("", "ConfigMap", "shop", "a")


def seen(version, **metadata):
    return {"metadata": {"name": "a", "resourceVersion": version, **metadata}}


def versions(told):
    return [obj["metadata"]["resourceVersion"] for _, obj in told]


def test_what_came_between_the_plan_and_the_write_is_told_and_nothing_else():
    told = []
    watched = Overtaken(lambda one, obj: told.append((one, obj)))
    for version in ("5", "7", "9"):
        watched.odd(ONE, seen(version))
    watched.wrote(ONE, "5", "9")
    assert versions(told) == ["7"], "5 was planned for, 9 is our own"
    watched.late(ONE, seen("8"))
    assert versions(told) == ["7", "8"]
    watched.fine(ONE)
    watched.late(ONE, seen("8"))
    assert versions(told) == ["7", "8"]


def test_an_edit_is_not_told_again_for_every_status_that_a_controller_wrote_on_top_of_it():
    told = []
    watched = Overtaken(lambda one, obj: told.append((one, obj)))
    watched.odd(ONE, seen("5", generation=2))
    watched.odd(ONE, seen("6", generation=2))
    watched.wrote(ONE, "5", "9")
    watched.late(ONE, seen("7", generation=2))
    assert not told, "the write was planned for that"
    watched.late(ONE, seen("8", generation=3))
    watched.late(ONE, seen("8", generation=3))
    assert versions(told) == ["8"]


def test_without_a_version_that_was_planned_for_nothing_is_told():
    told = []
    watched = Overtaken(lambda one, obj: told.append((one, obj)))
    watched.odd(ONE, seen("7"))
    watched.wrote(ONE, "", "9")
    assert told == []


def test_the_latest_odd_state_is_kept_until_the_object_is_fine():
    watched = Overtaken(lambda one, obj: None)
    assert watched.latest(ONE) is None
    watched.odd(ONE, seen("7"))
    assert watched.latest(ONE) == seen("7")
    watched.fine(ONE)
    assert watched.latest(ONE) is None
