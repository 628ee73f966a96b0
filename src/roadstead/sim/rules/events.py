"""What every Event must be, in the form of v1; the newer group of Events asks for more."""

from collections.abc import Iterator
from typing import Any

from roadstead.sim.rules import names
from roadstead.sim.schema.requiring import Cause, invalid, required

Value = dict[str, Any]
LENGTHS = {"reportingInstance": 128, "action": 128, "reason": 128}
LONGEST_MESSAGE = 1024
FIXED = (
    *("involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "type"),
    *("eventTime", "action", "related", "reportingComponent", "reportingInstance"),
)
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


def strict(value: Value, old: Value | None) -> Iterator[Cause]:
    """What is refused beyond that when it is written through events.k8s.io/v1."""
    name = value["metadata"].get("name", "")
    if name and not names.SUBDOMAIN.fullmatch(name):
        yield invalid("metadata.name", name, names.SUBDOMAIN_TEXT)
    if old is None or old.get("series") != value.get("series"):
        yield from _series(value.get("series"))
    if old is not None:
        for key in FIXED:
            if (value.get(key) or None) != (old.get(key) or None):
                yield invalid(key, value.get(key), "field is immutable")
        return
    if not value.get("eventTime"):
        yield required("eventTime")
    if value.get("type") not in ("Normal", "Warning"):
        yield invalid("type", "", f"has invalid value: {value.get('type', '')}")
    for key in ("firstTimestamp", "lastTimestamp", "count", "source"):
        if value.get(key):
            yield invalid(key, "", "needs to be unset")


def _series(series: Value | None) -> Iterator[Cause]:
    if series is None:
        return
    if series.get("count", 0) < 2:
        yield invalid("series.count", "", "should be at least 2")
    if not series.get("lastObservedTime"):
        yield required("series.lastObservedTime")
