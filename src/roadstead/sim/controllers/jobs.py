"""Jobs: pods until enough have succeeded or too many have failed, each counted once."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from roadstead.language.selectors import Selector
from roadstead.sim.controllers import selecting
from roadstead.sim.controllers.events import Controller, Event, controller, its_controller, itself, key_of
from roadstead.sim.controllers.replicasets import PODS, active, condition, is_ready, pod_of
from roadstead.sim.controllers.world import World
from roadstead.sim.store import Key

Value = dict[str, Any]

NAME = "job"
JOBS = ("batch", "jobs")
TRACKING = "batch.kubernetes.io/job-tracking"
OF_JOB = "batch.kubernetes.io/job-name"
INDEX = "batch.kubernetes.io/job-completion-index"
RETRY = 10  # seconds, doubled with each failure
RETRY_LIMIT = 600


def _sync(world: World, key: Key) -> None:
    job = world.get(JOBS, key)
    if job is None:
        for pod in selecting.chosen(world, PODS, key[0], Selector(match_labels=((OF_JOB, key[1]),))):
            _release(world, pod)  # nobody counts it any more
        return
    pods = world.controlled(PODS, job)
    if job["metadata"].get("deletionTimestamp"):
        for pod in pods:
            _release(world, pod)
        return
    if finished(job):
        for pod in pods:
            _release(world, pod)
        _expire(world, job)
        return
    numbers = _counted(world, job, pods)
    verdict = _verdict(world, job, numbers, pods)
    if verdict or job["spec"].get("suspend"):
        for pod in pods:
            if active(pod):
                world.delete(PODS, pod)
    else:
        _fill(world, job, numbers)
    _report(world, job, numbers, verdict)


def finished(job: Value) -> str:
    """Complete or Failed, empty as long as it is neither."""
    for sort in ("Complete", "Failed"):
        found = condition(job, sort)
        if found is not None and found["status"] == "True":
            return sort
    return ""


def _release(world: World, pod: Value) -> None:
    kept = [each for each in pod["metadata"].get("finalizers") or () if each != TRACKING]
    if len(kept) != len(pod["metadata"].get("finalizers") or ()):
        world.update(PODS, {**pod, "metadata": {**pod["metadata"], "finalizers": kept}})


def _counted(world: World, job: Value, pods: list[Value]) -> dict[str, Any]:
    """How many succeeded and failed, with those that ended since the last look, who are let go."""
    known = job.get("status") or {}
    numbers = {"succeeded": known.get("succeeded", 0), "failed": known.get("failed", 0)}
    indexes = set(_indexes(known.get("completedIndexes", "")))
    for pod in pods:
        if TRACKING not in (pod["metadata"].get("finalizers") or ()) or active(pod):
            continue
        good = pod["status"].get("phase") == "Succeeded"
        if good or not job["spec"].get("suspend"):
            numbers["succeeded" if good else "failed"] += 1
        index = (pod["metadata"].get("annotations") or {}).get(INDEX)
        if good and index is not None:
            indexes.add(int(index))
        _release(world, pod)
    if job["spec"].get("completionMode") == "Indexed":
        numbers["succeeded"] = len(indexes)
    return {**numbers, "indexes": indexes}


def _indexes(written: str) -> list[int]:
    found: list[int] = []
    for part in filter(None, written.split(",")):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def _verdict(
    world: World, job: Value, numbers: dict[str, Any], pods: list[Value]
) -> tuple[str, str, str] | None:
    spec = job["spec"]
    wanted = spec.get("completions")
    if numbers["failed"] > spec.get("backoffLimit", 6):
        return "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"
    begun, limit = (job.get("status") or {}).get("startTime"), spec.get("activeDeadlineSeconds")
    if begun and limit is not None:
        left = limit - (world.now() - _time(begun)).total_seconds()
        if left <= 0:
            return "Failed", "DeadlineExceeded", "Job was active longer than specified deadline"
        world.call_later(left, NAME, key_of(job))
    enough = numbers["succeeded"] >= wanted if wanted is not None else numbers["succeeded"] > 0
    if enough and (wanted is not None or not any(map(active, pods))):
        return "Complete", "CompletionsReached", "Reached expected number of succeeded pods"
    return None


def _time(written: str) -> datetime:
    return datetime.strptime(written, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _fill(world: World, job: Value, numbers: dict[str, Any]) -> None:
    spec = job["spec"]
    pods = [pod for pod in world.controlled(PODS, job) if active(pod)]
    wanted = spec.get("parallelism", 1)
    if spec.get("completions") is not None:
        wanted = min(wanted, spec["completions"] - numbers["succeeded"])
    elif numbers["succeeded"]:
        wanted = len(pods)
    for pod in pods[max(wanted, 0) :]:
        world.delete(PODS, pod)
    if len(pods) >= wanted or _pauses(world, job, numbers["failed"]):
        return
    taken = {int(_index(pod)) for pod in pods if _index(pod)} | numbers["indexes"]
    free = [each for each in range(spec.get("completions") or 0) if each not in taken]
    for number in range(wanted - len(pods)):
        indexed = spec.get("completionMode") == "Indexed"
        world.try_create(PODS, _pod(job, free[number] if indexed else None))


def _index(pod: Value) -> str:
    return str((pod["metadata"].get("annotations") or {}).get(INDEX, ""))


def _pauses(world: World, job: Value, failed: int) -> bool:
    """Whether it is too early to try again after a failure."""
    known = (job.get("status") or {}).get("failed", 0)
    if not failed:
        return False
    wait = min(RETRY * 2 ** (failed - 1), RETRY_LIMIT)
    since = world.machines.begun.get(job["metadata"]["uid"])
    if failed > known or since is None:
        since = world.machines.begun[job["metadata"]["uid"]] = world.now()
    left = wait - (world.now() - since).total_seconds()
    if left > 0:
        world.call_later(left, NAME, key_of(job))
    return bool(left > 0)


def _pod(job: Value, index: int | None) -> Value:
    made = pod_of(job)
    metadata = {**made["metadata"], "finalizers": [TRACKING, *made["metadata"].get("finalizers", ())]}
    if index is not None:
        metadata["generateName"] = f"{job['metadata']['name']}-{index}-"
        metadata["annotations"] = {**metadata.get("annotations", {}), INDEX: str(index)}
        metadata["labels"] = {**metadata.get("labels", {}), INDEX: str(index)}
    return {**made, "metadata": metadata}


def _report(world: World, job: Value, numbers: dict[str, Any], verdict: tuple[str, str, str] | None) -> None:
    known = job.get("status") or {}
    pods = world.controlled(PODS, job)
    alive = [pod for pod in pods if active(pod)]
    now = world.cluster.now()
    out: Value = {"conditions": _conditions(job, verdict, now)}
    if not job["spec"].get("suspend"):
        out["startTime"] = known.get("startTime") or now
    if verdict and verdict[0] == "Complete":
        out["completionTime"] = now
    counts = {"active": len(alive), "succeeded": numbers["succeeded"], "failed": numbers["failed"]}
    out |= {name: count for name, count in counts.items() if count}
    out["terminating"] = sum(bool(pod["metadata"].get("deletionTimestamp")) for pod in pods)
    if numbers["indexes"]:
        out["completedIndexes"] = _written(sorted(numbers["indexes"]))
    out |= {"uncountedTerminatedPods": {}, "ready": sum(map(is_ready, alive))}
    if not out["conditions"]:
        del out["conditions"]
    world.report(JOBS, job, out)


def _written(indexes: list[int]) -> str:
    runs: list[list[int]] = []
    for each in indexes:
        if runs and runs[-1][1] == each - 1:
            runs[-1][1] = each
        else:
            runs.append([each, each])
    joins = {0: "", 1: ","}
    return ",".join(
        str(first) if first == last else f"{first}{joins.get(last - first) or '-'}{last}"
        for first, last in runs
    )


def _conditions(job: Value, verdict: tuple[str, str, str] | None, now: str) -> list[Value]:
    found = [*((job.get("status") or {}).get("conditions") or ())]
    if verdict is not None:
        sort, reason, message = verdict
        first = "SuccessCriteriaMet" if sort == "Complete" else "FailureTarget"
        return [*found, *(_condition(each, "True", reason, message, now) for each in (first, sort))]
    was = condition(job, "Suspended")
    rest = [each for each in found if each["type"] != "Suspended"]
    if job["spec"].get("suspend"):
        held = was is not None and was["status"] == "True"
        return (
            found if held else [*rest, _condition("Suspended", "True", "JobSuspended", "Job suspended", now)]
        )
    if was is not None and was["status"] == "True":
        return [*rest, _condition("Suspended", "False", "JobResumed", "Job resumed", now)]
    return found


def _condition(sort: str, said: str, reason: str, message: str, now: str) -> Value:
    return {
        "type": sort,
        "status": said,
        "lastProbeTime": now,
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    }


def _expire(world: World, job: Value) -> None:
    limit = job["spec"].get("ttlSecondsAfterFinished")
    if limit is None:
        return
    ended = condition(job, finished(job))
    assert ended is not None
    left = limit - (world.now() - _time(ended["lastTransitionTime"])).total_seconds()
    if left > 0:
        world.call_later(left, NAME, key_of(job))
    else:
        world.delete(JOBS, job, policy="Foreground")


_controlled = its_controller("Job")


def _of_pod(world: World, event: Event) -> Iterable[Key]:
    """Its Job, or the one that made it when that is gone."""
    yield from _controlled(world, event)
    if TRACKING.encode() in (event.change.after or b"") and controller(event.value) is None:
        yield event.change.key[0], selecting.labels_of(event.value).get(OF_JOB, "")


CONTROLLER = Controller(NAME, _sync, {JOBS: itself, PODS: _of_pod})
