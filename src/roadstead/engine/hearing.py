"""What the watches of one cluster tell, brought to whom it concerns: suspicions and health of objects.

A bundle that is suspected while a step of it runs is looked at again when the step is over, unless it was the step's
own doing.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct, field

from roadstead.engine.key_step import Steps
from roadstead.engine.queue import Queue, Then, Urgency
from roadstead.model.ids import ObjectId
from roadstead.world import tasks


class Hearing(Struct):
    """`steps` and `start` are those of the connection, None while there is none. `running` are bundles of which a
    step is under way; `wake` is called when something became due."""

    queue: Queue
    wake: Callable[[], None]
    running: set[str] = field(default_factory=set)
    steps: Steps | None = None
    start: tasks.Start | None = None
    _moved: set[str] = field(default_factory=set)  # bundles suspected while a step of theirs ran

    def mark(self, bundle: str, urgency: Urgency = Urgency.CHANGE) -> None:
        self.queue.changed(bundle, urgency)
        self.wake()

    def settled(self, bundle: str) -> None:
        self.queue.settled(bundle)
        self.wake()

    def begins(self, bundle: str) -> None:
        self.running.add(bundle)
        self._moved.discard(bundle)

    def ended(self, bundle: str, then: Then) -> None:
        self.running.discard(bundle)
        if bundle in self._moved and self._is_suspected(bundle) and not then.again:
            self._suspect_now(bundle)

    def suspect(self, bundle: str, one: ObjectId) -> None:
        if self.steps is None:
            return
        if bundle in self.running:
            self._moved.add(bundle)
        else:
            self._suspect_now(bundle)

    def overtaken(self, bundle: str, one: ObjectId, seen: dict[str, Any]) -> None:
        if self.steps and self.start:
            self.start(self.steps.drifts.overtaken(bundle, one, seen))

    def health(self, one: ObjectId) -> None:
        steps = self.steps
        if steps is None:
            return
        if whose := steps.awaited.get(one):
            self.mark(whose)
        if bundle := steps.known.watch.suspicions.bundle_of(one):
            steps.bulletin.health_changed(bundle)
            book = steps.known.watch.book
            if book and book.of(one).ended and steps.marking.failed(bundle, one):
                self.mark(bundle)
            if steps.bulletin.is_settled(bundle):
                self.settled(bundle)

    def _is_suspected(self, bundle: str) -> bool:
        return self.steps is not None and bool(self.steps.known.watch.suspicions.suspected(bundle))

    def _suspect_now(self, bundle: str) -> None:
        assert self.steps is not None
        self.steps.drifts.suspect(bundle)
        self.mark(bundle, Urgency.DRIFT)
