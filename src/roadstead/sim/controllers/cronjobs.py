"""CronJobs: a Job at each moment of the schedule, and not too many old ones."""

from datetime import UTC, datetime, timedelta
from typing import Any

from roadstead.sim.controllers import jobs, schedules
from roadstead.sim.controllers.events import Controller, its_controller, itself, key_of, reference
from roadstead.sim.controllers.jobs import JOBS
from roadstead.sim.controllers.replicasets import condition
from roadstead.sim.controllers.world import World
from roadstead.sim.store import Key

Value = dict[str, Any]

NAME = "cronjob"
CRON_JOBS = ("batch", "cronjobs")
SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
MISSED = 100  # moments that are looked through for the last one


def _sync(world: World, key: Key) -> None:
    cron = world.get(CRON_JOBS, key)
    if cron is None or cron["metadata"].get("deletionTimestamp"):
        return
    made = world.controlled(JOBS, cron)
    _clean(world, cron, made)
    status = dict(cron.get("status") or {})
    try:
        due = None if cron["spec"].get("suspend") else _due(world, cron)
    except (ValueError, KeyError):
        return  # no schedule, or a time zone that nobody knows
    if due is not None and _allowed(world, cron, made):
        world.try_create(JOBS, _job(cron, due))
        status["lastScheduleTime"] = due.strftime("%Y-%m-%dT%H:%M:%SZ")
    _report(world, cron, status)


def _due(world: World, cron: Value) -> datetime | None:
    """The last moment that has passed since the last Job; asks to be called at the next."""
    known = (cron.get("status") or {}).get("lastScheduleTime") or cron["metadata"]["creationTimestamp"]
    moment: datetime | None = datetime.strptime(known, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    now, found = world.now(), None
    zone, schedule = cron["spec"].get("timeZone", ""), cron["spec"]["schedule"]
    for _ in range(MISSED):
        moment = schedules.following(schedule, moment, zone) if moment else None
        if moment is None or moment > now:
            break
        found = moment
    following = schedules.following(schedule, now, zone)
    if following is not None:
        world.call_later((following - now).total_seconds(), NAME, key_of(cron))
    limit = cron["spec"].get("startingDeadlineSeconds")
    late = found is not None and limit is not None and now - found > timedelta(seconds=limit)
    return None if late else found


def _allowed(world: World, cron: Value, made: list[Value]) -> bool:
    running = [each for each in made if not jobs.finished(each)]
    policy = cron["spec"].get("concurrencyPolicy", "Allow")
    if policy == "Replace":
        for each in running:
            world.delete(JOBS, each, policy="Background")
    return policy != "Forbid" or not running


def _job(cron: Value, due: datetime) -> Value:
    template = cron["spec"]["jobTemplate"]
    inner = template.get("metadata") or {}
    annotations = {**(inner.get("annotations") or {}), SCHEDULED: due.strftime("%Y-%m-%dT%H:%M:%SZ")}
    metadata: Value = {
        "name": f"{cron['metadata']['name']}-{int(due.timestamp()) // 60}",
        "namespace": cron["metadata"]["namespace"],
        "annotations": annotations,
        "ownerReferences": [reference(cron)],
    }
    if inner.get("labels"):
        metadata["labels"] = inner["labels"]
    return {"metadata": metadata, "spec": template["spec"]}


def _clean(world: World, cron: Value, made: list[Value]) -> None:
    for sort, field, default in (
        ("Complete", "successfulJobsHistoryLimit", 3),
        ("Failed", "failedJobsHistoryLimit", 1),
    ):
        over = [each for each in made if jobs.finished(each) == sort]
        over.sort(key=lambda each: each["metadata"]["creationTimestamp"])
        for each in over[: max(len(over) - cron["spec"].get(field, default), 0)]:
            world.delete(JOBS, each, policy="Background")


def _report(world: World, cron: Value, status: Value) -> None:
    made = world.controlled(JOBS, cron)
    status.pop("active", None)
    running = [_named(each) for each in made if not jobs.finished(each)]
    if running:
        status["active"] = running
    good = [found for each in made if (found := condition(each, "Complete")) is not None]
    if good:
        status["lastSuccessfulTime"] = max(each["lastTransitionTime"] for each in good)
    seen = world.get(CRON_JOBS, key_of(cron))
    if seen is not None and status != (seen.get("status") or {}):
        world.report(CRON_JOBS, seen, status)


def _named(job: Value) -> Value:
    metadata = job["metadata"]
    return {
        "kind": "Job",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": "batch/v1",
        "resourceVersion": metadata["resourceVersion"],
    }


CONTROLLER = Controller(NAME, _sync, {CRON_JOBS: itself, JOBS: its_controller("CronJob")})
