"""One cluster as it is before anything is planned: what it is, what Git means for it, what it holds.

Nothing is decided here. One who keeps a cluster under watch brings what the watches tell (known.py); who comes once
asks for all of it (`survey`).
"""

import asyncio
from collections.abc import Mapping
from weakref import WeakValueDictionary

import orjson
from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.engine import clusters, doubtful, hosting
from roadstead.engine.revision_loop import Desired
from roadstead.engine.world import World
from roadstead.language.steps import Steps
from roadstead.model.assignment import Assignment
from roadstead.model.errors import Problem
from roadstead.model.facts import Facts
from roadstead.model.fleet import Cluster
from roadstead.model.ids import GroupKind, Key, ObjectId
from roadstead.model.inventory import Inventory
from roadstead.model.manifests import Manifests
from roadstead.objects import kinds
from roadstead.stages import apply
from roadstead.stages.fleet.limits import Lost
from roadstead.stages.observe import view as views
from roadstead.stages.observe.view import ClusterView
from roadstead.stages.render import render as rendering
from roadstead.stages.render.context import Describe
from roadstead.world import tasks
from roadstead.world.inventory import Announcements, reading
from roadstead.world.kube.client import Client

_USUAL = frozenset({"v1", "apps/v1"})  # of most objects: their schemas are asked for while these are built
_SLOTS = 20  # requests at once that all bundles together ask of one cluster (no gain beyond 8, measured)


class Survey(Struct, frozen=True):
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
    unrendered: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by Source, as doubtful tells
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

    def doubtful(self, bundle: str) -> frozenset[str]:
        """Bundles that may take over what this one wants no more, for it is not known what they want."""
        if not self.unrendered:
            return frozenset()
        none: frozenset[str] = frozenset()
        source = doubtful.source_of(self.desired, bundle)
        return self.unrendered.get("", none) | self.unrendered.get(source, none)

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
    facts = await clusters.facts(world, desired.fleet, client, before, whole=False)

    async with tasks.group() as start:
        usual = start(client.bring_schemas(world.blobs, facts.schemas, _USUAL))

        async def describe(versions: frozenset[str]) -> None:
            await usual
            await client.bring_schemas(world.blobs, facts.schemas, versions)

        making = start(manifests_of(world, desired, {cluster.name: facts}, describe=describe))
    rendered = making.result()[cluster.name]
    wanted = [one.id for each in rendered.values() for one in each]
    view = await views.read(
        client, fleet=desired.fleet, wanted=wanted, former_clusters=frozenset(cluster.former_names)
    )
    return await seen(desired, cluster, client, facts, rendered=rendered, view=view)


async def manifests_of(
    world: World,
    desired: Desired,
    facts: Mapping[str, Facts],
    *,
    only: frozenset[str] = frozenset(),
    deadline: float = rendering.DEADLINE,
    spare: int = 0,
    describe: Describe | None = None,
) -> dict[str, dict[str, Manifests]]:
    """What Git means for clusters that have these facts, by cluster and bundle, `only` these where any are named; what
    was rendered before is only looked up. `deadline` is for each job, `spare` workers are left to others. `describe`
    completes the schemas."""
    wanted = await tasks.in_turns(_wanted(desired, facts, only))
    made = await rendering.render(
        wanted,
        desired.snapshot,
        facts,
        pool=world.pool,
        cache=world.renders,
        deadline=deadline,
        spare=spare,
        describe=describe,
    )
    found: dict[str, dict[str, Manifests]] = {cluster: {} for cluster in facts}
    for key, one in made.items():
        found[key.cluster][key.bundle] = one
    return found


def _wanted(desired: Desired, facts: Mapping[str, Facts], only: frozenset[str]) -> Steps[list[Assignment]]:
    wanted: list[Assignment] = []
    for cluster, known in facts.items():
        for one in desired.of_cluster(cluster):
            if not only or one.bundle in only:
                wanted.append(replace(one, cluster_labels={**one.cluster_labels, **known.labels}))
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
    assignments = {one.bundle: one for one in desired.of_cluster(cluster.name)}
    return Survey(
        desired=desired,
        cluster=cluster,
        client=client,
        facts=facts,
        assignments=assignments,
        manifests=manifests,
        view=view,
        unserved=missing,
        made_by=hosting.makers(manifests, view.live, missing),
        claims=_claims(manifests),
        slots=asyncio.Semaphore(_SLOTS),
        unrendered=doubtful.find(desired, cluster.name, assignments, manifests),
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


class _Claims(dict[ObjectId, tuple[str, ...]]):
    """Never changed once it is made."""

    __slots__ = ("__weakref__",)


_known_claims: WeakValueDictionary[int, _Claims] = WeakValueDictionary()  # by a hash of what they say


def _claims(manifests: Mapping[str, Manifests]) -> Mapping[ObjectId, tuple[str, ...]]:
    """Which bundles want each object; of clusters where that is the same, one in memory."""
    claims = _Claims()
    for bundle, each in manifests.items():
        alone = (bundle,)  # one for all of its objects
        for one in each:
            claims[one.id] = (*claims[one.id], bundle) if one.id in claims else alone
    key = hash(frozenset(claims.items()))
    known = _known_claims.setdefault(key, claims)
    return known if known == claims else claims
