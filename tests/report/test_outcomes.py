"""What an apply did, in words."""

from roadstead.model import reasons
from roadstead.model.errors import Problem
from roadstead.model.ids import Key, ObjectId
from roadstead.model.outcome import ObjectOutcome, Outcome, Result
from roadstead.report import outcomes
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


def test_who_stops_a_run_is_told_what_is_done_and_not_each_object_that_was_left():
    stopped = Problem(reasons.INTERRUPTED, "stopped before this was sent")
    keys = [
        KeyOutcome(Outcome(Key(bundle, cluster), (ObjectOutcome(ONE, result, problem),)))
        for bundle, cluster, result, problem in (
            ("web", "dev", Result.CREATED, None),
            ("web", "prod", Result.SKIPPED, stopped),
            ("api", "dev", Result.CREATED, None),
            ("api", "prod", Result.UNCHANGED, None),
        )
    ]
    found = [line.text for line in outcomes.lines(FleetOutcome("shop", "abc", tuple(keys)))]
    assert found[-2] == "done before the stop: api on dev, prod; web on dev"
    assert outcomes.is_quiet(ObjectOutcome(ONE, Result.SKIPPED, stopped))
    assert not outcomes.is_quiet(ObjectOutcome(ONE, Result.FAILED, Problem(reasons.FORBIDDEN, "no")))


def test_a_run_that_reached_no_cluster_does_not_say_that_nothing_is_to_do():
    away = Problem(reasons.UNREACHABLE, "it does not answer", cluster="prod")
    assert "nothing was done" in outcomes.summary(FleetOutcome("shop", "abc", (), (away,)))
