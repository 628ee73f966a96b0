"""What a bundle waits for: others before its step, and after it another attempt, or a person.

Decided from what is known; nothing is asked and nothing told.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from roadstead.engine.bulletin import Bulletin
from roadstead.engine.queue import REST, Then
from roadstead.engine.surveying import Survey
from roadstead.model import reasons
from roadstead.model.errors import Problem, Severity
from roadstead.model.plan import Action, Plan
from roadstead.model.reasons import Category
from roadstead.stages.observe import sight

_FAULT_PAUSE = 60.0  # seconds at least until a fault of ours is met again, or not


def needs(bulletin: Bulletin, plan: Plan) -> frozenset[str]:
    """Other bundles that come first. Correcting waits for nobody."""
    if all(change.drifted for change in plan.pending()) and not plan.problems:
        return frozenset()
    bundle, known, survey = plan.key.bundle, bulletin.known, bulletin.known.survey
    unready = {one for one in survey.depends_on(bundle) if not bulletin.is_settled(one)}
    unmade = {one for one in known.makers.get(bundle, ()) if not known.is_applied(one)}
    present = {one for one in survey.dependants(bundle) if one in known.inventories}
    return frozenset((unready & (survey.manifests.keys() | known.rendering)) | unmade | present)


def keeping_what_moves(plan: Plan, found: Survey) -> tuple[Plan, frozenset[str]]:
    """The plan that holds on to what another bundle has not taken over yet, and these bundles."""
    heirs: set[str] = set()
    changes = []
    for change in plan.changes:
        if change.gives_away and change.live and change.live.part_of == plan.parent.id:
            heirs |= {one for one in found.claims.get(change.id, ()) if one != plan.key.bundle}
            change = replace(change, action=Action.KEEP)  # noqa: PLW2901
        changes.append(change)
    return (replace(plan, changes=tuple(changes)) if heirs else plan), frozenset(heirs)


def after(problems: Iterable[Problem]) -> Then:
    """One that passes by itself is worth another attempt."""
    broken = [one for one in problems if one.severity is Severity.ERROR]
    if not broken:
        return REST
    passing = [
        one
        for one in broken
        if one.category in (Category.TRANSIENT, Category.CONFLICT) or one.reason is reasons.INTERNAL_FAULT
    ]
    doubtful = any(one.reason in sight.OF_ALL for one in broken)
    if not passing:
        return Then(stalled=True, doubtful=doubtful)
    pause = max(
        _FAULT_PAUSE if one.reason is reasons.INTERNAL_FAULT else one.retry_after or 0.0 for one in passing
    )
    unreachable = any(one.reason is reasons.UNREACHABLE for one in passing)
    return Then(again=True, at_least=pause, unreachable=unreachable, doubtful=doubtful)
