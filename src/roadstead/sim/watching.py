"""Watches: changes of one resource as they happen, from a version on, seen through selectors."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial

import orjson

from roadstead.sim import asking, listing, reading, status
from roadstead.sim.cluster import Cluster
from roadstead.sim.dialogue import Dialogue
from roadstead.sim.kinds import Kind
from roadstead.sim.reading import Choice
from roadstead.sim.requests import Options
from roadstead.sim.store import Change

BOOKMARKS = 60.0  # seconds
INITIAL_END = '"annotations":{"k8s.io/initial-events-end":"true"}'
DEFAULT_TIME = 1800.0

Render = Callable[[bytes], bytes]


async def events(
    cluster: Cluster, kind: Kind, wanted: Choice, options: Options, *, dialogue: Dialogue, render: Render
) -> AsyncIterator[bytes]:
    """Lines of the stream, until its time is over or the cluster ends it."""
    dialogue.recalls = True
    queue: asyncio.Queue[Change | None] = asyncio.Queue()
    store = cluster.store
    stop = store.watch(kind.storage, queue.put_nowait)
    ender = cluster.on_close(kind.storage, lambda: queue.put_nowait(None))
    try:
        for line in await asking.answered(dialogue, lambda: _begin(cluster, kind, wanted, options, render)):
            yield line
        loop = asyncio.get_running_loop()
        end = loop.time() + (options.number("timeoutSeconds") or DEFAULT_TIME)
        bookmarks = options.flag("allowWatchBookmarks")
        since = int(options.text("resourceVersion") or 0)  # perhaps one that is still to come
        while (left := end - loop.time()) > 0:
            try:
                async with asyncio.timeout(min(left, BOOKMARKS)):
                    change = await queue.get()
            except TimeoutError:
                if bookmarks:
                    yield _bookmark(kind, store.version, render)
                continue
            if change is None:
                return
            if change.version <= since:
                continue
            seen = await asking.answered(dialogue, partial(_line, kind, change, wanted, render))
            if seen:
                yield seen
    except status.ApiError as error:  # a webhook does not convert what there is
        yield _event("ERROR", orjson.dumps(error.body()))
    finally:
        stop()
        ender()


def _begin(cluster: Cluster, kind: Kind, wanted: Choice, options: Options, render: Render) -> list[bytes]:
    written = options.text("resourceVersion")
    initial = options.flag("sendInitialEvents")
    store = cluster.store
    if initial or written in ("", "0"):
        if "sendInitialEvents" in options.query and not initial:
            return []
        reading.prepare(kind, (stored.data for _, stored in store.items(kind.storage, wanted.namespace)))
        lines = [
            _event("ADDED", render(stored.data))
            for key, stored in store.items(kind.storage, wanted.namespace)
            if wanted.matches(key, stored.data)
        ]
        if initial and options.flag("allowWatchBookmarks"):
            lines.append(_bookmark(kind, store.version, render, initial=True))
        return lines
    version = listing.parse_version(written)
    changes = store.since(kind.storage, version)
    if changes is None:
        oldest = store.shelf(kind.storage).forgotten
        error = status.expired(f"too old resource version: {version} ({oldest})")
        return [_event("ERROR", orjson.dumps(error.body()))]
    return [line for change in changes if (line := _line(kind, change, wanted, render))]


def _line(kind: Kind, change: Change, wanted: Choice, render: Render) -> bytes | None:
    before = change.before is not None and wanted.matches(change.key, change.before)
    after = change.after is not None and wanted.matches(change.key, change.after)
    if after and change.after is not None:
        return _event("MODIFIED" if before else "ADDED", render(change.after))
    if before and change.before is not None:
        return _event("DELETED", render(_last(change)))
    return None


def _last(change: Change) -> bytes:
    """The object as it went; one that left the selection looks as before, with the new version."""
    if change.last is not None:
        return change.last
    found = orjson.loads(change.before or b"{}")
    found["metadata"]["resourceVersion"] = str(change.version)
    return orjson.dumps(found)


def _event(sort: str, data: bytes) -> bytes:
    return b'{"type":"%s","object":%s}\n' % (sort.encode(), data)


def _bookmark(kind: Kind, version: int, render: Render, *, initial: bool = False) -> bytes:
    more = f",{INITIAL_END}" if initial else ""
    metadata = f'"metadata":{{"resourceVersion":"{version}"{more}}}'.encode()
    rest = orjson.dumps(reading.unsaid(kind))[1:-1]
    return _event("BOOKMARK", render(reading.prefix(kind) + metadata + (b"," if rest else b"") + rest + b"}"))
