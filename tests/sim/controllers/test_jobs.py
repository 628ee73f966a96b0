"""Jobs and CronJobs of simulated clusters."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from roadstead.sim.controllers import schedules
from roadstead.sim.controllers.machines import Failing, Way
from tests.sim.controllers.conftest import condition


def job(image="job:1", **spec):
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "job", "image": image}]}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "job", "namespace": "shop"},
        "spec": {"template": template, **spec},
    }


def cron(**spec):
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "cron", "namespace": "shop"},
        "spec": {"schedule": "*/5 * * * *", "jobTemplate": {"spec": job()["spec"]}, **spec},
    }


def found(stage):
    return stage.get("batch/v1", "Job", "job")


def test_a_job_is_complete_once_its_pod_has_succeeded(stage):
    stage.apply(job())
    stage.advance(1)
    assert found(stage)["status"]["active"] == 1
    stage.advance(10)
    assert condition(found(stage), "Complete")["reason"] == "CompletionsReached"
    assert found(stage)["status"]["succeeded"] == 1
    (pod,) = stage.pods()
    assert pod["status"]["phase"] == "Succeeded"
    assert "finalizers" not in pod["metadata"]


def test_so_many_pods_run_at_once_as_it_says(stage):
    stage.apply(job(completions=5, parallelism=2))
    stage.advance(1)
    assert len(stage.pods()) == 2
    stage.advance(30)
    assert found(stage)["status"]["succeeded"] == 5


def test_indexes_are_done_once_each(stage):
    stage.apply(job(completions=3, parallelism=3, completionMode="Indexed"))
    stage.advance(10)
    assert found(stage)["status"]["completedIndexes"] == "0-2"


def test_a_job_whose_pods_fail_gives_up(stage):
    stage.one.fail(Failing("*:bad", Way.CRASH))
    stage.apply(job("job:bad", backoffLimit=1))
    stage.advance(120)
    assert condition(found(stage), "Failed")["reason"] == "BackoffLimitExceeded"
    assert found(stage)["status"]["failed"] == 2


def test_a_job_that_takes_too_long_fails(stage):
    stage.one.fail(Failing("*:bad"))
    stage.apply(job("job:bad", activeDeadlineSeconds=30))
    stage.advance(40)
    assert condition(found(stage), "Failed")["reason"] == "DeadlineExceeded"


def test_a_suspended_job_has_no_pods(stage):
    stage.apply(job(suspend=True))
    stage.advance(10)
    assert stage.pods() == []
    assert condition(found(stage), "Suspended")["status"] == "True"
    stage.apply(job(suspend=False))
    stage.advance(10)
    assert condition(found(stage), "Complete")["status"] == "True"


def test_a_finished_job_goes_after_its_time(stage):
    stage.apply(job(ttlSecondsAfterFinished=60))
    stage.advance(30)
    assert found(stage) is not None
    stage.advance(60)
    assert found(stage) is None
    assert stage.pods() == []


@pytest.mark.parametrize("policy", ["Background", "Foreground"])
def test_the_pods_of_a_deleted_job_go_although_it_counted_them(stage, policy):
    stage.apply(job())
    stage.advance(1)
    stage.one.delete("batch/v1", "Job", "job", namespace="shop", policy=policy)
    stage.advance(10)
    assert (found(stage), stage.pods()) == (None, [])


def test_the_pods_that_a_job_leaves_behind_are_held_by_nothing(stage):
    stage.apply(job())
    stage.advance(1)
    stage.one.delete("batch/v1", "Job", "job", namespace="shop", policy="Orphan")
    stage.advance(10)
    (pod,) = stage.pods()
    assert not {"finalizers", "ownerReferences"} & pod["metadata"].keys()


def test_a_cron_job_makes_a_job_at_each_moment_and_keeps_three(stage):
    stage.apply(cron())
    stage.advance(3610)
    assert len(stage.names("batch/v1", "Job")) == 3
    assert stage.get("batch/v1", "CronJob", "cron")["status"]["lastScheduleTime"] == "2026-01-01T01:00:00Z"


def test_a_suspended_cron_job_makes_none(stage):
    stage.apply(cron(suspend=True))
    stage.advance(3600)
    assert stage.names("batch/v1", "Job") == []


SCHEDULES = [
    pytest.param("*/15 * * * *", "", "2026-01-01T00:15:00", id="each quarter of an hour"),
    pytest.param("30 3 * * *", "", "2026-01-01T03:30:00", id="each night"),
    pytest.param("0 9 * * mon-fri", "", "2026-01-01T09:00:00", id="on working days"),
    pytest.param("0 9 * * 0", "", "2026-01-04T09:00:00", id="on Sundays"),
    pytest.param("0 9 * * 7", "", "2026-01-04T09:00:00", id="on Sundays, which are day seven too"),
    pytest.param("0 0 29 2 *", "", "2028-02-29T00:00:00", id="on leap days"),
    pytest.param("0 0 13 * 5", "", "2026-01-02T00:00:00", id="on the 13th and on Fridays: either"),
    pytest.param("@monthly", "", "2026-02-01T00:00:00", id="by its name"),
    pytest.param("0 9 * * *", "Europe/Berlin", "2026-01-01T08:00:00", id="in another time zone"),
]


@pytest.mark.parametrize(("schedule", "zone", "expected"), SCHEDULES)
def test_schedules_say_when_they_are_due_next(schedule, zone, expected):
    after = datetime(2026, 1, 1, tzinfo=UTC)
    found = schedules.following(schedule, after, zone)
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_day_that_never_comes_has_no_moment():
    assert schedules.following("0 0 30 2 *", datetime(2026, 1, 1, tzinfo=UTC)) is None
