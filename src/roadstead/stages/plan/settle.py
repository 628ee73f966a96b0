"""Decide the doubtful changes of a draft by what the server answered to their dry runs.

Pure. The difference between the live object and the dry run's result is what would really change;
where there is none, nothing was wrong, whatever the signatures said (correctness.md, Drift).
"""

from collections.abc import Mapping

import orjson
from msgspec.structs import replace

from roadstead.language import paths
from roadstead.model import reasons
from roadstead.model.assignment import Additions, Adopt, Assignment, DriftMode
from roadstead.model.errors import Problem
from roadstead.model.ids import ObjectId
from roadstead.model.plan import Action, Change, Draft, FieldChange, Plan, Preview
from roadstead.objects import difference, marks, ownership, values

_LABEL = paths.text(("metadata", "labels", ownership.PART_OF))


def settle(draft: Draft, previews: Mapping[ObjectId, Preview], assignment: Assignment | None) -> Plan:
    changes: list[Change] = []
    problems = list(draft.problems)
    for change in draft.changes:
        preview = previews.get(change.id)
        if change.verified or preview is None:
            changes.append(change)
            continue
        decided, problem = _decide(change, preview, assignment)
        changes.append(decided)
        if problem:
            problems.append(problem.at(cluster=draft.key.cluster, bundle=draft.key.bundle, object=change.id))
    return Plan(
        key=draft.key,
        digest=draft.digest,
        revision=draft.revision,
        parent=draft.parent,
        changes=tuple(changes),
        problems=tuple(problems),
    )


def _decide(change: Change, preview: Preview, assignment: Assignment | None) -> tuple[Change, Problem | None]:
    if preview.problem and preview.recreate:
        cause = f"{change.cause}; {preview.recreate} cannot be changed on a live object"
        return replace(change, action=Action.RECREATE, cause=cause, verified=True), None
    if preview.problem:
        return replace(
            change, action=Action.SKIP, cause=f"the server refuses it: {preview.problem.cause}"
        ), preview.problem
    if preview.edited:
        certain = replace(change, blind=True, notes=(*change.notes, *_kept(change, preview)))
        settled = _update(certain, preview.edited, assignment)
        return _told_of_additions(settled, preview, assignment), None
    if preview.predicted or preview.result is None:
        return _foretold(change, preview), None
    fields = _visible(change, preview)
    change = replace(change, notes=(*change.notes, *_kept(change, preview)))
    if change.action is Action.ADOPT:
        return _adoption(change, preview, fields, assignment)
    settled = _update(change, fields, assignment)
    return _told_of_additions(settled, preview, assignment), None


def _foretold(change: Change, preview: Preview) -> Change:
    """Where the server may not be asked, values are compared here: defaults and admission are not foreseen."""
    cause = f"{change.cause}; predicted: {preview.predicted or 'the server was not asked'}"
    if change.action is not Action.UPDATE or change.manifest is None or preview.live is None:
        return replace(change, cause=cause)
    found = values.changed(orjson.loads(change.manifest.body), dict(preview.live))
    fields = [field for field in found if field.path != _LABEL]
    return replace(
        change,
        cause=cause,
        fields=tuple(fields),
        drifted=_lost_label(change) or (change.drifted and bool(fields)),
    )


def _told_of_additions(change: Change, preview: Preview, assignment: Assignment | None) -> Change:
    """What others set beside us goes, or is told, as the bundle says (`additions`)."""
    wanted = assignment.drift.additions if assignment else Additions.IGNORE
    if wanted is Additions.IGNORE or change.manifest is None or preview.live is None:
        return change
    found = values.additions(dict(preview.live), orjson.loads(change.manifest.body))
    if wanted is Additions.REPORT:
        return replace(change, added=tuple(found))
    added = [field for field in found if not field.path.startswith("metadata.")]  # those stay
    if not added or _mode(change, assignment) is not DriftMode.CORRECT:
        return change
    cause = f"added to by {_editors(tuple(added))}"
    if change.action is not Action.UNCHANGED:
        cause = f"{change.cause}; {cause}"
    fields = (*change.fields, *added)
    return replace(change, action=Action.UPDATE, cause=cause, fields=fields, alone=True, drifted=True)


def _kept(change: Change, preview: Preview) -> tuple[str, ...]:
    """Fields that Git dropped and that stay, for others own them, too."""
    if change.manifest is None or preview.live is None:
        return ()
    found = ownership.kept(dict(preview.live), orjson.loads(change.manifest.body))
    return tuple(
        f"kept {paths.text(path)}: also owned by {', '.join(dict.fromkeys(one.manager for one in owners))}"
        for path, owners in found
    )


def _visible(change: Change, preview: Preview) -> tuple[FieldChange, ...]:
    """What a person would call a change; our own ownership label is bookkeeping, unless somebody took it off
    an object of ours."""
    changes = difference.compare(preview.live, preview.result)
    told = difference.attribute(changes, preview.live or {}, drifted=change.drifted)
    return tuple(field for field in told if field.path != _LABEL or _lost_label(change))


def _lost_label(change: Change) -> bool:
    return change.drifted and change.live is not None and not change.live.part_of


def _adoption(
    change: Change, preview: Preview, fields: tuple[FieldChange, ...], assignment: Assignment | None
) -> tuple[Change, Problem | None]:
    adopt = assignment.adopt if assignment else Adopt.NEVER
    settled = replace(change, fields=fields, verified=True)
    differ = [field.path for field in fields if not _is_bookkeeping(field)]
    if adopt is Adopt.ALWAYS or not differ:
        return replace(settled, cause="exists already" + ("" if differ else ", identical")), None
    differing = ", ".join(differ[:5]) + (", …" if len(differ) > 5 else "")
    problem = Problem(
        reasons.OWNED_BY_OTHER,
        f"it exists already and differs in {differing}",
        hint="set adopt: always in the Bundle to take it over as Git says, or make Git agree with it",
        object=change.id,
        action="adopt",
    )
    return replace(settled, action=Action.SKIP, cause="exists already and differs"), problem


def _is_bookkeeping(field: FieldChange) -> bool:
    """A former manager's own mark, which goes with it."""
    return field.after is None and ownership.is_bookkeeping(paths.parse(field.path))


def _update(change: Change, fields: tuple[FieldChange, ...], assignment: Assignment | None) -> Change:
    settled = replace(change, fields=fields, verified=True)
    if change.action is Action.HAND_OVER:
        return settled
    if change.cause == "changed in Git":
        return _changed(settled)
    if not fields:
        return replace(settled, action=Action.UNCHANGED, cause="as applied", drifted=False)
    if change.cause == "an earlier apply was cut off" and _editors(fields) == ownership.MANAGER:
        return replace(settled, drifted=False)  # what we wrote ourselves, and did not get to write down
    only_label = all(field.path == _LABEL for field in fields)
    edited = change.cause if only_label else f"edited by {_editors(fields)}"
    mode = _mode(change, assignment)
    if mode is DriftMode.CORRECT:
        return replace(settled, cause=edited, drifted=True)
    if mode is DriftMode.REPORT:
        return replace(settled, action=Action.KEEP, cause=f"{edited}; reported, not corrected", drifted=True)
    return replace(settled, action=Action.UNCHANGED, cause=f"{edited}; ignored, as asked", drifted=False)


def _changed(change: Change) -> Change:
    """Whether somebody edited what Git changes anyway cannot be told from the values; who holds them can."""
    if not change.fields:
        return replace(change, cause="changed in Git, with no effect on values", drifted=False)
    who = _editors(change.fields)
    if change.drifted and who not in ("", ownership.MANAGER):
        return replace(change, cause=f"changed in Git; edited by {who} before")
    return replace(change, drifted=False)


def _editors(fields: tuple[FieldChange, ...]) -> str:
    return ", ".join(dict.fromkeys(field.manager for field in fields if field.manager)) or "somebody"


def _mode(change: Change, assignment: Assignment | None) -> DriftMode:
    if assignment is None:
        return DriftMode.CORRECT
    if assignment.leave_drift:
        return DriftMode.REPORT
    own = marks.read(orjson.loads(change.manifest.body)).drift if change.manifest else None
    return own or assignment.drift.mode
