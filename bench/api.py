"""The API of a hub in a process of its own, over 1,000 clusters x 100 bundles: pages, searches, sums, the stream."""

import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import orjson
import uvloop

from bench import measured
from roadstead.model.events import Event
from roadstead.model.ids import Key
from roadstead.model.status import ClusterStatus, Deviation, Reach, Standing, Status, Trouble
from tests.hub import hubs
from tests.hub.api import stores
from tests.world.store import postgresql

CLUSTERS, BUNDLES = 1_000, 100
ASKED = 100  # times each
READERS, TOLD, EVERY = 100, 50, 0.1  # of the stream; events, seconds between them

QUESTIONS = {
    "the fleet": "/fleet",
    "statuses: first page of 100": "/statuses",
    "statuses: a page of 1,000": "/statuses?limit=1000",
    "statuses: the worst first": "/statuses?order=worst",
    "statuses: a text that 1 in 100 holds": "/statuses?text=bundle-042",
    "statuses: a text that nothing holds": "/statuses?text=no+such+thing",
    "statuses: by label, the worst first": "/statuses?selector=tier%3Ddevelopment&order=worst",
    "statuses: what failed": "/statuses?standing=failed",
    "sums of all": "/statuses/counts",
    "sums by cluster": "/statuses/counts?by=cluster",
    "clusters: first page of 100": "/clusters",
    "clusters: by label and text": "/clusters?selector=tier%3Ddevelopment&text=cluster-07",
    "bundles: first page of 100": "/bundles",
    "one bundle, its worst clusters": "/bundles/bundle-007?order=worst",
    "deviations: by text": "/deviations?text=web-99",
    "events: first page of 100": "/events",
}


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] == "hub":
        uvloop.run(_serve(Path(sys.argv[2]), sys.argv[3]))
        return
    for name, database in (("SQLite", _sqlite), ("PostgreSQL", _postgresql)):
        with tempfile.TemporaryDirectory() as folder, database(Path(folder)) as url:
            print(f"  {name}", flush=True)
            uvloop.run(_measure(Path(folder), url))


@contextlib.contextmanager
def _sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder / 'hub.db'}"


@contextlib.contextmanager
def _postgresql(folder: Path) -> Iterator[str]:
    with postgresql.running(folder) as server:
        yield server.database("bench")


async def _serve(folder: Path, url: str) -> None:
    """The hub: says its address, then writes events for as long as it is asked to, one for each line."""
    clusters = {
        f"cluster-{one:04}": "development" if one % 5 == 0 else "production" for one in range(CLUSTERS)
    }
    bundles = [f"bundle-{one:03}" for one in range(BUNDLES)]
    async with stores.serving(folder, url=url, clusters=clusters, bundles=bundles) as hub:
        await hub.store.clusters.put(
            *(ClusterStatus(name, reach=Reach.REACHABLE, seen=stores.NOON) for name in clusters)
        )
        for number, cluster in enumerate(clusters):
            await hub.store.statuses.put(*(_status(bundle, cluster, number) for bundle in bundles))
            key = Key(bundles[0], cluster)
            found = Deviation(
                key, f"Deployment/shop/web-{number}", Trouble.DRIFTED, stores.NOON, "spec.replicas"
            )
            await hub.store.deviations.replace(key, (found,))
        await hub.store.events.add(*(_event(f"cluster-{one % CLUSTERS:04}") for one in range(10_000)))
        print(hub.address, flush=True)
        loop = asyncio.get_running_loop()
        lines = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        while await lines.readline():
            await hub.store.events.add(_event("cluster-0001"))


def _event(cluster: str) -> Event:
    told = {"sent": time.time()}
    message = "Deployment/shop/web: edited by kubectl-edit: spec.replicas"
    return Event(datetime.now(UTC), "drift", message, cluster=cluster, bundle="bundle-001", data=told)


def _status(bundle: str, cluster: str, number: int) -> Status:
    """One in a hundred has failed."""
    failed = (number * 31 + int(bundle[-3:])) % 100 == 7
    digests = dict.fromkeys(("staged", "released", "applied", "ready"), f"v1:{number:064x}")
    return Status(
        Key(bundle, cluster),
        Standing.FAILED if failed else Standing.READY,
        since=stores.NOON,
        seen=stores.NOON,
        commit="4be1c0de" * 5,
        message="Deployment/shop/web: 1 of 3 pods cannot pull their image" if failed else "",
        objects=12,
        **digests,
    )


@asynccontextmanager
async def _hub(folder: Path, url: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    line = (sys.executable, "-m", "bench.api", "hub", str(folder / "hub"), url)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*line, stdin=pipe, stdout=pipe)
    assert process.stdin and process.stdout
    try:
        yield process, (await process.stdout.readline()).decode().strip()
    finally:
        process.stdin.close()
        await process.wait()


async def _measure(folder: Path, url: str) -> None:
    (folder / "hub").mkdir()
    shown = {**hubs.bearer(), "Accept-Encoding": "gzip"}
    connections = aiohttp.TCPConnector(limit=0)
    async with (
        _hub(folder, url) as (process, address),
        aiohttp.ClientSession(
            f"{address}", connector=connections, headers=shown, auto_decompress=False
        ) as session,
    ):
        print(f"    {'':<40} {'p50':>8} {'p99':>8}    {'processor':>9}    {'sent':>8}")
        for name, path in QUESTIONS.items():
            await _ask(process.pid, name, lambda path=path: _bytes(session, path))
        async with session.get("/api/v1/statuses") as first:
            tag = {"If-None-Match": first.headers["ETag"]}
        await _ask(
            process.pid, "statuses: first page, known already", lambda: _bytes(session, "/statuses", tag)
        )
        await _fan_out(session, process)


async def _bytes(session: aiohttp.ClientSession, path: str, more: dict[str, str] | None = None) -> int:
    async with session.get(f"/api/v1{path}", headers=more) as answer:
        assert answer.status in (200, 304), await answer.text()
        return len(await answer.read())


async def _ask(pid: int, name: str, ask: Callable[[], Awaitable[int]]) -> None:
    """`processor` is what the hub takes of one for an answer: on a busy machine, the number that still holds."""
    size = await ask()
    found: list[float] = []
    used = measured.processor(pid)
    for _ in range(ASKED):
        began = time.perf_counter()
        await ask()
        found.append((time.perf_counter() - began) * 1000)
    cost = (measured.processor(pid) - used) / ASKED * 1000
    times = f"{statistics.median(found):8.1f} {_p99(found):8.1f} ms {cost:9.1f} ms"
    print(f"    {name:<40} {times} {size / 1024:8.1f} KB", flush=True)


def _p99(found: list[float]) -> float:
    return statistics.quantiles(found, n=100)[98]


async def _fan_out(session: aiohttp.ClientSession, process: asyncio.subprocess.Process) -> None:
    """From before an event is written to when each reader has it; all clocks are one machine's."""
    assert process.stdin
    found: list[float] = []

    async def read(stream: aiohttp.ClientResponse) -> None:
        seen = 0
        while seen < TOLD:
            line = await stream.content.readline()
            if line.startswith(b"data: "):
                seen += 1
                found.append((time.time() - orjson.loads(line[6:])["data"]["sent"]) * 1000)

    streams = [await session.get("/api/v1/stream?what=events") for _ in range(READERS)]
    used, began = measured.processor(process.pid), time.perf_counter()
    await asyncio.sleep(5)
    idle = (measured.processor(process.pid) - used) / (time.perf_counter() - began)
    async with asyncio.TaskGroup() as tasks:
        for one in streams:
            tasks.create_task(read(one))
        used, began = measured.processor(process.pid), time.perf_counter()
        for _ in range(TOLD):
            process.stdin.write(b"\n")
            await asyncio.sleep(EVERY)
    busy = (measured.processor(process.pid) - used) / (time.perf_counter() - began)
    for one in streams:
        one.close()
    told = f"stream: an event to each of {READERS} readers"
    print(f"    {told:<40} {statistics.median(found):8.1f} {_p99(found):8.1f} ms")
    print(f"    {'':<40} {idle:8.1%} {busy:8.1%} of a processor: at rest, at {1 / EVERY:.0f} events a second")


if __name__ == "__main__":
    main()
