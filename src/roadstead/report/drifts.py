"""Drift as lines and data: each object once, with the clusters it drifted on."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from roadstead.model.errors import Problem
from roadstead.model.ids import Key, ObjectId
from roadstead.model.plan import Change, FieldChange
from roadstead.report import plans
from roadstead.report import problems as problem_report
from roadstead.report.lines import Line, Style, counted, listed
from roadstead.report.plans import FleetPlan, Group


def count(found: FleetPlan) -> int:
    return sum(len(plan.changes) for plan in found.plans)


def lines(found: FleetPlan) -> Iterator[Line]:
    for group in plans.groups(found.plans):
        yield from _group_lines(group)
    told = found.all_problems()
    if told:
        yield from problem_report.lines(told)
    clusters = {plan.key.cluster for plan in found.plans}
    drifted = {plan.key.cluster for plan in found.plans if plan.changes}
    summary = (
        f"{counted(count(found), 'object')} drifted on {len(drifted)} of {counted(len(clusters), 'cluster')}"
    )
    yield Line(summary if drifted else f"no drift on {counted(len(clusters), 'cluster')}", Style.TITLE)


def _group_lines(group: Group) -> Iterator[Line]:
    change = group.change
    yield Line(
        f"{change.id} of bundle {group.bundle} on {listed(group.clusters)}: {change.cause}", Style.CHANGE
    )
    for field in change.fields:
        yield _field_line(field)


def _field_line(field: FieldChange) -> Line:
    if field.after is None:
        told = f"is {plans.brief(field.before)}, which Git does not have"
    elif field.before is None:
        told = f"is not there, should be {plans.brief(field.after)}"
    else:
        told = f"is {plans.brief(field.before)}, should be {plans.brief(field.after)}"
    return Line(f"    {field.path}: {told}{_who(field)}")


def _who(field: FieldChange) -> str:
    who = ", ".join(part for part in (field.manager, field.time) if part)
    return f"  ({who})" if who else ""


def seen_lines(key: Key, object_id: ObjectId, change: Change | None, at: datetime) -> Iterator[Line]:
    """One event of `drift --watch`."""
    when = at.isoformat(timespec="milliseconds")
    if change is None:
        yield Line(f"{when} {key.cluster} {object_id}: as it should be again", Style.CREATE)
        return
    yield Line(f"{when} {key.cluster} {object_id} of bundle {key.bundle}: {change.cause}", Style.CHANGE)
    for field in change.fields:
        yield _field_line(field)


def sight_lines(cluster: str, what: str, problem: Problem | None, at: datetime) -> Iterator[Line]:
    """What of a cluster (all of it, if nothing is said) is out of sight of `drift --watch`, or back."""
    begin = f"{at.isoformat(timespec='milliseconds')} {cluster}{what and f' {what}'}"
    if problem is None:
        yield Line(f"{begin}: seen again", Style.CREATE)
        return
    yield Line(f"{begin}: not seen, drift there is not told: {problem.reason}: {problem.cause}", Style.ERROR)
    yield Line(f"  hint: {problem_report.hint_of(problem)}", Style.FAINT)


def data(found: FleetPlan) -> dict[str, Any]:
    told = plans.data(found)
    return {
        "fleet": told["fleet"],
        "revision": told["revision"],
        "clusters": told["clusters"],
        "drift": told["changes"],
        "problems": told["problems"],
    }
