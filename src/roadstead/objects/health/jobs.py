"""Jobs and CronJobs: ready when started, as nothing else waits for their end; or, asked for, when done."""

from collections.abc import Sequence

from roadstead.model.health import Health, State
from roadstead.objects.health import containers
from roadstead.objects.health.conditions import READY, Object, conditions, holds, spec, status, told


def job(obj: Object, runs: Sequence[Object], *, finished: bool) -> Health:
    found = conditions(obj)
    if holds(found.get("Failed")):
        return Health(State.FAILED, told(found["Failed"]) or "failed", ended=True)
    if holds(found.get("Complete")):
        return READY
    if holds(found.get("Suspended")) and spec(obj).get("suspend"):
        return Health(State.SUSPENDED, "suspended")
    running = f"{status(obj).get('succeeded') or 0} of {spec(obj).get('completions') or 1} runs done"
    stuck = containers.trouble(runs, retried=True)
    if stuck:
        return Health(stuck.state, f"{running}; {stuck.message}")
    if status(obj).get("startTime"):
        return Health(State.PROGRESSING if finished else State.READY, running)
    return Health(State.PROGRESSING, "waits to be started")


def cron_job(obj: Object) -> Health:
    return Health(State.SUSPENDED, "suspended") if spec(obj).get("suspend") else READY
