"""Plans over a fleet: the same change on many clusters is one change, with its clusters counted."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from roadstead.model.errors import Problem, Severity
from roadstead.model.plan import Action, Change, FieldChange, Plan
from roadstead.report import problems as problem_report
from roadstead.report.lines import Line, Style, counted, listed

_SIGNS = {
    Action.CREATE: ("+", Style.CREATE),
    Action.UPDATE: ("~", Style.CHANGE),
    Action.RECREATE: ("-/+", Style.DELETE),
    Action.DELETE: ("-", Style.DELETE),
    Action.ORPHAN: ("o", Style.CHANGE),
    Action.ADOPT: ("^", Style.CHANGE),
    Action.HAND_OVER: (">", Style.CHANGE),
    Action.KEEP: ("=", Style.FAINT),
    Action.SKIP: ("!", Style.FAINT),
}
_MOST_FIELDS = 40
_LONGEST_VALUE = 120


class FleetPlan(Struct, frozen=True):
    """Everything one `plan` found. `skipped` clusters could not be planned; their problems say why."""

    fleet: str
    revision: str
    plans: tuple[Plan, ...]
    problems: tuple[Problem, ...] = ()

    def all_problems(self) -> list[Problem]:
        return [*self.problems, *(problem for plan in self.plans for problem in plan.problems)]

    def counts(self) -> Counter[Action]:
        return Counter(change.action for plan in self.plans for change in plan.changes)

    @property
    def changes_anything(self) -> bool:
        return any(plan.pending() for plan in self.plans)

    @property
    def failed(self) -> bool:
        return any(problem.severity is Severity.ERROR for problem in self.all_problems())


class Group(Struct, frozen=True):
    """One change of one bundle, the same on all `clusters`."""

    bundle: str
    change: Change
    clusters: tuple[str, ...]


def groups(plans: Iterable[Plan]) -> list[Group]:
    """Changes worth showing, by bundle, then as objects are ordered, the same ones merged."""
    merged: dict[tuple[object, ...], tuple[Plan, Change, list[str]]] = {}
    for plan in plans:
        for change in plan.changes:
            if change.action is not Action.UNCHANGED:
                _, _, clusters = merged.setdefault((plan.key.bundle, *_sameness(change)), (plan, change, []))
                clusters.append(plan.key.cluster)
    found = [
        Group(plan.key.bundle, change, tuple(sorted(clusters))) for plan, change, clusters in merged.values()
    ]
    return sorted(
        found, key=lambda group: (group.bundle, group.change.level, group.change.id, group.clusters)
    )


def _sameness(change: Change) -> tuple[object, ...]:
    """Equal for two clusters when a reader would call it the same change; times and uids differ anyway."""
    fields = tuple(field_text(replace(field, time="")) for field in change.fields)
    return (change.id, change.action, change.cause, change.verified, change.notes, fields)


def _seen(fleet_plan: FleetPlan) -> str:
    """How many clusters the plan is for, and of how many, where some could not be looked at."""
    seen = {plan.key.cluster for plan in fleet_plan.plans}
    lost = {
        one.cluster for one in fleet_plan.problems if one.cluster and one.severity is Severity.ERROR
    } - seen
    every = counted(len(seen) + len(lost), "cluster")
    return f"{len(seen)} of {every}" if lost else every


def lines(fleet_plan: FleetPlan) -> Iterator[Line]:
    yield Line(f"fleet {fleet_plan.fleet} at {fleet_plan.revision}: {_seen(fleet_plan)}", Style.TITLE)
    bundle = ""
    for group in groups(fleet_plan.plans):
        if group.bundle != bundle:
            bundle = group.bundle
            yield Line()
            yield Line(f"bundle {bundle}", Style.TITLE)
        yield from _change_lines(group)
    found = fleet_plan.all_problems()
    if found:
        yield Line()
        yield from problem_report.lines(found)
    yield Line()
    yield Line(summary(fleet_plan), Style.TITLE)


def _change_lines(group: Group) -> Iterator[Line]:
    change = group.change
    sign, style = _SIGNS[change.action]
    unsure = "" if change.verified else "  (predicted)"
    clusters = (
        listed(group.clusters)
        if len(group.clusters) < 5
        else f"{len(group.clusters)} clusters: {listed(group.clusters)}"
    )
    yield Line(f"  {sign:<3} {change.action} {change.id}{unsure}  on {clusters}", style)
    yield Line(f"        {change.cause}", Style.FAINT)
    for field in change.fields[:_MOST_FIELDS]:
        yield Line(f"        {field_text(field)}")
    if len(change.fields) > _MOST_FIELDS:
        yield Line(f"        … and {len(change.fields) - _MOST_FIELDS} more fields", Style.FAINT)
    for note in change.notes:
        yield Line(f"        {note}", Style.FAINT)


def field_text(field: FieldChange) -> str:
    """`spec.replicas: 3 -> 5  (kubectl-edit, 2026-11-22T18:00:00Z)`."""
    if field.before is None:
        change = f"+ {brief(field.after)}"
    elif field.after is None:
        change = f"- {brief(field.before)}"
    else:
        change = f"{brief(field.before)} -> {brief(field.after)}"
    who = ", ".join(part for part in (field.manager, field.time) if part)
    return f"{field.path}: {change}" + (f"  ({who})" if who else "")


def brief(value: object) -> str:
    """A value on one line, cut where it is long."""
    import orjson

    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}… ({len(text)} characters)"


def summary(fleet_plan: FleetPlan) -> str:
    counts = fleet_plan.counts()
    verbs = [
        f"{counts[action]} to {action}"
        for action in _SIGNS
        if counts[action] and action not in (Action.KEEP, Action.SKIP)
    ]
    idle = [
        f"{counts[action]} {word}"
        for action, word in ((Action.KEEP, "kept"), (Action.SKIP, "skipped"), (Action.UNCHANGED, "unchanged"))
        if counts[action]
    ]
    errors = sum(problem.severity is Severity.ERROR for problem in fleet_plan.all_problems())
    parts = [
        ", ".join(verbs) or "nothing to change",
        ", ".join(idle),
        counted(errors, "error") if errors else "",
    ]
    return "; ".join(part for part in parts if part)


def data(fleet_plan: FleetPlan) -> dict[str, Any]:
    return {
        "fleet": fleet_plan.fleet,
        "revision": fleet_plan.revision,
        "clusters": sorted({plan.key.cluster for plan in fleet_plan.plans}),
        "changes": [_group_data(group) for group in groups(fleet_plan.plans)],
        "problems": [problem_report.data(problem) for problem in fleet_plan.all_problems()],
        "summary": {str(action): count for action, count in sorted(fleet_plan.counts().items())},
    }


def _group_data(group: Group) -> dict[str, Any]:
    change = group.change
    return {
        "bundle": group.bundle,
        "object": change.id._asdict(),
        "action": str(change.action),
        "cause": change.cause,
        "verified": change.verified,
        "drifted": change.drifted,
        "fields": [_field_data(field) for field in change.fields],
        "notes": list(change.notes),
        "clusters": list(group.clusters),
    }


def _field_data(field: FieldChange) -> dict[str, Any]:
    known = {
        "path": field.path,
        "before": field.before,
        "after": field.after,
        "manager": field.manager,
        "time": field.time,
    }
    return {name: value for name, value in known.items() if value is not None and value != ""}


def markdown(fleet_plan: FleetPlan, *, longest: int = 65_000) -> str:
    """For a pull request comment: the summary first, details folded, cut (and said) at `longest` characters."""
    head = [
        f"### Plan for fleet `{fleet_plan.fleet}` at `{fleet_plan.revision}`",
        "",
        f"**{summary(fleet_plan)}**",
        "",
    ]
    body = [*_markdown_problems(fleet_plan.all_problems()), *_markdown_groups(groups(fleet_plan.plans))]
    text = "\n".join(head)
    for index, part in enumerate(body):
        if len(text) + len(part) > longest - 200:
            return f"{text}\n\n_{counted(len(body) - index, 'more part')} left out: this comment would be too long; run `roadstead plan` to see all._\n"
        text += f"\n{part}"
    return text + "\n"


def _markdown_problems(found: Sequence[Problem]) -> Iterator[str]:
    for group in problem_report.grouped(found):
        problem = group.problem
        where = f" ({group.where})" if group.where else ""
        hint = f" _{problem.hint}_" if problem.hint else ""
        yield f"- **{problem.severity}**{where}: {_escaped(str(problem))}{hint}"


def _markdown_groups(found: Sequence[Group]) -> Iterator[str]:
    for group in found:
        sign, _ = _SIGNS[group.change.action]
        unsure = "" if group.change.verified else " (predicted)"
        head = f"`{sign}` {group.change.action} <code>{group.change.id}</code>{unsure} in <b>{group.bundle}</b> on {counted(len(group.clusters), 'cluster')}"
        detail = [
            f"on {', '.join(group.clusters)}",
            "",
            group.change.cause,
            *([""] if group.change.fields else []),
        ]
        if group.change.fields:
            detail += ["```diff", *(_diff_line(field) for field in group.change.fields[:_MOST_FIELDS]), "```"]
        yield "\n".join(["<details><summary>" + head + "</summary>", "", *detail, "", "</details>"])


def _diff_line(field: FieldChange) -> str:
    before = [] if field.before is None else [f"- {field.path}: {brief(field.before)}"]
    after = [] if field.after is None else [f"+ {field.path}: {brief(field.after)}"]
    return "\n".join([*before, *after])


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;").replace("|", "\\|")
