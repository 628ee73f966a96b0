"""What an apply did, in words."""

from roadstead.model import reasons
from roadstead.model.errors import Problem
from roadstead.model.ids import Key, ObjectId
from roadstead.model.outcome import ObjectOutcome, Outcome, Result
from roadstead.report.outcomes import FleetOutcome, KeyOutcome

ONE = ObjectId("", "ConfigMap", "shop", "page")


def done(*objects: ObjectOutcome, problems: tuple[Problem, ...] = ()) -> FleetOutcome:
    return FleetOutcome("shop", "abc", (KeyOutcome(Outcome(Key("web", "prod"), objects, problems)),))


def skipped(cause: str) -> ObjectOutcome:
    return ObjectOutcome(ONE, Result.SKIPPED, Problem(reasons.INTERRUPTED, cause))


def test_what_kept_a_bundle_from_being_written_is_told_once_with_what_to_do():
    fenced = Problem(reasons.FENCED, "the hub writes this bundle")
    found = done(skipped("the hub writes this bundle"), problems=(fenced,))
    assert [one.reason for one in found.all_problems()] == [reasons.FENCED]
    assert found.failed


def test_an_object_that_was_not_tried_for_a_cause_of_its_own_is_told():
    found = done(skipped("the time given was over"))
    assert [one.reason for one in found.all_problems()] == [reasons.INTERRUPTED]
