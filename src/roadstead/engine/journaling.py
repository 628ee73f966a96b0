"""What the steps on one cluster put on the record: an intent, durable before the first write, closed by its outcome.

Without the database nothing goes forward. An intent that nobody closes, because the process died or the database
did not answer, is settled by what the inventory says, before the next one of its bundle.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from msgspec import Struct, field

from roadstead.engine import recording
from roadstead.engine.known import Known
from roadstead.engine.shared import Shared
from roadstead.model import errors, reasons
from roadstead.model.errors import Problem
from roadstead.model.ids import Key
from roadstead.model.outcome import Outcome
from roadstead.model.plan import Plan
from roadstead.model.record import Record, RecordId
from roadstead.world import crash, tasks
from roadstead.world.store.journal import With

Answer = TypeVar("Answer")
Durable = Callable[[], Coroutine[Any, Any, RecordId]]

PATIENCE = 15.0  # seconds that a record may take


class Journaling(Struct):
    shared: Shared
    known: Known
    _unsure: set[str] = field(default_factory=set)  # bundles with an intent that maybe nobody closes

    async def begin(self, plan: Plan, *, drift: Durable | None) -> tuple[Record, RecordId]:
        """The intent, durable. The drift that is corrected becomes durable with it."""
        shared, bundle = self.shared, plan.key.bundle
        intent = recording.intent(
            plan,
            self.known.inventory(bundle),
            actor=shared.world.writer,
            commit=self.known.desired.snapshot.fleet.commit,
            now=shared.world.now,
        )
        if bundle in self._unsure:
            await self.durably(self._settle(plan.key))
        self._unsure.add(bundle)
        # An edit does not wait for a commit's changes.
        room = contextlib.nullcontext() if drift else shared.recording
        async with room, tasks.group() as start:
            begun = start(self.durably(shared.store.journal.begin(intent)))
            if drift:
                start(self.durably(drift()))
        crash.here("intent-durable")
        return intent, begun.result()

    async def close(self, begun: tuple[Record, RecordId], outcome: Outcome, also: With) -> None:
        intent, intended = begun
        record = recording.outcome(outcome, intent, intended, now=self.shared.world.now)
        await self.durably(self.shared.store.journal.close(intended, record, also))
        self._unsure.discard(outcome.key.bundle)

    async def settle_all(self) -> None:
        """What a process that died had begun on this cluster ended as the inventories say."""
        await self._settle(Key("", self.known.cluster.name))

    async def _settle(self, key: Key) -> None:
        """The open intents of a bundle on the cluster, or of all."""
        journal = self.shared.store.journal
        for intended, record in await journal.open_intents(key.cluster, key.bundle):
            inventory, now = self.known.inventory(record.bundle), self.shared.world.now
            await journal.close(intended, recording.settled(record, intended, inventory, now=now))

    async def durably(self, writing: Coroutine[Any, Any, Answer]) -> Answer:
        try:
            async with asyncio.timeout(PATIENCE):
                return await writing
        except TimeoutError as late:
            told = self.shared.store.problem
            cause = told.cause if told else f"nothing was durable within {PATIENCE:g} s"
            problem = Problem(reasons.DATABASE_UNREACHABLE, cause, reasons.DATABASE_UNREACHABLE.remedy)
            raise errors.error(problem) from late
