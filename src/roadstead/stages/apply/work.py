"""One change as apply works on it: the parsed manifest and its marks. Pure."""

import orjson
from msgspec import Struct

from roadstead.model.ids import ObjectId
from roadstead.model.plan import Action, Change
from roadstead.objects import marks, ownership
from roadstead.objects.marks import Marks
from roadstead.stages.apply.cluster import Object

WRITING = frozenset({Action.CREATE, Action.UPDATE, Action.RECREATE, Action.ADOPT, Action.HAND_OVER})
DROPPING = frozenset({Action.DELETE, Action.ORPHAN, Action.HAND_OVER})


class Work(Struct, frozen=True):
    """`manifest` is None for an object that Git has no more."""

    change: Change
    manifest: Object | None
    marks: Marks

    @property
    def id(self) -> ObjectId:
        return self.change.id

    @property
    def writes(self) -> bool:
        return self.manifest is not None and self.change.action in WRITING

    @property
    def drops(self) -> bool:
        return self.manifest is None and self.change.action in DROPPING


def read(change: Change) -> Work:
    if change.manifest is None:
        return Work(change, None, marks.NONE)
    manifest: Object = orjson.loads(change.manifest.body)
    return Work(change, manifest, marks.read(manifest))


def member(manifest: Object, part_of: str) -> Object:
    """The manifest with the label that makes the object a member of our set."""
    metadata = manifest["metadata"]
    labels = {**(metadata.get("labels") or {}), ownership.PART_OF: part_of}
    return {**manifest, "metadata": {**metadata, "labels": labels}}
