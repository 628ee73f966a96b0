"""The store: rows a second singly and in groups beside the bare driver, reads at 1,000 x 100.

On SQLite, and on a PostgreSQL of its own that waits for the disk, as SQLite does.
"""

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from roadstead.model.events import Event
from roadstead.model.ids import Key
from roadstead.model.record import Record, RecordKind, Touched
from roadstead.model.status import ClusterStatus, Reach, Standing, Status
from roadstead.world import store
from roadstead.world.store.statuses import Order, Where
from tests.world.store import postgresql

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
CLUSTERS, BUNDLES = 1_000, 100
SINGLY, GROUPED, AT_ONCE = 500, 20_000, 500
READS = 15


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        print("  on SQLite")
        bare = _bare(Path(folder) / "bare.db")
        asyncio.run(_measure(f"sqlite:///{folder}/hub.db", bare))
        print("  on PostgreSQL")
        with postgresql.running(Path(folder), durable=True) as server:
            bare = asyncio.run(_bare_postgresql(server.database("bare")))
            asyncio.run(_measure(server.database("hub"), bare))


def _bare(file: Path) -> float:
    """Single inserts a second by the bare driver, with the pragmas of the store."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (a, b, c)")
    began = time.perf_counter()
    for number in range(SINGLY):
        connection.execute("INSERT INTO t VALUES (?, ?, ?)", (number, "drift", "a message of some length"))
    return _told("bare sqlite3, one commit a row", SINGLY, began, 0.0)


async def _bare_postgresql(url: str) -> float:
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE t (a int, b text, c text)")
    began = time.perf_counter()
    for number in range(SINGLY):
        await connection.execute(
            "INSERT INTO t VALUES ($1, $2, $3)", number, "drift", "a message of some length"
        )
    speed = _told("bare asyncpg, one commit a row", SINGLY, began, 0.0)
    await connection.close()
    return speed


async def _measure(url: str, bare: float) -> None:
    async with store.open(url, writer="hub") as opened:
        await _writes(opened, bare)
        await _fill(opened)
    began = time.perf_counter()
    async with store.open(url, writer="hub") as opened:
        print(f"  {'opening it again':<44} {(time.perf_counter() - began) * 1000:9.1f} ms")
        print(f"  {'size on the disk':<44} {await opened.size() / 2**20:9.0f} MB")
        await _reads(opened)


async def _writes(opened: store.Store, bare: float) -> None:
    began = time.perf_counter()
    for number in range(SINGLY):
        await opened.events.add(_event(number))
    _told("events, each awaited before the next", SINGLY, began, bare)
    began = time.perf_counter()
    await _at_once(opened.events.add, (_event(number) for number in range(GROUPED)))
    _told(f"events, {AT_ONCE} waiting at a time", GROUPED, began, bare)
    began = time.perf_counter()
    await _at_once(
        lambda record: _change(opened, record), (_intent(number) for number in range(GROUPED // 10))
    )
    _told(f"intent and outcome of a change, {AT_ONCE} at a time", GROUPED // 10, began, bare)


async def _at_once(work: Callable[[Any], Awaitable[Any]], items: Iterable[Any]) -> None:
    queue = iter(items)

    async def worker() -> None:
        for item in queue:
            await work(item)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(worker())


async def _change(opened: store.Store, record: Record) -> None:
    begun = await opened.journal.begin(record)
    done = Record(RecordKind.OUTCOME, NOW, "hub", record.cluster, record.bundle, result="done")
    await opened.journal.close(begun, done, store.With(statuses=(_status(0, 0),), events=(_event(0),)))


async def _fill(opened: store.Store) -> None:
    began = time.perf_counter()
    await opened.clusters.put(*(_cluster(number) for number in range(CLUSTERS)))
    for cluster in range(CLUSTERS):
        await opened.statuses.put(*(_status(cluster, bundle) for bundle in range(BUNDLES)))
    _told(f"{CLUSTERS:,} x {BUNDLES} statuses, a cluster at a time", CLUSTERS * BUNDLES, began, 0.0)


async def _reads(opened: store.Store) -> None:
    some = frozenset(f"cluster-{number:04}" for number in range(0, CLUSTERS, 5))
    questions: dict[str, Callable[[], Awaitable[Any]]] = {
        "first page of 100, by cluster": opened.statuses.page,
        "first page of 100, the worst first": lambda: opened.statuses.page(order=Order.WORST),
        "a page of what failed": lambda: opened.statuses.page(Where(standings=frozenset([Standing.FAILED]))),
        "a page of 200 chosen clusters": lambda: opened.statuses.page(Where(clusters=some)),
        "a page by a text that 1 in 100 holds": lambda: opened.statuses.page(Where(text="bundle-042")),
        "a page by a text that nothing holds": lambda: opened.statuses.page(Where(text="no such thing")),
        "sums of the fleet": opened.statuses.counts,
        "sums of each cluster": opened.statuses.by_cluster,
        "one status": lambda: opened.statuses.get(Key("bundle-007", "cluster-0500")),
        "the newest 100 events": opened.events.page,
        "a page of the record": opened.records.page,
    }
    for name, ask in questions.items():
        await ask()
        found = []
        for _ in range(READS):
            began = time.perf_counter()
            await ask()
            found.append(time.perf_counter() - began)
        print(f"  {name:<44} {statistics.median(found) * 1000:9.1f} ms")


def _told(name: str, count: int, began: float, bare: float) -> float:
    speed = count / (time.perf_counter() - began)
    print(f"  {name:<44} {speed:9,.0f} a second" + (f", {speed / bare:5.1f} x bare" if bare else ""))
    return speed


def _event(number: int) -> Event:
    key = {"cluster": f"cluster-{number % CLUSTERS:04}", "bundle": f"bundle-{number % BUNDLES:03}"}
    return Event(NOW, "drift", "Deployment/shop/web: edited by kubectl-edit: spec.replicas", **key)


def _intent(number: int) -> Record:
    objects = tuple(Touched(f"Deployment/shop/web-{one}", "update", "v1:aa", "v1:bb") for one in range(4))
    return Record(
        RecordKind.INTENT,
        NOW,
        "hub",
        f"cluster-{number % CLUSTERS:04}",
        "bundle-000",
        "4be1c0de",
        objects=objects,
    )


def _cluster(number: int) -> ClusterStatus:
    return ClusterStatus(f"cluster-{number:04}", {"tier": "production"}, reach=Reach.REACHABLE, seen=NOW)


def _status(cluster: int, bundle: int) -> Status:
    """One in a hundred has failed."""
    failed = (cluster * BUNDLES + bundle) % 100 == 7
    return Status(
        Key(f"bundle-{bundle:03}", f"cluster-{cluster:04}"),
        Standing.FAILED if failed else Standing.READY,
        since=NOW,
        seen=NOW,
        **dict.fromkeys(("staged", "released", "applied", "ready"), f"v1:{'ab' * 32}"),
        commit="4be1c0de" * 5,
        message="Deployment/shop/web: 1 of 3 pods cannot pull their image" if failed else "",
        objects=12,
    )
