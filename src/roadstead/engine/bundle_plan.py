"""The plan of one bundle on a surveyed cluster, kept to calling the stages in order, and why there is none.

What one bundle cannot do is told in its plan and holds up nobody else. What is not known, or not to go, stays exactly
as it is.
"""

from msgspec import Struct
from msgspec.structs import replace

from roadstead.engine import holding
from roadstead.engine.surveying import Survey
from roadstead.engine.world import World
from roadstead.model import reasons
from roadstead.model.assignment import Assignment
from roadstead.model.errors import Problem, Severity
from roadstead.model.ids import Key
from roadstead.model.manifests import Manifests
from roadstead.model.plan import Draft, Plan
from roadstead.stages import apply
from roadstead.stages.fleet.limits import Fate
from roadstead.stages.plan import compare, settle
from roadstead.world.inventory import reading


def bundles(found: Survey, wanted: frozenset[str]) -> list[str]:
    """The bundles to plan on this cluster, dependencies first: those assigned, and those it still holds."""
    renamed = {name for name, lost in found.lost.items() if lost.fate is Fate.RENAMED}
    blocked = {key.bundle for key in found.desired.resolution.blocked if key.cluster == found.cluster.name}
    held = {*found.view.stored.inventories, *found.view.stored.problems} - renamed
    names = {*found.manifests, *blocked, *held} - {""}
    chosen = names & wanted if wanted else names
    ordered: dict[str, None] = {}

    def add(name: str, above: tuple[str, ...] = ()) -> None:
        if name in ordered or name in above:
            return
        for dependency in found.depends_on(name):
            if dependency in chosen:
                add(dependency, (*above, name))
        ordered[name] = None

    for name in sorted(chosen):
        add(name)
    return list(ordered)


class Wishes(Struct, frozen=True):
    """What a person allowed for this run."""

    delete_precious: bool = False
    ignore_prune_limit: bool = False
    ignore_loss_limit: bool = False
    prune: bool = True
    take_over: bool = False


async def plan(
    world: World,
    found: Survey,
    bundle: str,
    wishes: Wishes,
    *,
    shown: bool = True,
    at_hand: apply.AtHand | None = None,
) -> Plan:
    """The plan of one bundle; what stands in its way is among its problems. One that is not `shown` to
    anybody asks the server less, and tells less; with objects `at_hand` (apply.preview), still less."""
    key = Key(bundle, found.cluster.name)
    inventory = found.inventory(bundle)
    assignment = found.assignment(bundle)
    decisions, held = found.desired.decisions, None
    if decisions is not None:
        held = holding.held(key, None, inventory.parent, decisions=decisions, glass=None, now=world.now)
        if assignment and holding.leaves_drift(key, decisions, world.now):
            assignment = replace(assignment, leave_drift=True)
    manifests = found.manifests.get(bundle)
    stopped = _stopped(found, bundle, assignment, manifests, wishes) or (
        (_frozen(key, held.why),) if held else ()
    )
    if stopped:
        return Plan(key, inventory.parent.applied, found.desired.revision, inventory.parent, (), stopped)
    situation = compare.Situation(
        key=key,
        revision=found.desired.revision,
        inventory=inventory,
        live=found.view.live,
        assignment=assignment,
        manifests=manifests,
        claims=found.claims,
        parents=found.view.parents,
        unreadable=found.view.unreadable,
        unserved=found.unserved,
        unrendered=found.doubtful(bundle),
        delete_precious=wishes.delete_precious,
        ignore_prune_limit=wishes.ignore_prune_limit,
    )
    draft = await _drafted(found, situation)
    if over := _exceeded(found, key, draft, wishes):
        return Plan(key, inventory.parent.applied, found.desired.revision, inventory.parent, (), over)
    if not shown:
        draft = compare.unshown(draft, assignment)
    previews = await apply.preview(found.target(assignment), draft, deadline=world.remaining, at_hand=at_hand)
    return settle.settle(draft, previews, assignment)


async def _drafted(found: Survey, situation: compare.Situation) -> Draft:
    """The draft; where objects of another fleet stand in its way, the cluster is asked whose they are."""
    draft = compare.compare(situation)
    if strange := compare.strange(situation, draft):
        strangers = await reading.strangers(found.client, strange)
        draft = compare.compare(replace(situation, strangers=strangers))
    return draft


def _stopped(
    found: Survey, bundle: str, assignment: Assignment | None, manifests: Manifests | None, wishes: Wishes
) -> tuple[Problem, ...]:
    """Why a bundle stays exactly as it is: nothing is planned then, above all no delete."""
    key = Key(bundle, found.cluster.name)
    broken = found.view.stored.problems.get(bundle) or found.desired.resolution.blocked.get(key)
    if broken:
        return (broken.at(bundle=key.bundle, cluster=key.cluster),)
    if assignment is not None and assignment.freeze:
        hold = assignment.freeze
        return (_frozen(key, f"hold {hold.hold} by {hold.owner} until {hold.until}: {hold.reason}"),)
    if manifests is not None and any(one.severity is Severity.ERROR for one in manifests.findings):
        return manifests.findings
    if assignment is None:
        return _kept(found, key, wishes)
    if manifests is None:  # which would look as if Git wanted nothing of it
        return (_frozen(key, "what Git means for it is not known yet"),)
    return ()


def _kept(found: Survey, key: Key, wishes: Wishes) -> tuple[Problem, ...]:
    """Why a bundle that Git assigns no more stays; nothing, when it may go."""
    lost = found.lost.get(key.bundle)
    if lost is None or lost.fate not in (Fate.REMOVED, Fate.RETIRED):
        return (_frozen(key, lost.cause if lost else "Git assigns it no more"),)
    if not wishes.prune:
        return (_frozen(key, f"{lost.cause}; left alone, as --no-prune asks"),)
    return ()


def _exceeded(found: Survey, key: Key, draft: Draft, wishes: Wishes) -> tuple[Problem, ...]:
    """Why a removed bundle stays: the whole fleet would lose more than its limits allow. Where nothing would
    go, there is nothing to approve."""
    lost = found.lost.get(key.bundle)
    if lost is None or lost.fate is not Fate.REMOVED or wishes.ignore_loss_limit:
        return ()
    if not any(change.writes for change in draft.changes):
        return ()
    return tuple(problem.at(bundle=key.bundle, cluster=key.cluster) for problem in found.exceeded)


def _frozen(key: Key, cause: str) -> Problem:
    return Problem(reasons.FROZEN, cause, severity=Severity.WARNING, bundle=key.bundle, cluster=key.cluster)
