"""`/metrics` for Prometheus: what happened is counted as it does, how things stand is asked at each scrape.

Few labels on purpose, none that grows with clusters, bundles or objects: which one it is, events tell. Every metric
is named in docs/operations.md, which a test holds against what is shown here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import accumulate

from msgspec.structs import fields
from prometheus_client import CollectorRegistry, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client import Counter as Counted
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from roadstead import __version__
from roadstead.engine.queue import Counts
from roadstead.model.errors import RoadsteadError
from roadstead.model.events import Event
from roadstead.model.status import Reach, Standing
from roadstead.operations.serve import Serving
from roadstead.world import meter
from roadstead.world.meter import Times

_NOTICED = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
_PARTS = frozenset(
    ["api", "auth", "hooks", "metrics", "healthz", "readyz"]
)  # first parts of paths; others are "other"


class Metrics:
    """One for a process."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a series more for each counter
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.registry.register(_Metered())
        self._events = self._counter("events", "Events, by kind and level.", ["kind", "level"])
        self.answered = self._counter(
            "http_requests", "Requests to this process.", ["part", "method", "code"]
        )
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
        self.lag = self._gauge(
            "queue_oldest_seconds", "How long a bundle of a cluster that can be reached waits for its step."
        )
        self.watches = self._gauge("watches", "Watches on clusters that are open or being opened.")
        self.following = self._gauge("git_followed", "Whether the newest state of Git counts (1) or not (0).")
        self.looked = self._gauge("git_last_look_timestamp_seconds", "When Git was looked at last.")
        self.database = self._gauge("database_up", "Whether writes to the database succeed (1) or not (0).")
        self.waiting = self._gauge("database_waiting_writes", "Writes that are not durable yet.")
        self.size = self._gauge("database_size_bytes", "What the database takes on its disk.")
        self.outbox = self._gauge("deliveries_waiting", "Alerts on their way to a receiver.")
        self._gauge("build_info", "Which version runs.", ["version"]).labels(__version__).set(1)

    def hear(self, event: Event) -> None:
        self._events.labels(event.kind, str(event.level)).inc()
        if isinstance(noticed := event.data.get("noticed_ms"), float):
            self._noticed.observe(noticed / 1000)

    def _counter(self, name: str, told: str, labels: list[str]) -> Counted:
        return Counted(f"roadstead_{name}", told, labels, registry=self.registry)

    def _gauge(self, name: str, told: str, labels: list[str] | None = None) -> Gauge:
        return Gauge(f"roadstead_{name}", told, labels or [], registry=self.registry)


class _Metered(Collector):
    """What is counted in the whole process (world/meter)."""

    def collect(self) -> Iterator[Metric]:
        yield _counts(
            "kubernetes_requests", "Requests to API servers.", ("verb", "outcome"), meter.requests.items()
        )
        yield _times("kubernetes_request_seconds", "Answers of API servers, streams left out.", meter.answers)
        yield _counts(
            "watch_restarts", "Watches that ended, by reason.", ("reason",), _single(meter.watch_restarts)
        )
        yield _times("step_seconds", "Steps of a bundle on a cluster.", meter.steps)
        yield _times("database_commit_seconds", "Commits to the database.", meter.commits)
        told = "Attempts to deliver an alert, by kind of receiver and outcome."
        yield _counts("deliveries", told, ("receiver", "outcome"), meter.deliveries.items())


def _single(counted: Counter[str]) -> Iterator[tuple[tuple[str], int]]:
    return (((word,), count) for word, count in counted.items())


def _counts(
    name: str, told: str, labels: tuple[str, ...], counted: Iterable[tuple[tuple[str, ...], int]]
) -> Metric:
    family = CounterMetricFamily(f"roadstead_{name}", told, labels=labels)
    for values, count in counted:
        family.add_metric(values, count)
    return family


def _times(name: str, told: str, times: Times) -> Metric:
    bounds = [*map(str, times.bounds), "+Inf"]
    buckets = list(zip(bounds, accumulate(times.counts), strict=True))
    return HistogramMetricFamily(f"roadstead_{name}", told, buckets=buckets, sum_value=times.total)


class Counting:
    """Counts what an app answers; a stream when it begins."""

    def __init__(self, app: ASGIApp, counted: Metrics) -> None:
        self._app = app
        self._counted = counted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        first = scope["path"].strip("/").partition("/")[0]
        part = first if first in _PARTS else "other"
        method = scope["method"] if scope["method"] in _METHODS else "other"

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._counted.answered.labels(part, method, str(message["status"])).inc()
            await send(message)

        await self._app(scope, receive, counting)


async def _look(serving: Serving, counted: Metrics) -> None:
    keepers = serving.reconciling.keepers.values()
    reached = Counter(one.reach.now for one in keepers)
    for reach in Reach:
        counted.clusters.labels(str(reach)).set(reached[reach])
    counts = [one.counts for one in keepers]
    for each in fields(Counts):
        counted.keys.labels(each.name).set(sum(getattr(one, each.name) for one in counts))
    counted.lag.set(max((one.lag for one in keepers if not one.reach.is_lost), default=0.0))
    counted.watches.set(meter.under_way["watches"])
    following = serving.reconciling.following
    counted.following.set(following.desired is not None and following.problem is None)
    if following.looked:
        counted.looked.set(following.looked.timestamp())
    await _look_at_database(serving, counted)


async def _look_at_database(serving: Serving, counted: Metrics) -> None:
    store = serving.store
    counted.database.set(store.problem is None)
    counted.waiting.set(store.writer.waiting)
    try:
        standing = await store.statuses.counts()
        counted.size.set(await store.size())
        counted.outbox.set(sum((await store.outbox.depth()).values()))
    except RoadsteadError:
        return  # what was counted last stays
    for one in Standing:
        counted.bundles.labels(str(one)).set(standing.get(one, 0))


def routes(serving: Serving, counted: Metrics) -> list[Route]:
    async def metrics(request: Request) -> Response:
        await _look(serving, counted)
        return Response(generate_latest(counted.registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/metrics", metrics)]
