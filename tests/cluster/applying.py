"""Bundles applied to a real cluster as the engine does it: survey, compare, preview, settle, step.

shop = Shop(client, fleet="t-1")
outcome = await shop.apply(config_map("a"))
assert results(outcome) == {"ConfigMap/t-1/a": "created"}
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from roadstead.language import canonical as digests
from roadstead.model.assignment import Adopt, Assignment, Deletion, DeletionPolicy, Drift, TreePath
from roadstead.model.ids import Key
from roadstead.model.inventory import Inventory
from roadstead.model.manifests import Manifests
from roadstead.model.outcome import Outcome
from roadstead.model.plan import Plan
from roadstead.objects import canonical
from roadstead.stages import apply
from roadstead.stages.observe import view as views
from roadstead.stages.plan import compare, settle
from roadstead.world import inventory
from roadstead.world.kube.client import Client
from tests.controlplane.direct import RequestFailed
from tests.controlplane.kubectl import kubectl

Object = dict[str, Any]


@dataclass
class Shop:
    """One fleet on one cluster. `writer` is the process that applies; `wants` is what Git says; `server` is
    the test's own way to the cluster, past our code."""

    client: Client
    fleet: str
    writer: str = "laptop"
    take_over: bool = True
    acting: Client | None = None
    patience: float = 60.0
    deadline: float = 240.0
    wants: dict[str, tuple[Object, ...]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    server: Any = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(20))

    async def apply(self, *objects: Object, bundle: str = "web", **options: Any) -> Outcome:
        """Make Git say these objects, plan and step once. The options are the assignment's."""
        self.wants[bundle] = objects
        self.options[bundle] = options
        return await self.step(bundle)

    async def step(
        self, bundle: str = "web", plan: Plan | None = None, tell: Any = lambda outcome: None, **rules: Any
    ) -> Outcome:
        planned = plan or await self.plan(bundle)
        owned = (await self.inventories()).get(bundle) or await self.nothing(bundle)
        health = self.options.get(bundle, {}).get("health", ())
        wishes = apply.Rules(self.writer, self.take_over, health=health, patience=self.patience)
        return await apply.step(
            self.target,
            planned,
            owned,
            replace(wishes, **rules),
            deadline=self.deadline,
            stop=self.stop,
            tell=tell,
        )

    async def plan(self, bundle: str = "web", *, precious: bool = False, shown: bool = True) -> Plan:
        manifests = {
            name: _manifests(name, objects, self.client.cluster) for name, objects in self.wants.items()
        }
        claims: dict[Any, tuple[str, ...]] = {}
        for name, made in manifests.items():
            for one in made:
                claims[one.id] = (*claims.get(one.id, ()), name)
        view = await views.read(self.client, fleet=self.fleet, wanted=list(claims))
        assert not view.stored.problems
        served = await self.client.resources()
        missing = {one.group_kind for one in claims if served.find(one.group_kind) is None}
        situation = compare.Situation(
            key=Key(bundle, self.client.cluster),
            revision="commit",
            inventory=view.stored.inventories.get(bundle) or await self.nothing(bundle),
            live=view.live,
            assignment=self._assignment(bundle) if bundle in self.wants else None,
            manifests=manifests.get(bundle),
            claims=claims,
            parents=view.parents,
            unreadable=view.unreadable,
            unserved=dict.fromkeys(missing, True),
            delete_precious=precious,
        )
        draft = compare.compare(situation)
        if not shown:
            draft = compare.unshown(draft, situation.assignment)
        previews = await apply.preview(self.target, draft, deadline=240.0)
        return settle.settle(draft, previews, situation.assignment)

    async def live(self, path: str) -> Any:
        """What the cluster holds at `configmaps/a` (core) or `apps/v1/deployments/web`, or None."""
        *group, plural, name = path.split("/")
        root = f"/apis/{'/'.join(group)}" if group else "/api/v1"
        try:
            return await self.server.request("GET", f"{root}/namespaces/{self.fleet}/{plural}/{name}")
        except RequestFailed as error:
            if error.status != 404:
                raise
            return None

    async def kubectl(self, *arguments: str, stdin: Any = None) -> str:
        """`stdin` is an object."""
        text = "" if stdin is None else json.dumps(stdin)
        return await kubectl(
            self.server.kubeconfig, self.server.name, "-n", self.fleet, *arguments, stdin=text
        )

    def writes(self, mark: int) -> list[str]:
        """The requests with which we wrote since the mark, dry runs left out."""
        found = self.server.requests(since=mark, user_agent="roadstead")
        return [f"{one.verb} {one.resource}/{one.name}" for one in found if one.writes]

    async def inventories(self) -> Mapping[str, Inventory]:
        stored = await inventory.read_all(self.client, self.fleet)
        assert not stored.problems
        return stored.inventories

    async def owned(self, bundle: str = "web") -> list[str]:
        found = (await self.inventories()).get(bundle)
        return sorted(str(one) for one in found.entries) if found else []

    async def nothing(self, bundle: str) -> Inventory:
        return inventory.empty(self.fleet, Key(bundle, self.client.cluster))

    @property
    def target(self) -> apply.Cluster:
        return apply.Cluster(self.client, self.acting or self.client, self.slots)

    def _assignment(self, bundle: str) -> Assignment:
        options = {"adopt": Adopt.IF_IDENTICAL} | self.options.get(bundle, {})
        if options.pop("orphan", False):
            options["deletion"] = Deletion(DeletionPolicy.ORPHAN)
        place = TreePath("", "apps")
        return Assignment(self.fleet, bundle, self.client.cluster, place, place, drift=Drift(), **options)


def _manifests(bundle: str, objects: Iterable[Object], cluster: str) -> Manifests:
    made = tuple(canonical.manifest(one) for one in objects)
    return Manifests(Key(bundle, cluster), made, digests.digest_of([one.digest for one in made]))


def results(outcome: Outcome) -> dict[str, str]:
    assert not outcome.problems, outcome.problems
    return {str(one.id): str(one.result) for one in outcome.objects}


def causes(outcome: Outcome) -> dict[str, str]:
    """Why objects failed or were passed over."""
    return {str(one.id): one.problem.cause for one in outcome.objects if one.problem}


def notes(outcome: Outcome) -> dict[str, tuple[str, ...]]:
    return {str(one.id): one.notes for one in outcome.objects if one.notes}
