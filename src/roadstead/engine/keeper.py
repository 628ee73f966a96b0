"""One cluster, kept as Git says for as long as the process lives: connected, watched, its queue worked through.

Nothing here concerns another cluster, so whatever this one does costs the others nothing. A cluster that cannot
be reached is tried again with growing pauses; one that is merely not heard keeps its watches, which resume. Git
and decisions are brought from outside (`go_by`, `decided`); what is done to a bundle is key_step.py's.
"""

import asyncio
import math
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from roadstead.engine import clusters, key_step
from roadstead.engine.key_step import Steps
from roadstead.engine.known import Known
from roadstead.engine.losses import Losses
from roadstead.engine.pauses import Backoff
from roadstead.engine.queue import Counts, Limits, Queue, Urgency
from roadstead.engine.reach import Reaching
from roadstead.engine.revision_loop import Desired
from roadstead.engine.shared import Shared
from roadstead.engine.strangers import Strangers
from roadstead.engine.world import World
from roadstead.model import reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.facts import Facts
from roadstead.model.fleet import Cluster
from roadstead.model.ids import ObjectId
from roadstead.model.inventory import Inventory
from roadstead.objects.break_glass import BreakGlass
from roadstead.stages.observe import drift_watch, sight, system_watch
from roadstead.stages.observe.stream import Selection
from roadstead.world import tasks
from roadstead.world.inventory import reading
from roadstead.world.kube.access import Access
from roadstead.world.kube.client import Client

_FIRST_LISTS = 60.0  # seconds that the first lists may take; what was not listed then is asked for singly
_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds between attempts to connect
_LOOK_EVERY = 30.0  # seconds between questions whether a silent cluster is there
_TRUST = 90.0  # seconds that a sign of life lasts: of several watches each sends a bookmark a minute
_LATE = 10.0  # seconds after which a step makes one doubt that the cluster answers at all
_PASSING = (reasons.UNREACHABLE, reasons.THROTTLED, reasons.SERVER_ERROR)

_Start = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class Keeper:
    def __init__(self, shared: Shared, cluster: Cluster, *, recorded: Facts | None) -> None:
        self.cluster = cluster
        self._shared = shared
        self._facts = recorded
        self._queue = Queue(Limits(), asyncio.get_running_loop().time, shared.dice)
        self._wake, self._news, self._ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._desired: Desired | None = None
        self._adopted: Desired | None = None  # in this connection
        self._losses: Losses | None = None
        self._steps: Steps | None = None
        self._reach = Reaching(shared, cluster)
        self._running: set[str] = set()
        self._strangers = Strangers(
            shared, cluster.name, running=self._running, mark=self._mark, all_due=self.decided
        )
        self._moved: set[str] = set()  # bundles suspected while a step of theirs ran
        self._fatal: Problem | None = None
        self._sight: sight.Sight | None = None
        self._judging: asyncio.Task[None] | None = None
        self._start: _Start | None = None
        self._access: Access | None = None  # that of the connection

    @property
    def counts(self) -> Counts:
        return self._queue.counts()

    @property
    def lag(self) -> float:
        """Seconds for which the bundle that waits longest for its step has been due."""
        return self._queue.oldest()

    @property
    def reach(self) -> Reaching:
        return self._reach

    @property
    def inventories(self) -> Mapping[str, Inventory] | None:
        """What the cluster owns, by bundle; None while there is no connection."""
        return self._steps.known.inventories if self._steps else None

    @property
    def bundles(self) -> frozenset[str] | None:
        """What Git means for the cluster or is there; None while that is not known."""
        known = self._steps.known if self._steps else None
        return known.bundles() if known and known.adopted else None

    @property
    def glass(self) -> BreakGlass | None:
        """What a person put into the cluster that forbids to write there at the moment."""
        return self._strangers.glass()

    def has_looked(self, desired: Desired) -> bool:
        """Whether this state of Git was held against what is there, and nothing is due or under way."""
        counts = self.counts
        return self._adopted is desired and not (counts.due or counts.running)

    def go_by(self, desired: Desired, losses: Losses) -> None:
        """A new state of Git; the cluster's document may say something else of it, too."""
        self._desired, self._losses = desired, losses
        self.cluster = desired.resolution.clusters[self.cluster.name]
        self._reach.cluster = self.cluster
        if self._reach.is_lost:
            losses.missed(self.cluster.name)
        self._news.set()

    def decided(self) -> None:
        """Decisions changed: every key may be concerned."""
        for key in list(self._queue.keys):
            self._mark(key)

    def ask(self, bundle: str) -> None:
        """A person wants a bundle looked at now, whatever it waits for."""
        if self._steps:
            self._steps.inputs_changed(bundle)
        self._mark(bundle)

    def renew_access(self) -> None:
        """The kubeconfig was written: connect anew where it says something else of this cluster."""
        try:
            found = clusters.access(self._shared.world, self.cluster)
        except RoadsteadError:
            return  # half written, or wrong: what was good goes on to be used
        if self._access and found != self._access:
            self._end()

    def end(self) -> None:
        """The process stops: begin nothing more."""
        self._ended.set()
        self._wake.set()

    async def run(self) -> None:
        """Until the process stops, or this is cancelled. Raises nothing that is known to happen."""
        pauses = Backoff(first=_PAUSE, longest=_LONGEST_PAUSE, dice=self._shared.dice)
        while not self._shared.stop.is_set():
            problem = await self._connect(pauses)
            if self._shared.stop.is_set() or problem is None:
                continue
            self._reach.lost(problem)
            if self._losses:
                self._losses.missed(self.cluster.name)
            await self._sleep(pauses.failed(problem.retry_after or 0.0))

    async def _connect(self, pauses: Backoff) -> Problem | None:
        """Why it ended, unless because the process stops."""
        self._ended.clear()
        self._fatal = None
        try:
            world = self._world()
            self._access = clusters.access(world, self.cluster)
            async with clusters.connected(world, self.cluster) as client:
                await self._session(client, pauses)
        except RoadsteadError as error:
            return error.problem
        except TimeoutError:
            return Problem(
                reasons.UNREACHABLE, "the cluster did not answer in time", cluster=self.cluster.name
            )
        except Exception as fault:  # noqa: BLE001  a fault of ours must cost one cluster, not the fleet
            cause = f"{type(fault).__name__}: {fault}"
            return Problem(reasons.INTERNAL_FAULT, cause, cluster=self.cluster.name)
        finally:
            self._steps = self._strangers.steps = self._sight = self._adopted = None
        return self._fatal

    def _world(self) -> World:
        """After a failure credentials are read anew; before it, all clusters share what was read once."""
        return self._shared.world.within(math.inf) if self._reach.is_lost else self._shared.world

    async def _session(self, client: Client, pauses: Backoff) -> None:
        """One connection: everything is listed once, then watched, until somebody ends it."""
        desired = await self._first_news()
        if desired is None:
            return
        async with (
            drift_watch.running(
                client, self._suspect, self._blind, health=self._of_health, overtaken=self._overtaken
            ) as watch,
            tasks.group() as start,  # ends first: a step under way tells the watch what it wrote
        ):
            self._start = start
            seeing = partial(self._sighted, client, start)
            self._sight = looking = sight.Sight(client, seeing, every=_LOOK_EVERY, trust=_TRUST)
            async with self._shared.connecting:
                known = await self._survey(desired, client, watch)
            steps = await key_step.begin(self._shared, known, self._settled, self._strangers.glass)
            self._steps = self._strangers.steps = steps
            await steps.journaling.settle_all()
            self._reach.found(known.facts)
            pauses.succeeded()
            self._news.set()
            others = [start(self._adopt_all(start)), start(looking.look()), start(self._watch_system(client))]
            try:
                await self._work(start)
            finally:
                self._start = None
                for one in (*others, self._judging):
                    if one:
                        one.cancel()

    async def _first_news(self) -> Desired | None:
        while self._desired is None and not self._shared.stop.is_set():
            await self._sleep(1.0)
        return self._desired

    async def _survey(self, desired: Desired, client: Client, watch: drift_watch.DriftWatch) -> Known:
        self._facts = facts = await clusters.facts(self._shared.world, desired.fleet, client, self._facts)
        former = frozenset(self.cluster.former_names)
        stored = await reading.read_all(client, desired.fleet, former_clusters=former)
        await watch.expect({bundle: one.entries for bundle, one in stored.inventories.items()})
        try:
            async with asyncio.timeout(_FIRST_LISTS):
                await watch.synced.wait()
        except TimeoutError:
            pass
        return await Known.begin(
            desired, self.cluster, client=client, watch=watch, facts=facts, stored=stored
        )

    async def _work(self, start: _Start) -> None:
        """Take keys as they become due, those of a connection before as well, once Git's state is adopted."""
        steps = self._steps
        assert steps is not None
        while not (self._shared.stop.is_set() or self._ended.is_set()):
            while steps.known.adopted and (key := self._queue.take()):
                self._running.add(key)
                start(self._step(key))
            self._wake.clear()
            await self._sleep(self._queue.wait() if steps.known.adopted else math.inf, self._wake)

    async def _step(self, bundle: str) -> None:
        steps = self._steps
        assert steps is not None
        self._moved.discard(bundle)
        late = asyncio.get_running_loop().call_later(_LATE, self._doubt)
        then = await steps.step(bundle)
        late.cancel()
        self._running.discard(bundle)
        self._queue.done(bundle, then)
        if then.doubtful:
            self._doubt()
        if bundle in self._moved and steps.known.watch.suspicions.suspected(bundle) and not then.again:
            self._suspect_now(bundle)
        self._strangers.look(bundle)
        self._wake.set()

    async def _adopt_all(self, start: _Start) -> None:
        """Each new state of Git as it comes; until one is understood here, the one before counts."""
        pauses = Backoff(first=_PAUSE, longest=_LONGEST_PAUSE, dice=self._shared.dice)
        while True:
            await self._news.wait()
            self._news.clear()
            steps, desired, losses = self._steps, self._desired, self._losses
            assert steps is not None and desired is not None and losses is not None
            try:
                changed = await steps.known.adopt(self._shared.world.within(math.inf), desired, self.cluster)
            except RoadsteadError as error:
                self._reach.hindered(error.problem)
                self._news.set()
                await self._sleep(pauses.failed())
                continue
            pauses.succeeded()
            self._reach.unhindered()
            losses.saw(self.cluster.name, steps.known.inventories)
            if self._judging:
                self._judging.cancel()  # what was lost by the state of Git before does not matter any more
            self._judging = start(self._lose(steps, desired, losses))
            await self._go_on(steps, changed)
            self._adopted = desired

    async def _go_on(self, steps: Steps, changed: frozenset[str]) -> None:
        bundles = steps.known.bundles()
        for bundle in changed:
            steps.inputs_changed(bundle)
            if bundle in bundles:
                self._queue.changed(bundle)
        for bundle in set(self._queue.keys) - bundles:
            self._queue.forget(bundle)
            await steps.bulletin.forget(bundle)
        self._wake.set()

    async def _lose(self, steps: Steps, desired: Desired, losses: Losses) -> None:
        """What Git assigns no more goes only when that was judged over the whole fleet."""
        lost = await losses.of(self.cluster.name)
        if lost and steps.known.desired is desired:
            steps.known.lose(lost, losses.exceeded)
            for bundle in lost:
                self._mark(bundle)

    async def _watch_system(self, client: Client) -> None:
        assert self._desired is not None
        async with system_watch.running(
            client,
            self._desired.fleet,
            namespace=self._strangers.see_namespace,
            inventory=self._strangers.see_inventory,
        ):
            await self._ended.wait()

    def _blind(self, selection: Selection, problem: Problem | None) -> None:
        if self._sight:
            self._sight.blind(selection, problem)
            if problem and problem.reason in sight.OF_ALL:
                self._sight.doubt()

    def _doubt(self) -> None:
        if self._sight:
            self._sight.doubt()

    def _suspect(self, bundle: str, one: ObjectId) -> None:
        if self._steps is None:
            return
        if bundle in self._running:
            self._moved.add(bundle)
        else:
            self._suspect_now(bundle)

    def _overtaken(self, bundle: str, one: ObjectId, seen: dict[str, Any]) -> None:
        if self._steps and self._start:
            self._start(self._steps.drifts.overtaken(bundle, one, seen))

    def _suspect_now(self, bundle: str) -> None:
        assert self._steps is not None
        self._steps.drifts.suspect(bundle)
        self._mark(bundle, Urgency.DRIFT)

    def _of_health(self, one: ObjectId) -> None:
        steps = self._steps
        if steps is None:
            return
        if whose := steps.awaited.get(one):
            self._mark(whose)
        if bundle := steps.known.watch.suspicions.bundle_of(one):
            steps.bulletin.health_changed(bundle)
            if steps.bulletin.is_settled(bundle):
                self._settled(bundle)

    def _settled(self, bundle: str) -> None:
        self._queue.settled(bundle)
        self._wake.set()

    def _sighted(self, client: Client, start: _Start, what: str, problem: Problem | None) -> None:
        """What Sight tells: the whole cluster, or a kind of it, is not seen, or is again."""
        if what != sight.ALL:
            self._reach.kind(what, problem)
        elif problem is None:
            start(self._back(client))
        else:
            self._reach.lost(problem)
            if problem.reason not in _PASSING:
                self._end(problem)

    async def _back(self, client: Client) -> None:
        """The cluster answers again, unless another one does in its place."""
        assert self._facts is not None
        try:
            identity = await client.identity()
        except RoadsteadError:
            return
        if identity != self._facts.identity:
            cause = (
                f"kube-system has uid {identity}, it had {self._facts.identity} before the connection broke"
            )
            self._end(Problem(reasons.IDENTITY_CHANGED, cause, cluster=self.cluster.name))
            return
        self._reach.found(self._facts)
        self._queue.resume()
        self._wake.set()

    def _end(self, problem: Problem | None = None) -> None:
        """Connect anew: other credentials, or another cluster, may be needed."""
        self._fatal = problem
        self._ended.set()
        self._wake.set()

    def _mark(self, bundle: str, urgency: Urgency = Urgency.CHANGE) -> None:
        self._queue.changed(bundle, urgency)
        self._wake.set()

    async def _sleep(self, seconds: float, until: asyncio.Event | None = None) -> None:
        """Or until the event, or the process stops."""
        try:
            async with asyncio.timeout(None if math.isinf(seconds) else seconds):
                await (until or self._shared.stop).wait()
        except TimeoutError:
            pass
