"""One cluster, kept as Git says for as long as the process lives: connected, watched, its queue worked through.

Nothing here concerns another cluster, so whatever this one does costs the others nothing. A cluster that cannot
be reached is tried again with growing pauses; one that is merely not heard keeps its watches, which resume. Git
and decisions are brought from outside (`go_by`, `decided`). What becomes of Git's states is adopting.py's, whether
the cluster is seen seeing.py's, what watches tell hearing.py's, what is done to a bundle key_step.py's.
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from contextlib import nullcontext

from roadstead.engine import adopting, clusters, key_step, seeing
from roadstead.engine.adopting import Adopting
from roadstead.engine.hearing import Hearing
from roadstead.engine.key_step import Steps
from roadstead.engine.known import Known
from roadstead.engine.losses import Losses
from roadstead.engine.pauses import Backoff
from roadstead.engine.queue import Counts, Limits, Queue
from roadstead.engine.reach import Reaching
from roadstead.engine.revision_loop import Desired
from roadstead.engine.seeing import Seeing
from roadstead.engine.shared import Shared
from roadstead.engine.strangers import Strangers
from roadstead.engine.world import World
from roadstead.model import reasons
from roadstead.model.errors import Problem, RoadsteadError
from roadstead.model.facts import Facts
from roadstead.model.fleet import Cluster
from roadstead.model.inventory import Inventory
from roadstead.objects.break_glass import BreakGlass
from roadstead.stages.observe import drift_watch, system_watch
from roadstead.world import tasks
from roadstead.world.inventory import reading
from roadstead.world.kube.access import Access
from roadstead.world.kube.client import Client

_FIRST_LISTS = 60.0  # seconds that the first lists may take; what was not listed then is asked for singly


class Keeper:
    """`relabelled` is called when the cluster's facts say other labels of it than Git's state was resolved with."""

    def __init__(
        self, shared: Shared, cluster: Cluster, *, recorded: Facts | None, relabelled: Callable[[], None]
    ) -> None:
        self.cluster = cluster
        self._shared = shared
        self._relabelled = relabelled
        self._queue = Queue(Limits(), asyncio.get_running_loop().time, shared.dice)
        self._wake, self._ended = asyncio.Event(), asyncio.Event()
        self._reach = Reaching(shared, cluster)
        self._adopting = Adopting(shared, self._queue, self._reach, self._wake.set)
        self._hearing = Hearing(self._queue, self._wake.set)
        self._strangers = Strangers(
            shared,
            cluster.name,
            running=self._hearing.running,
            mark=self._hearing.mark,
            all_due=self.decided,
        )
        self._seeing = Seeing(self._reach, self._queue, self._wake.set, self._end, recorded)
        self._fatal: Problem | None = None
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
        return self._hearing.steps.known.inventories if self._hearing.steps else None

    @property
    def bundles(self) -> frozenset[str] | None:
        """What Git means for the cluster or is there; None while that is not known."""
        known = self._hearing.steps.known if self._hearing.steps else None
        return known.bundles() if known and known.adopted else None

    @property
    def glass(self) -> BreakGlass | None:
        """What a person put into the cluster that forbids to write there at the moment."""
        return self._strangers.glass()

    def has_looked(self, desired: Desired) -> bool:
        """Whether this state of Git was held against what is there, and nothing is due or under way."""
        counts = self.counts
        return self._adopting.adopted is desired and not (counts.due or counts.running)

    def go_by(self, desired: Desired, losses: Losses) -> None:
        """A new state of Git; the cluster's document may say something else of it, too."""
        self.cluster = desired.resolution.clusters[self.cluster.name]
        self._queue.limits = Limits.among(len(desired.resolution.clusters))
        self._reach.cluster = self.cluster
        self._adopting.go_by(desired, losses)

    def decided(self) -> None:
        """Decisions changed: every key may be concerned."""
        for key in list(self._queue.keys):
            self._hearing.mark(key)

    def ask(self, bundle: str) -> None:
        """A person wants a bundle looked at now, whatever it waits for."""
        if self._hearing.steps:
            self._hearing.steps.inputs_changed(bundle)
        self._hearing.mark(bundle)

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
        pauses = Backoff(first=adopting.PAUSE, longest=adopting.LONGEST_PAUSE, dice=self._shared.dice)
        while not self._shared.stop.is_set():
            problem = await self._connect(pauses)
            if self._shared.stop.is_set() or problem is None:
                continue
            self._reach.lost(problem)
            self._adopting.missed()
            await self._shared.sleep(pauses.failed(problem.retry_after or 0.0))

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
            self._hearing.steps = self._strangers.steps = None
            self._seeing.end()
            self._adopting.end()
        return self._fatal

    def _world(self) -> World:
        """After a failure credentials are read anew; before it, all clusters share what was read once."""
        return self._shared.world.within(math.inf) if self._reach.is_lost else self._shared.world

    async def _session(self, client: Client, pauses: Backoff) -> None:
        """One connection: everything is listed once, then watched, until somebody ends it."""
        desired = await self._adopting.first()
        if desired is None:
            return
        hearing = self._hearing
        async with (
            drift_watch.running(
                client,
                hearing.suspect,
                self._seeing.blind,
                health=hearing.health,
                overtaken=hearing.overtaken,
            ) as watch,
            tasks.group() as start,  # ends first: a step under way tells the watch what it wrote
        ):
            hearing.start = start
            looking = self._seeing.begin(client, start)
            async with self._shared.connecting:
                known = await self._survey(desired, client, watch)
                steps = await key_step.begin(
                    self._shared,
                    known,
                    hearing.settled,
                    self._strangers.glass,
                    requests=self._queue.limits.requests,
                )
                hearing.steps = self._strangers.steps = steps
                await steps.journaling.settle_all()
            self._reach.found(known.facts)
            pauses.succeeded()
            others = [
                start(self._adopting.run(steps, start)),
                start(looking.look()),
                start(self._watch_system(client, desired.fleet)),
            ]
            try:
                await self._work(steps, start)
            finally:
                hearing.start = None
                self._adopting.end()
                for one in others:
                    one.cancel()

    async def _survey(self, desired: Desired, client: Client, watch: drift_watch.DriftWatch) -> Known:
        seen = self._seeing
        async with nullcontext() if seen.facts else self._shared.meeting():
            seen.facts = facts = await clusters.facts(self._shared.world, desired.fleet, client, seen.facts)
        if any(self.cluster.labels.get(key) != value for key, value in facts.labels.items()):
            self._relabelled()
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

    async def _work(self, steps: Steps, start: tasks.Start) -> None:
        """Take keys as they become due, those of a connection before as well, once Git's state is adopted."""
        while not (self._shared.stop.is_set() or self._ended.is_set()):
            while steps.known.adopted and (key := self._queue.take()):
                self._hearing.begins(key)
                start(self._step(steps, key))
            self._wake.clear()
            await self._shared.sleep(self._queue.wait() if steps.known.adopted else math.inf, self._wake)

    async def _step(self, steps: Steps, bundle: str) -> None:
        late = asyncio.get_running_loop().call_later(seeing.LATE, self._seeing.doubt)
        then = await steps.step(bundle)
        late.cancel()
        self._queue.done(bundle, then)
        if then.doubtful:
            self._seeing.doubt()
        self._hearing.ended(bundle, then)
        self._strangers.look(bundle)
        self._wake.set()

    async def _watch_system(self, client: Client, fleet: str) -> None:
        async with system_watch.running(
            client, fleet, namespace=self._strangers.see_namespace, inventory=self._strangers.see_inventory
        ):
            await self._ended.wait()

    def _end(self, problem: Problem | None = None) -> None:
        """Connect anew: other credentials, or another cluster, may be needed."""
        self._fatal = problem
        self._ended.set()
        self._wake.set()
