"""The one task that writes: gathers what is waiting into one transaction, and answers when it is durable.

While one commit is under way the next writes gather, so the slower the disk, the larger the groups. What is
written is given as a function that fills a `Batch` and may run again: after a failure of the database the same
writes are tried again in their order, with backoff, until they succeed or nobody waits for them; after any
other failure each is tried alone, so that it fails its own caller only. A commit whose answer was lost is
recognised by its token and not made twice.
"""

import asyncio
import collections
import random
import secrets
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from msgspec import Struct, field
from sqlalchemy import Connection, Executable, Table, literal, select, union_all

from roadstead.language import chain
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.model.events import Delivery, Event
from roadstead.model.ids import Key
from roadstead.model.record import Record, RecordId
from roadstead.model.status import Status
from roadstead.world import meter
from roadstead.world.store import failures, rows, schema, statements
from roadstead.world.store.engines import Engines
from roadstead.world.store.recent import Recent

Answer = TypeVar("Answer")
_AT_ONCE = 1_000  # writes in one transaction
_MOST_NOTES = 100_000  # that wait while the database is gone
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0
_ACTION = "writing to the database"


class Batch:
    """The rows of one transaction. Rows of one table keep their order; tables among each other do not."""

    def __init__(self, writer: "Writer", counters: dict[str, int], head: tuple[int, str], token: str) -> None:
        self.engine = writer.engines.name
        self.events: list[Event] = []
        self.changed: dict[Key, Status | None] = {}  # statuses; None: forgotten
        self.asked: list[Callable[[Connection], object]] = []
        self._chain, self._routes = writer.chain, writer.routes
        self._token = token
        self._event = counters.get("event", 0)
        self._head = head
        self._groups: dict[Table, list[tuple[Executable, list[dict[str, Any]]]]] = {}

    def put(self, table: Table, *values: dict[str, Any]) -> None:
        """Insert, or replace what has the same key."""
        self.run(table, statements.put(self.engine, table), *values)

    def run(self, table: Table, statement: Executable, *values: dict[str, Any]) -> None:
        if not values:
            return
        groups = self._groups.setdefault(table, [])
        if not groups or groups[-1][0] is not statement:
            groups.append((statement, []))
        groups[-1][1].extend(values)

    def state(self, *found: Status) -> None:
        self.put(schema.statuses, *(rows.of_status(one) for one in found))
        self.changed |= {one.key: one for one in found}

    def ask(self, question: Callable[[Connection], object]) -> None:
        """For what must read in the same transaction; runs after all rows."""
        self.asked.append(question)

    def event(self, event: Event) -> int:
        self._event += 1
        values = rows.of_event(event, self._event)
        self.put(schema.events, values)
        self.put(
            schema.outbox,
            *(rows.of_delivery(Delivery(self._event, one, event.time)) for one in self._routes(event)),
        )
        self.events.append(rows.event(values))
        return self._event

    def record(self, record: Record) -> RecordId:
        sequence, previous = self._head
        linked = chain.link(record, RecordId(self._chain, sequence + 1), previous)
        self._head = (sequence + 1, linked.hash)
        self.put(schema.records, rows.of_record(linked))
        self.run(schema.touched, statements.touch(self.engine), *rows.of_touched(linked))
        return linked.id

    def flush(self, connection: Connection, token: int) -> None:
        sequence, hash = self._head
        if schema.records in self._groups:
            self.put(schema.heads, {"writer": self._chain, "sequence": sequence, "hash": hash})
        if self.events:
            self.put(schema.counters, {"name": "event", "value": self._event})
        self.put(schema.counters, {"name": self._token, "value": token})
        for groups in self._groups.values():
            for statement, values in groups:
                connection.execute(statement, values)
        for question in self.asked:
            question(connection)


class _Write(Struct, Generic[Answer], eq=False):
    make: Callable[[Batch], Answer]
    done: asyncio.Future[Answer] | None = None  # None: nobody waits
    key: Hashable = None

    @property
    def is_wanted(self) -> bool:
        return self.done is None or not self.done.done()

    def answer(self, value: Answer) -> None:
        if self.done is not None and not self.done.done():
            self.done.set_result(value)

    def fail(self, problem: Problem, cause: BaseException) -> None:
        if self.done is not None and not self.done.done():
            error = errors.error(problem)
            error.__cause__ = cause
            self.done.set_exception(error)


_Made = tuple[list[_Write[Any]], list[Any], Batch]  # the writes of a transaction, their answers, its rows


class Writer(Struct):
    """`name` is the process's, `chain` that of the records it adds to. `problem` tells why writes do not succeed
    at the moment, `since` since when on the loop's clock."""

    engines: Engines
    name: str
    chain: str
    problem: Problem | None = None
    since: float = 0.0
    dropped: int = 0  # notes that found no room while the database was gone
    recent: Recent = field(default_factory=Recent)
    looked: float = 0.0  # for what other processes wrote, on the loop's clock
    routes: Callable[[Event], tuple[str, ...]] = lambda event: ()  # on which somebody is told of an event
    written: asyncio.Condition = field(default_factory=asyncio.Condition)
    _queue: collections.deque[_Write[Any]] = field(default_factory=collections.deque)
    _taken: list[_Write[Any]] = field(default_factory=list)  # under way
    _notes: dict[Hashable, _Write[Any]] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _closing: bool = False

    async def write(self, make: Callable[[Batch], Answer], *, keys: tuple[Hashable, ...] = ()) -> Answer:
        """Run `make` in the next transaction; its answer, once that is durable. It must be repeatable.

        Cancelling the wait takes the write back, unless its transaction is already under way. `keys` name
        notes that were made before, which this write must not be followed by.
        """
        if self._closing:
            raise errors.error(_closed())
        for key in keys:
            self._notes.pop(key, None)
        write = _Write(make, asyncio.get_running_loop().create_future())
        self._queue.append(write)
        self._wake.set()
        return await _answer(write)

    def note(self, make: Callable[[Batch], object], *, key: Hashable = None) -> None:
        """Write soon, without waiting. A later note of the same key takes the place of one that still waits."""
        waiting = self._notes.get(key) if key is not None else None
        if waiting is not None:
            waiting.make = make
            return
        if len(self._queue) >= _MOST_NOTES:
            self.dropped += 1
            return
        write = _Write(make, key=key)
        if key is not None:
            self._notes[key] = write
        self._queue.append(write)
        self._wake.set()

    @property
    def waiting(self) -> int:
        """Writes that are not durable yet."""
        return len(self._queue) + len(self._taken)

    async def run(self) -> None:
        """Until `close`, and then until the queue is empty."""
        while self._queue or not self._closing:
            if not self._queue:
                self._wake.clear()
                await self._wake.wait()
                continue
            self._taken = self._take()
            await self._commit(self._taken)
            self._taken = []

    def close(self) -> None:
        self._closing = True
        self._wake.set()

    def give_up(self) -> None:
        """Fail what still waits; for a process that must end while the database is gone."""
        for write in (*self._taken, *self._queue):
            problem = self.problem or _closed()
            write.fail(problem, errors.error(problem))
        self._queue.clear()

    def _take(self) -> list[_Write[Any]]:
        taken = [self._queue.popleft() for _ in range(min(_AT_ONCE, len(self._queue)))]
        for write in taken:
            if write.key is not None and self._notes.get(write.key) is write:
                del self._notes[write.key]
        return taken

    async def _commit(self, writes: list[_Write[Any]]) -> None:
        """All in one transaction; again while the database fails, one by one when a write does."""
        pause = _FIRST_PAUSE
        tokens: dict[int, _Made] = {}
        while True:
            writes = [write for write in writes if write.is_wanted]
            try:
                with meter.commits.timed():
                    await self._try(writes, tokens)
                self.problem = None
                return None
            except Exception as cause:  # noqa: BLE001  # whatever a write does must end with its caller
                found = failures.problem(cause, _ACTION)
                if found.reason not in failures.PASSING:
                    return await self._singly(writes, found, cause)
                self._sick(found)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _singly(self, writes: list[_Write[Any]], found: Problem, cause: Exception) -> None:
        if len(writes) == 1:
            writes[0].fail(found, cause)
            return
        for write in writes:
            await self._commit([write])

    async def _try(self, writes: list[_Write[Any]], tokens: dict[int, _Made]) -> None:
        token = secrets.randbits(62)

        def transact(connection: Connection) -> _Made:
            self.engines.lock(connection)
            counters, head = self._heads(connection)
            made = tokens.get(counters.get(f"batch {self.name}", -1))
            if made is not None:
                return made
            batch = Batch(self, counters, head, f"batch {self.name}")
            answers = [write.make(batch) for write in writes]
            batch.flush(connection, token)
            tokens.clear()  # what was flushed before did not stay
            tokens[token] = writes, answers, batch
            return tokens[token]

        self.engines.check()
        made = await self.engines.writing.run(transact)
        await self._tell(*made)
        rest = [write for write in writes if write not in made[0]]
        if rest:
            await self._try(rest, tokens)

    async def _tell(self, writes: list[_Write[Any]], answers: list[Any], batch: Batch) -> None:
        for write, answer in zip(writes, answers, strict=True):
            write.answer(answer)
        if batch.events or batch.changed:
            async with self.written:
                self.recent.add(batch.events, batch.changed)
                self.written.notify_all()

    def _heads(self, connection: Connection) -> tuple[dict[str, int], tuple[int, str]]:
        counters, heads = schema.counters.c, schema.heads.c
        counted = select(counters.name, counters.value, literal("")).where(
            counters.name.in_(("event", f"batch {self.name}"))
        )
        mine = select(literal("head"), heads.sequence, heads.hash).where(heads.writer == self.chain)
        found = {name: (value, hash) for name, value, hash in connection.execute(union_all(counted, mine))}
        return {name: value for name, (value, _) in found.items()}, found.get("head", (0, chain.GENESIS))

    def _sick(self, found: Problem) -> None:
        if self.problem is None:
            self.since = asyncio.get_running_loop().time()
        self.problem = found


async def _answer(write: _Write[Answer]) -> Answer:
    assert write.done is not None
    return await write.done


def _closed() -> Problem:
    hint = reasons.DATABASE_UNREACHABLE.remedy
    return Problem(reasons.DATABASE_UNREACHABLE, "the database is being closed", hint, action=_ACTION)
