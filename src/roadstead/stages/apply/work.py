"""One change as apply works on it: the parsed manifest, its marks, and what must stand before it.

Pure. `needs` are of two strengths: what must merely have been written (a namespace), and what must be
ready (a definition, an object of an earlier phase, what an annotation names). A need that is not among
the bundle's objects is somebody else's and not waited for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson

from roadstead.model.ids import ObjectId
from roadstead.model.plan import Action, Change
from roadstead.objects import kinds, marks, ownership
from roadstead.objects.marks import Marks, Phase
from roadstead.stages.apply.cluster import Object

WRITING = frozenset({Action.CREATE, Action.UPDATE, Action.RECREATE, Action.ADOPT, Action.HAND_OVER})
DROPPING = frozenset({Action.DELETE, Action.ORPHAN, Action.HAND_OVER})


@dataclass(frozen=True, slots=True)
class Work:
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


_DEFINITIONS = (-1, 0)


@dataclass(frozen=True, slots=True)
class Needs:
    written: frozenset[ObjectId] = frozenset()
    ready: frozenset[ObjectId] = frozenset()


def needs(works: Iterable[Work]) -> dict[ObjectId, Needs]:
    """What each object with a manifest needs of the others."""
    known = {work.id: work for work in works if work.manifest is not None}
    definers = {told[0]: one for one, work in known.items() if (told := kinds.defined(work.manifest or {}))}
    earlier = _earlier(known)
    found: dict[ObjectId, Needs] = {}
    for one, work in known.items():
        namespace = ObjectId(*kinds.NAMESPACE, "", one.namespace)
        ready = {need for need in work.marks.depends_on if need in known}
        if one.group_kind in definers:
            ready.add(definers[one.group_kind])
        written = frozenset({namespace} & known.keys())
        found[one] = Needs(written, (earlier[_place(work)] | ready) - {one})
    return found


def _place(work: Work) -> tuple[int, int]:
    """Where in the order of phases; only objects of a phase have a weight that counts. Definitions without a
    phase go before all of them (objects/order), and hold up only what needs them."""
    if work.marks.phase is Phase.MAIN and work.id.group_kind in kinds.DEFINITIONS:
        return _DEFINITIONS
    phase = {Phase.BEFORE: 0, Phase.MAIN: 1, Phase.AFTER: 2}[work.marks.phase]
    return phase, work.marks.weight if phase != 1 else 0


def _earlier(known: Mapping[ObjectId, Work]) -> dict[tuple[int, int], frozenset[ObjectId]]:
    """For each place, all objects of the phases and weights before it."""
    places: dict[tuple[int, int], set[ObjectId]] = {}
    for one, work in known.items():
        places.setdefault(_place(work), set()).add(one)
    found: dict[tuple[int, int], frozenset[ObjectId]] = {_DEFINITIONS: frozenset()}
    before: frozenset[ObjectId] = frozenset()
    for place in sorted(places.keys() - {_DEFINITIONS}):
        found[place] = before
        before |= places[place]
    return found
