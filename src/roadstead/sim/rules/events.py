"""What every Event must be, in the form of v1; events.k8s.io/v1 asks for more (`conversion.events`)."""

from collections.abc import Iterator
from typing import Any

from roadstead.sim.rules import names
from roadstead.sim.schema.requiring import Cause, invalid, required

Value = dict[str, Any]
LENGTHS = {"reportingInstance": 128, "action": 128, "reason": 128}
LONGEST_MESSAGE = 1024
ANYWHERE = ("default", "kube-system")  # where Events about objects in no namespace may be


def event(value: Value, old: Value | None) -> Iterator[Cause]:
    """Those without `eventTime` are of the old sort, and are checked less."""
    namespace = value["metadata"].get("namespace", "")
    about = (value.get("involvedObject") or {}).get("namespace", "")
    timed = bool(value.get("eventTime"))
    elsewhere = about != namespace if about and not timed else not about and namespace not in _free(timed)
    if elsewhere:
        yield invalid("involvedObject.namespace", about, "does not match event.namespace")
    if not timed:
        return
    reporter = value.get("reportingComponent", "")
    if not reporter:
        yield required("reportingComponent")
    problem = names.qualified_problem(reporter)
    if problem:
        yield invalid("reportingComponent", reporter, problem)
    for key, length in LENGTHS.items():
        if not value.get(key):
            yield required(key)
        elif len(value[key]) > length:
            yield invalid(key, "", f"can have at most {length} characters")
    if len(value.get("message", "")) > LONGEST_MESSAGE:
        yield invalid("message", "", f"can have at most {LONGEST_MESSAGE} characters")


def _free(timed: bool) -> tuple[str, ...]:
    return ANYWHERE if timed else ANYWHERE[:1]
