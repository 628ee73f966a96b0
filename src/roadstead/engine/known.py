"""What is known of one cluster between steps: what Git means for it, what it owns, what its watches tell.

Kept current by three things, each told here at once: a new state of Git (`adopt`), our own writes (`took`), and
inventories that somebody else wrote (`read_again`). Nothing is asked of the cluster that the watches tell.
"""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct, field
from msgspec.structs import replace

from roadstead.engine import bundle_plan, hosting, surveying, unrendered
from roadstead.engine.revision_loop import Desired
from roadstead.engine.surveying import Survey
from roadstead.model.assignment import Assignment
from roadstead.model.errors import Problem
from roadstead.model.facts import Facts
from roadstead.model.fleet import Cluster
from roadstead.model.ids import Key, ObjectId
from roadstead.model.inventory import Entry, Inventory
from roadstead.model.manifests import Manifests
from roadstead.model.outcome import Outcome
from roadstead.stages.fleet.limits import Lost
from roadstead.stages.observe import view as views
from roadstead.stages.observe.drift_watch import DriftWatch
from roadstead.stages.observe.view import ClusterView
from roadstead.world.inventory import reading
from roadstead.world.inventory.reading import Stored
from roadstead.world.kube.client import Client


class _Inputs(Struct, frozen=True):
    """All of Git that a bundle's plan depends on: what is equal needs no further look."""

    assignment: Assignment | None
    digest: str
    findings: tuple[Problem, ...]
    blocked: Problem | None
    awaited: frozenset[str]  # bundles that may take over what this one keeps for them


class Known(Struct):
    """`inventories` is what the survey's view shows, changed in place. `lost` is judged over the whole fleet and
    comes later than the rest; until then what was lost stays as it is. Bundles that go by the state of Git before, as
    the newest is still being rendered, are in `rendering`."""

    client: Client
    watch: DriftWatch
    facts: Facts
    survey: Survey
    inventories: dict[str, Inventory]
    adopted: bool = False  # whether it is known what Git means for it: before that nothing is to be done
    makers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    rendering: frozenset[str] = frozenset()
    _inputs: dict[str, _Inputs] = field(default_factory=dict)

    @classmethod
    async def begin(
        cls,
        desired: Desired,
        cluster: Cluster,
        *,
        client: Client,
        watch: DriftWatch,
        facts: Facts,
        stored: Stored,
    ) -> "Known":
        """What a cluster owns, before anybody asked what Git means for it (`adopt`)."""
        inventories = dict(stored.inventories)
        view = ClusterView(cluster.name, replace(stored, inventories=inventories), watch.suspicions.live)
        survey = await surveying.seen(desired, cluster, client, facts, rendered={}, view=view)
        return cls(client, watch, facts, survey, inventories)

    @property
    def cluster(self) -> Cluster:
        return self.survey.cluster

    @property
    def desired(self) -> Desired:
        return self.survey.desired

    def inventory(self, bundle: str) -> Inventory:
        return self.survey.inventory(bundle)

    def digest(self, bundle: str) -> str:
        """Of what Git means the bundle to be here, "" where that is nothing or not known."""
        found = self.survey.manifests.get(bundle)
        return found.digest if found else ""

    def is_applied(self, bundle: str) -> bool:
        digest = self.digest(bundle)
        settled = bool(digest) and bundle not in self.rendering
        return settled and self.inventory(bundle).parent.applied == digest

    def bundles(self) -> frozenset[str]:
        return self.rendering.union(bundle_plan.bundles(self.survey, frozenset()))

    async def adopt(
        self,
        desired: Desired,
        cluster: Cluster,
        rendered: Mapping[str, Manifests],
        slow: frozenset[str] = frozenset(),
    ) -> frozenset[str]:
        """Go by a new state of Git, of which `rendered` is what it means here, but for bundles that are `slow` to
        render; the bundles for which it changes anything. Others go on where that takes long."""
        behind = await self._behind(desired, rendered, slow) if slow else frozenset[str]()
        rendered = unrendered.manifests(rendered, self.survey.manifests, behind)
        view = await views.complete(
            self.client,
            self.survey.view.stored,
            self.watch.suspicions.live,
            wanted=[one.id for each in rendered.values() for one in each],
            is_listed=self.watch.suspicions.is_listed,
        )
        await asyncio.sleep(0)
        survey = await surveying.seen(desired, cluster, self.client, self.facts, rendered=rendered, view=view)
        await asyncio.sleep(0)
        self.survey = replace(
            survey,
            slots=self.survey.slots,
            announcements=self.survey.announcements,
            assignments=unrendered.assignments(survey.assignments, self.survey.assignments, behind),
        )
        moved, self.rendering = behind ^ self.rendering, behind
        self._renew_view()
        self._remake()
        before, self._inputs = self._inputs, self._inputs_now()
        self.adopted = True
        self.judge_health()
        return moved.union(
            bundle
            for bundle in before.keys() | self._inputs.keys()
            if before.get(bundle) != self._inputs.get(bundle)
        )

    async def _behind(
        self, desired: Desired, rendered: Mapping[str, Manifests], slow: frozenset[str]
    ) -> frozenset[str]:
        """The bundles that must wait for what is slow to render, and these themselves."""
        assigned = {one.bundle: one for one in desired.of_cluster(self.cluster.name)}
        names = {bundle: (bundle, *one.former_names) for bundle, one in assigned.items()}
        held = {
            bundle: [
                each for one in those if one in self.inventories for each in self.inventories[one].entries
            ]
            for bundle, those in names.items()
        }
        return unrendered.behind(
            slow,
            rendered,
            before=self.survey.manifests,
            held=held,
            live=self.survey.view.live,
            unserved=await surveying.unserved(self.client, rendered),
        )

    def lose(self, lost: Mapping[str, Lost], exceeded: tuple[Problem, ...]) -> None:
        self.survey = replace(self.survey, lost=lost, exceeded=exceeded)

    async def look_again(self, bundle: str) -> None:
        """Before another attempt: what the watches do not tell of a bundle's objects, asked anew."""
        found = self.survey.manifests.get(bundle)
        if self.survey.unserved:
            await self.client.resources(fresh=True)
        view = await views.complete(
            self.client,
            self.survey.view.stored,
            self.watch.suspicions.live,
            wanted=[one.id for one in found or ()],
            is_listed=self.watch.suspicions.is_listed,
        )
        self.survey = replace(
            self.survey, view=view, unserved=await surveying.unserved(self.client, self.survey.manifests)
        )
        self._remake()

    async def read_again(self, fleet: str) -> frozenset[str]:
        """Inventories that somebody else wrote; the bundles whose differ from what was known."""
        former = frozenset(self.cluster.former_names)
        stored = await reading.read_all(self.client, fleet, former_clusters=former)
        before = self.inventories
        changed = frozenset(
            bundle
            for bundle in before.keys() | stored.inventories.keys() | stored.problems.keys()
            if before.get(bundle) != stored.inventories.get(bundle)
        )
        self._store(stored)
        owned: dict[str, Mapping[ObjectId, Entry]] = {bundle: {} for bundle in before}
        await self.watch.expect(owned | {name: one.entries for name, one in self.inventories.items()})
        return changed

    async def took(self, outcome: Outcome, planned: Mapping[ObjectId, str] = MappingProxyType({})) -> None:
        """What a step of ours left, and the versions of objects for which it was planned."""
        inventory, bundle = outcome.inventory, outcome.key.bundle
        if inventory is None:
            return
        versions = {one.id: one.version for one in outcome.objects if one.version}
        if not inventory.parent.resource_version:  # nothing is owned any more, and the parent is gone
            if self.inventories.pop(bundle, None):
                self._renew_view()
        else:
            is_new = bundle not in self.inventories
            self.inventories[bundle] = inventory
            if is_new:
                self._renew_view()
        self.watch.wrote(inventory, versions, planned)
        await self.watch.expect({bundle: inventory.entries})

    def forget_asked(self) -> None:
        """What was asked about objects before they were ours is older than what their watches tell, also that
        they are gone."""
        asked, watched = self.survey.view.asked, self.watch.suspicions
        for one in [each for each in asked if watched.bundle_of(each) and watched.is_listed(each)]:
            del asked[one]

    def judge_health(self) -> None:
        """By the rules that bundles have now."""
        book = self.watch.book
        if book is not None:
            names = {*self.inventories, *self.survey.assignments}
            found = {name: self.survey.assignment(name) for name in names}
            book.judge_by(
                {self.inventory(name).parent.id: one.health if one else () for name, one in found.items()}
            )

    def _store(self, stored: Stored) -> None:
        self.inventories = dict(stored.inventories)
        self.survey = replace(
            self.survey,
            view=replace(self.survey.view, stored=replace(stored, inventories=self.inventories)),
        )

    def _renew_view(self) -> None:
        """Whose label is whose is worked out anew."""
        stored = self.survey.view.stored
        taken = frozenset(one.parent.name for one in self.inventories.values())
        self.survey = replace(
            self.survey, view=replace(self.survey.view, stored=replace(stored, taken=stored.taken | taken))
        )

    def _remake(self) -> None:
        depends = {name: frozenset(self.survey.depends_on(name)) for name in self.survey.manifests}
        self.makers = hosting.without_circles(
            {name: self.survey.makers(name) for name in self.survey.manifests}, depends
        )

    def _inputs_now(self) -> dict[str, _Inputs]:
        survey, blocked = self.survey, self.desired.resolution.blocked
        found = {}
        for bundle in self.bundles():
            manifests = survey.manifests.get(bundle)
            found[bundle] = _Inputs(
                survey.assignment(bundle),
                manifests.digest if manifests else "",
                manifests.findings if manifests else (),
                blocked.get(Key(bundle, survey.cluster.name)),
                self._awaited(bundle),
            )
        return found

    def _awaited(self, bundle: str) -> frozenset[str]:
        survey = self.survey
        found = survey.doubtful(bundle)
        if not found:
            return found
        manifests = survey.manifests.get(bundle)
        wanted = manifests.by_id if manifests else {}
        drops = any(one not in wanted for one in survey.inventory(bundle).entries)
        return found if drops else frozenset()
