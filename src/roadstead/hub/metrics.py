"""`/metrics` for Prometheus: what happened is counted as it does, how things stand is asked at each scrape.

Few labels on purpose, none that grows with clusters, bundles or objects: which one it is, events tell.
"""

from collections import Counter
from dataclasses import fields

from prometheus_client import CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client import Counter as Counted
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from roadstead.engine.queue import Counts
from roadstead.model.errors import RoadsteadError
from roadstead.model.events import Event
from roadstead.model.status import Reach, Standing
from roadstead.operations.serve import Serving

_NOTICED = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """One for a process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._events = self._counter("events", "Events, by kind and level.", ["kind", "level"])
        self._noticed = Histogram(
            "roadstead_drift_noticed_seconds",
            "From the first sign of an edit to its event.",
            buckets=_NOTICED,
            registry=self.registry,
        )
        self.clusters = self._gauge("clusters", "Clusters, by whether they can be reached.", ["reach"])
        self.bundles = self._gauge(
            "bundles", "Bundles on clusters, by how they stand (the worst that is true).", ["standing"]
        )
        self.keys = self._gauge("queue_keys", "Bundles on clusters, by what is to be done.", ["state"])
        self.following = self._gauge("git_followed", "Whether the newest state of Git counts (1) or not (0).")
        self.looked = self._gauge("git_last_look_timestamp_seconds", "When Git was looked at last.")
        self.database = self._gauge("database_up", "Whether writes to the database succeed (1) or not (0).")

    def hear(self, event: Event) -> None:
        self._events.labels(event.kind, str(event.level)).inc()
        if isinstance(noticed := event.data.get("noticed_ms"), float):
            self._noticed.observe(noticed / 1000)

    def _counter(self, name: str, told: str, labels: list[str]) -> Counted:
        return Counted(f"roadstead_{name}", told, labels, registry=self.registry)

    def _gauge(self, name: str, told: str, labels: list[str] | None = None) -> Gauge:
        return Gauge(f"roadstead_{name}", told, labels or [], registry=self.registry)


async def _look(serving: Serving, counted: Metrics) -> None:
    keepers = serving.reconciling.keepers.values()
    reached = Counter(one.reach.now for one in keepers)
    for reach in Reach:
        counted.clusters.labels(str(reach)).set(reached[reach])
    counts = [one.counts for one in keepers]
    for each in fields(Counts):
        counted.keys.labels(each.name).set(sum(getattr(one, each.name) for one in counts))
    following = serving.reconciling.following
    counted.following.set(following.desired is not None and following.problem is None)
    if following.looked:
        counted.looked.set(following.looked.timestamp())
    counted.database.set(serving.store.problem is None)
    try:
        standing = await serving.store.statuses.counts()
    except RoadsteadError:
        return  # what was counted last stays
    for one in Standing:
        counted.bundles.labels(str(one)).set(standing.get(one, 0))


def routes(serving: Serving, counted: Metrics) -> list[Route]:
    async def metrics(request: Request) -> Response:
        await _look(serving, counted)
        return Response(generate_latest(counted.registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/metrics", metrics)]
