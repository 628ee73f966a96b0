"""What applying a plan did, per object."""

from enum import StrEnum

from msgspec import Struct, field

from roadstead.model.errors import Problem
from roadstead.model.ids import Key, ObjectId
from roadstead.model.inventory import Inventory


class Result(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    RECREATED = "recreated"
    DELETED = "deleted"
    ORPHANED = "orphaned"
    ADOPTED = "adopted"
    HANDED_OVER = "handed over"
    KEPT = "kept"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"


class ObjectOutcome(Struct, frozen=True):
    """`notes` tells what the user should know of a success ("changed by admission: spec.replicas 3 -> 2").
    `version` is the resourceVersion that a write left."""

    id: ObjectId
    result: Result
    problem: Problem | None = None
    notes: tuple[str, ...] = ()
    version: str = ""


class Outcome(Struct, frozen=True):
    """`inventory` is what the cluster's parent holds now (None: nothing was written). `waits_for` names
    objects that must become ready, or be gone, before a further step can go on."""

    key: Key
    objects: tuple[ObjectOutcome, ...]
    problems: tuple[Problem, ...] = field(default=())  # that concern the bundle, not one object
    inventory: Inventory | None = None
    waits_for: tuple[ObjectId, ...] = ()

    @property
    def failed(self) -> bool:
        return bool(self.problems) or any(one.result is Result.FAILED for one in self.objects)
