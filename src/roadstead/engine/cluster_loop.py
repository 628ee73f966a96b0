"""One cluster: survey it, plan each bundle, apply what was planned, wait where something must be waited for.

The heart, kept to calling the stages in order. Every step reads the world anew and may be repeated at
any time; what one bundle or one cluster cannot do is told in its result and holds up nobody else.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import orjson

from roadstead.engine import clusters, holding, hosting
from roadstead.engine.revision_loop import Desired
from roadstead.engine.world import World
from roadstead.language.steps import Steps
from roadstead.model import reasons
from roadstead.model.assignment import Assignment
from roadstead.model.errors import Problem, Severity
from roadstead.model.facts import Facts
from roadstead.model.fleet import Cluster
from roadstead.model.ids import GroupKind, Key, ObjectId
from roadstead.model.inventory import Inventory
from roadstead.model.manifests import Manifests
from roadstead.model.plan import Draft, Plan
from roadstead.objects import kinds
from roadstead.stages import apply
from roadstead.stages.fleet.limits import Fate, Lost
from roadstead.stages.observe import view as views
from roadstead.stages.observe.view import ClusterView
from roadstead.stages.plan import compare, settle
from roadstead.stages.render import render as rendering
from roadstead.world import tasks
from roadstead.world.inventory import Announcements, reading
from roadstead.world.kube.client import Client

_SLOTS = 20  # requests at once that all bundles together ask of one cluster (no gain beyond 8, measured)


@dataclass(frozen=True, slots=True)
class Survey:
    """All that is known of a cluster before planning. `manifests` are those of all its bundles, for who
    owns what is a question to all of them."""

    desired: Desired
    cluster: Cluster
    client: Client
    facts: Facts
    assignments: Mapping[str, Assignment]  # by bundle
    manifests: Mapping[str, Manifests]  # by bundle
    view: ClusterView
    unserved: Mapping[GroupKind, bool]
    made_by: Mapping[str, frozenset[str]]
    claims: Mapping[ObjectId, tuple[str, ...]]
    slots: asyncio.Semaphore
    announcements: Announcements = field(default_factory=Announcements)
    lost: Mapping[str, Lost] = field(default_factory=dict)
    exceeded: tuple[Problem, ...] = ()

    def inventory(self, bundle: str) -> Inventory:
        """What the bundle owns, also under a name that it had before."""
        stored = self.view.stored
        key = Key(bundle, self.cluster.name)
        assignment = self.assignment(bundle)
        for name in (bundle, *(assignment.former_names if assignment else ())):
            if name in stored.inventories:
                found = stored.inventories[name]
                return found if found.parent.key == key else _renamed(found, key)
        return reading.empty(self.desired.fleet, key, taken=stored.taken)

    def assignment(self, bundle: str) -> Assignment | None:
        return self.assignments.get(bundle)

    def depends_on(self, bundle: str) -> tuple[str, ...]:
        """What must be ready before the bundle; what it only joins after counts until it was installed."""
        assignment = self.assignment(bundle)
        if assignment is None:
            return ()
        if not assignment.joining or not self.inventory(bundle).parent.resource_version:
            return assignment.depends_on
        return tuple(one for one in assignment.depends_on if one not in assignment.joining)

    def dependants(self, bundle: str) -> frozenset[str]:
        """What must be gone before the bundle goes: it depended on it when it was applied."""
        if self.assignment(bundle):
            return frozenset()
        held = self.view.stored.inventories.items()
        return frozenset(
            other for other, one in held if bundle in one.parent.depends_on and not self.assignment(other)
        )

    def makers(self, bundle: str) -> frozenset[str]:
        """Other bundles that make a namespace or kind which this one uses and which is not there yet."""
        return self.made_by.get(bundle, frozenset())

    def target(self, assignment: Assignment | None) -> apply.Cluster:
        acting = assignment.act_as if assignment else ""
        return apply.Cluster(
            self.client,
            self.client.acting_as(acting) if acting else self.client,
            self.slots,
            self.announcements,
        )


def _renamed(inventory: Inventory, key: Key) -> Inventory:
    return replace(inventory, parent=replace(inventory.parent, key=key))


async def survey(
    world: World, desired: Desired, cluster: Cluster, client: Client, *, before: Facts | None
) -> Survey:
    """Ask the cluster what it is, render what is meant for it, see what it holds."""
    facts = await clusters.facts(world, desired.fleet, client, before)
    rendered = (await manifests_of(world, desired, {cluster.name: facts}))[cluster.name]
    wanted = [one.id for each in rendered.values() for one in each]
    view = await views.read(
        client, fleet=desired.fleet, wanted=wanted, former_clusters=frozenset(cluster.former_names)
    )
    return await seen(desired, cluster, client, facts, rendered=rendered, view=view)


async def manifests_of(
    world: World, desired: Desired, facts: Mapping[str, Facts]
) -> dict[str, dict[str, Manifests]]:
    """What Git means for clusters that have these facts, by cluster and bundle; what was rendered before is only
    looked up."""
    wanted = await tasks.in_turns(_wanted(desired, facts))
    made = await rendering.render(wanted, desired.snapshot, facts, pool=world.pool, cache=world.renders)
    found: dict[str, dict[str, Manifests]] = {cluster: {} for cluster in facts}
    for key, one in made.items():
        found[key.cluster][key.bundle] = one
    return found


def _wanted(desired: Desired, facts: Mapping[str, Facts]) -> Steps[list[Assignment]]:
    wanted: list[Assignment] = []
    for cluster, known in facts.items():
        wanted += [
            replace(one, cluster_labels={**one.cluster_labels, **known.labels})
            for one in desired.of_cluster(cluster)
        ]
        yield
    return wanted


async def seen(
    desired: Desired,
    cluster: Cluster,
    client: Client,
    facts: Facts,
    *,
    rendered: Mapping[str, Manifests],
    view: ClusterView,
) -> Survey:
    """The survey of a cluster that looks like `view`."""
    manifests = hosting.one_host_each(rendered, view.live, view.parents)
    missing = await unserved(client, manifests)
    return Survey(
        desired=desired,
        cluster=cluster,
        client=client,
        facts=facts,
        assignments={one.bundle: one for one in desired.of_cluster(cluster.name)},
        manifests=manifests,
        view=view,
        unserved=missing,
        made_by=hosting.makers(manifests, view.live, missing),
        claims=_claims(manifests),
        slots=asyncio.Semaphore(_SLOTS),
    )


async def unserved(client: Client, manifests: Mapping[str, Manifests]) -> dict[GroupKind, bool]:
    """Kinds that the cluster does not serve, and whether a definition among the manifests brings them."""
    served = await client.resources()
    wanted = {one.id.group_kind for each in manifests.values() for one in each}
    missing = {kind for kind in wanted if served.find(kind) is None}
    if not missing:
        return {}
    definition = kinds.CUSTOM_RESOURCE_DEFINITION
    told = [
        kinds.defined(orjson.loads(one.body))
        for each in manifests.values()
        for one in each
        if one.id.group_kind == definition
    ]
    brought = {one[0] for one in told if one}
    return {kind: kind in brought for kind in missing}


def _claims(manifests: Mapping[str, Manifests]) -> dict[ObjectId, tuple[str, ...]]:
    """Which bundles want each object."""
    claims: dict[ObjectId, tuple[str, ...]] = {}
    for bundle, each in manifests.items():
        alone = (bundle,)  # one for all of its objects
        for one in each:
            claims[one.id] = (*claims[one.id], bundle) if one.id in claims else alone
    return claims


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


@dataclass(frozen=True, slots=True)
class Wishes:
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
    draft = compare.compare(
        compare.Situation(
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
            delete_precious=wishes.delete_precious,
            ignore_prune_limit=wishes.ignore_prune_limit,
        )
    )
    if over := _exceeded(found, key, draft, wishes):
        return Plan(key, inventory.parent.applied, found.desired.revision, inventory.parent, (), over)
    if not shown:
        draft = compare.unshown(draft, assignment)
    previews = await apply.preview(found.target(assignment), draft, deadline=world.remaining, at_hand=at_hand)
    return settle.settle(draft, previews, assignment)


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
