"""The health of one cluster's objects: as it is now (`snapshot`), or kept current by watches while somebody
waits for it (`watching`).

Waiting costs nothing but the watch: one stream for each kind, whatever the number of bundles that wait or
will (`expect`), and none once nobody does. Pods are looked at only where a workload is on its way. How an
object is judged is awaited.py, and objects/health.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from roadstead.model.assignment import HealthRule
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.facts import ApiResource
from roadstead.model.health import Health
from roadstead.model.ids import GroupKind, ObjectId
from roadstead.objects import kinds, ownership
from roadstead.stages.observe import awaited as judging
from roadstead.stages.observe import finding, pods, serving
from roadstead.stages.observe.awaited import Awaited
from roadstead.stages.observe.stream import Selection
from roadstead.stages.observe.streams import Start, Streams
from roadstead.stages.observe.waiter import Tell, Waiter
from roadstead.world import tasks
from roadstead.world.kube import client as kube

PATIENCE = 30.0  # seconds that a failure must last, as many pass: a crash until the database is there
_AT_ONCE = 8
_LAG = 0.25  # seconds by which a watch may be behind the answer to a write


async def snapshot(
    client: kube.Client, wanted: Mapping[ObjectId, Sequence[HealthRule]]
) -> dict[ObjectId, Health]:
    """How objects are that exist, as a view told: those of kinds without a status are not asked for. One
    list for each other kind, and the Pods of namespaces where a workload is on its way."""
    asked: dict[GroupKind, list[ObjectId]] = defaultdict(list)
    for one, rules in wanted.items():
        if judging.looks_at_status(one.group_kind, rules):
            asked[one.group_kind].append(one)
    served = await serving.ask(client, asked)
    found = dict.fromkeys(wanted, judging.READY)
    waiting: dict[ObjectId, dict[str, Any]] = {}  # workloads whose Pods may tell more

    def read(obj: dict[str, Any]) -> Health:
        one = kinds.identify(obj)
        told = judging.judge(obj, Awaited(wanted.get(one, ())))
        if one in wanted and one.group_kind in pods.WORKLOADS and told != judging.READY:
            waiting[one] = obj
        return told

    async def ask(kind: GroupKind) -> None:
        if kind in served.unknown:
            found.update(dict.fromkeys(asked[kind], judging.unknown(served.unknown[kind])))
            return
        found.update(dict.fromkeys(asked[kind], judging.MISSING))
        if kind in served.resources:
            answer = await finding.find(client, served.resources[kind], asked[kind], read)
            found.update(answer.objects)
            found.update({one: judging.unknown(problem) for one, problem in answer.unreadable.items()})

    await tasks.each(asked, ask, limit=_AT_ONCE)
    around = await pods.read(client, {one.namespace for one in waiting})
    for one, obj in waiting.items():
        found[one] = judging.judge(obj, Awaited(wanted[one]), around.of(obj))
    return {one: found[one] for one in wanted}


@asynccontextmanager
async def watching(client: kube.Client, *, stop: asyncio.Event | None = None) -> AsyncIterator["Healths"]:
    """`async with healths.watching(client) as seen: await seen.until_settled(...)`

    After `stop` nobody waits any longer: each wait ends with what it has learnt."""
    async with tasks.group() as start:
        seen = Healths(client, start)
        ending = start(seen.end_waits(stop or asyncio.Event()))
        try:
            yield seen
        finally:
            ending.cancel()
            seen.stop()


class Healths:
    """A streams.Follower of all kinds that somebody waits for; keeps only objects that are waited for, or
    expected to be."""

    def __init__(self, client: kube.Client, start: Start) -> None:
        self._client = client
        self._start = start
        self._waiters: dict[ObjectId, list[Waiter]] = {}
        self._expected: set[ObjectId] = set()
        self._scopes: dict[GroupKind, Counter[str]] = defaultdict(Counter)  # of both, by namespace
        self._objects: dict[ObjectId, dict[str, Any]] = {}
        self._resources: dict[GroupKind, ApiResource] = {}
        self._listed: set[Selection] = set()
        self._named: dict[ObjectId, Selection] = {}
        self._interrupted: dict[Selection, Problem] = {}
        self._over = False
        self._streams = Streams(client, self, start)
        self._pods = pods.Pods(self._assess)
        self._pod_streams = Streams(client, self._pods, start)

    def expect(self, objects: Iterable[ObjectId]) -> None:
        """Somebody will wait once for each of these. What is seen of them until then is kept, so that a wait
        for what was just written need not look for it."""
        for one in set(objects) - self._expected:
            self._expected.add(one)
            self._count(one, 1)

    async def until_settled(
        self,
        wanted: Mapping[ObjectId, Awaited],
        *,
        deadline: float,
        tell: Tell = lambda object_id, health: None,
        patience: float = PATIENCE,
    ) -> dict[ObjectId, Health]:
        """The health of all `wanted` once each is ready or suspended (or gone, where that is awaited), or
        what keeps the others from it has lasted `patience` seconds, or `deadline` seconds are over, or
        waits were ended."""
        waiter = Waiter(wanted, tell)
        if self._over:
            return waiter.answer()
        followed = tuple(waiter.pending)
        for one in followed:
            self._waiters.setdefault(one, []).append(waiter)
            self._count(one, 1)
        try:
            async with asyncio.timeout(deadline):
                await self._begin(waiter)
                await waiter.settled(patience)
        except TimeoutError:
            self._say_unheard(waiter)
        finally:
            self._end(waiter, followed)
        return waiter.answer()

    async def end_waits(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._over = True
        for waiter in {waiter for waiters in self._waiters.values() for waiter in waiters}:
            waiter.give_up()

    def stop(self) -> None:
        self._streams.stop()
        self._pod_streams.stop()

    async def _begin(self, waiter: Waiter) -> None:
        """Follow the kinds. What was listed before anybody waited for it is looked for by name."""
        pending = list(waiter.pending)
        try:
            served = await serving.ask(self._client, {one.group_kind for one in pending})
        except RoadsteadError as error:
            self._learn(pending, judging.unknown(error.problem), hopeless=True)
            return
        self._resources |= served.resources
        self._need()
        if any(one in self._expected and self._is_unseen(one) for one in pending):
            await asyncio.sleep(_LAG)
        for one in pending:
            if one.group_kind in served.unknown:
                self._learn([one], judging.unknown(served.unknown[one.group_kind]), hopeless=True)
            elif one.group_kind not in served.resources:
                self._learn([one], judging.UNSERVED)
            elif one in self._objects:
                self._assess(one)
            elif self._is_unseen(one):
                self._follow_by_name(one)

    def _is_unseen(self, one: ObjectId) -> bool:
        """Whether its kind was listed, and is followed, without a sign of the object."""
        return one not in self._objects and any(selection.covers(one) for selection in self._listed)

    def _end(self, waiter: Waiter, followed: Iterable[ObjectId]) -> None:
        for one in followed:
            self._count(one, -1)
            others = [other for other in self._waiters.pop(one) if other is not waiter]
            if others:
                self._waiters[one] = others
                continue
            self._forget(one)
            self._leave_name(one)
            if one in self._expected:
                self._expected.remove(one)
                self._count(one, -1)
        self._need()

    def _count(self, one: ObjectId, number: int) -> None:
        scope = self._scopes[one.group_kind]
        scope[one.namespace] += number
        if not scope[one.namespace]:
            del scope[one.namespace]

    def _need(self) -> None:
        needed = {
            Selection(
                self._resources[kind], selector=ownership.PART_OF, metadata=self._is_light(kind)
            ): frozenset(scope)
            for kind, scope in self._scopes.items()
            if scope and kind in self._resources
        }
        self._streams.need(needed)
        self._listed.intersection_update(self._streams.running)
        self._need_pods()

    def _is_light(self, kind: GroupKind) -> bool:
        """Whether metadata tells enough: of kinds without a status, unless a rule looks at more."""
        return kind in judging.WITHOUT_STATUS and all(
            waiter.wanted[one].gone
            for one, waiters in self._waiters.items()
            if one.group_kind == kind
            for waiter in waiters
        )

    def _need_pods(self) -> None:
        self._pod_streams.need(pods.selections(self._pods.busy(self._is_pending)))

    def _is_pending(self, one: ObjectId) -> bool:
        return any(one in waiter.pending for waiter in self._waiters[one])

    def seen(self, selection: Selection, obj: dict[str, Any]) -> None:
        one = kinds.identify(obj)
        if one not in self._waiters:
            if one in self._expected:
                self._objects[one] = obj
            return
        if ownership.PART_OF in (obj["metadata"].get("labels") or {}):
            self._leave_name(one)
        self._objects[one] = obj
        if one.group_kind in pods.WORKLOADS:
            self._pods.tend(one, obj)
        self._assess(one)
        if one.group_kind in pods.WORKLOADS and self._is_pending(one) and not self._pods.is_heard(one):
            self._need_pods()

    def gone(self, selection: Selection, obj: dict[str, Any]) -> None:
        one = kinds.identify(obj)
        if one in self._waiters:
            self._missed(selection, one)
        else:
            self._objects.pop(one, None)

    def listed(self, selection: Selection, present: Collection[ObjectId]) -> None:
        if not selection.name:
            self._listed.add(selection)
        for one in [one for one in self._objects if one not in self._waiters and selection.covers(one)]:
            if one not in present:
                del self._objects[one]
        for one in [one for one in self._waiters if selection.covers(one)]:
            if one not in present:
                self._missed(selection, one)
            elif one not in self._objects:
                self._follow_by_name(one)

    def interrupted(self, selection: Selection, problem: Problem | None) -> None:
        if problem:
            self._interrupted[selection] = problem
        else:
            self._interrupted.pop(selection, None)

    def lost(self, selection: Selection, problem: Problem) -> None:
        self._learn(filter(selection.covers, list(self._waiters)), judging.unknown(problem), hopeless=True)

    def _missed(self, selection: Selection, one: ObjectId) -> None:
        """What has left the selection by label is looked for by name: it may only have lost the label."""
        if selection.name:
            self._forget(one)
            self._leave_name(one)
            self._learn([one], judging.MISSING)
        elif one not in self._named:
            self._forget(one)
            self._follow_by_name(one)

    def _follow_by_name(self, one: ObjectId) -> None:
        if one not in self._named:
            resource, light = self._resources[one.group_kind], self._is_light(one.group_kind)
            self._named[one] = Selection(resource, one.namespace, one.name, metadata=light)
            self._streams.also(self._named[one])

    def _leave_name(self, one: ObjectId) -> None:
        if one in self._named:
            self._streams.no_longer(self._named.pop(one))

    def _assess(self, one: ObjectId) -> None:
        obj = self._objects[one]
        around = self._pods.of(obj) if one.group_kind in pods.WORKLOADS else ()
        for waiter in self._waiters[one]:
            waiter.learn(one, judging.judge(obj, waiter.wanted[one], around))

    def _learn(self, objects: Iterable[ObjectId], told: Health, *, hopeless: bool = False) -> None:
        for one in objects:
            for waiter in self._waiters.get(one, ()):
                waiter.learn(one, told, hopeless=hopeless)

    def _say_unheard(self, waiter: Waiter) -> None:
        """At the end of the time: what was known of these may be old."""
        for selection, problem in self._interrupted.items():
            self._learn(filter(selection.covers, list(waiter.pending)), judging.unknown(problem))

    def _forget(self, one: ObjectId) -> None:
        self._objects.pop(one, None)
        self._pods.leave(one)
