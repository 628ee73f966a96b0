"""Notice, from metadata alone, that an owned object may have changed.

Pure but for being fed by streams. An object whose uid, signature and mark are as its inventory entry says
was not touched; any difference is a suspicion, never a verdict: the engine looks at the object and decides
(correctness.md, Drift). The same state is suspected once. An entry without a uid belongs to a write that is
under way, and is not judged.

What leaves the selection by our label may only have lost the label: such objects are `unlabelled` until it
is known what became of them, and are to be followed by name.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import Enum, auto
from typing import Any

from msgspec import structs

from roadstead.model.ids import GroupKind, ObjectId
from roadstead.model.inventory import Entry, Inventory
from roadstead.model.live import Live
from roadstead.objects import kinds, ownership
from roadstead.stages.observe.stream import Selection


class Seen(Enum):
    """How an object was seen: as its entry says or not, or as it was before we wrote it."""

    FINE = auto()
    ODD = auto()
    LATE = auto()


Suspect = Callable[[str, ObjectId], None]
_State = tuple[str, str, str]
_GONE: _State = ("", "", "")


class Suspicions:
    """`live` is what is seen of the followed kinds, owned or not; `scopes` are these kinds, each with the
    namespaces in which something is owned. `suspect` is called with bundle and object, `left` with what is
    known to be gone."""

    def __init__(self, suspect: Suspect, left: Callable[[ObjectId], None] = lambda one: None) -> None:
        self.live: dict[ObjectId, Live] = {}
        self.scopes: dict[GroupKind, Counter[str]] = {}
        self.unlabelled: set[ObjectId] = set()
        self._suspect = suspect
        self._is_gone = left
        self._bundles: dict[ObjectId, str] = {}
        self._owned: dict[str, Mapping[ObjectId, Entry]] = {}
        self._listed: set[tuple[GroupKind, str]] = set()
        self._odd: dict[ObjectId, _State] = {}
        self._dropped = False
        self._ahead: dict[ObjectId, int] = {}  # our own writes that the streams have not brought yet

    def expect(self, inventories: Mapping[str, Mapping[ObjectId, Entry]]) -> None:
        """What these bundles own now, instead of what they owned; other bundles stay as they are."""
        for bundle, entries in inventories.items():
            for one in self._owned.get(bundle, ()):
                if one not in entries and self._bundles.get(one) == bundle:
                    self._forget(one)
            for one in entries:
                if one not in self._bundles:
                    self._count(one, 1)
            self._owned[bundle] = entries
            self._bundles |= dict.fromkeys(entries, bundle)
        if self._dropped:
            self._leave_kinds()
        for entries in inventories.values():
            for one in entries:
                self._compare(one)

    def wrote(self, inventory: Inventory, versions: Mapping[ObjectId, str]) -> list[ObjectId]:
        """We wrote these objects, at these resourceVersions: until the streams bring that, what they tell is
        old. Call it before `expect` with the same inventory. Gives those that were not brought yet."""
        later = []
        for one, version in versions.items():
            entry, before = inventory.entries.get(one), self.live.get(one)
            if entry is None or not version.isdigit():
                continue
            known = before.resource_version if before and before.uid == entry.uid else ""
            if known.isdigit() and int(known) >= int(version):
                continue
            part_of = inventory.parent.id
            self.live[one] = Live(one, entry.uid, version, entry.mark, part_of, entry.signature)
            self._ahead[one] = int(version)
            later.append(one)
        return later

    def is_listed(self, one: ObjectId) -> bool:
        """Whether the streams tell that the object is there, or that it is not."""
        return self._is_listed(one) and one not in self.unlabelled

    def settled_but(self, unheard: Collection[GroupKind]) -> bool:
        """Whether all that is owned was listed, but for some kinds, and nothing is looked for by name."""
        return not self.unlabelled and all(
            kind in unheard
            or (kind, "") in self._listed
            or all((kind, one) in self._listed for one in namespaces)
            for kind, namespaces in self.scopes.items()
        )

    def bundle_of(self, one: ObjectId) -> str:
        """Who owns it, "" where nobody does."""
        return self._bundles.get(one, "")

    def suspected(self, bundle: str) -> list[ObjectId]:
        """The bundle's objects that are not as its entries say: none, once a correction is on record."""
        return [one for one in self._odd if self._bundles.get(one) == bundle]

    def current(self, before: Mapping[ObjectId, Live]) -> dict[ObjectId, Live]:
        """What was seen before, brought up to date. Of objects that nobody owns nothing newer is known."""
        kept = {one: live for one, live in before.items() if not self._is_followed(one, live)}
        return kept | self.live

    def _is_followed(self, one: ObjectId, live: Live) -> bool:
        return self._is_listed(one) and (bool(live.part_of) or one in self._bundles)

    def seen(self, obj: dict[str, Any]) -> tuple[ObjectId, Seen]:
        live = ownership.live(obj)
        if self._is_behind(live):
            return live.id, Seen.LATE
        if entry := self._entry(live.id):
            live = _sharing(live, entry)
        self.live[live.id] = live
        if live.part_of:
            self.unlabelled.discard(live.id)
        self._judge(live.id)
        return live.id, Seen.ODD if live.id in self._odd else Seen.FINE

    def gone(self, selection: Selection, obj: dict[str, Any]) -> None:
        one = kinds.identify(obj)
        known = self.live.get(one)
        if known is None or not known.uid or known.uid == obj["metadata"].get("uid", known.uid):
            self._left(selection, [one])  # else another has its name already

    def listed(self, selection: Selection, present: Collection[ObjectId]) -> None:
        if not selection.name:
            self._listed.add((selection.resource.group_kind, selection.namespace))
        known = {*self.live, *self._bundles, *self.unlabelled}
        self._left(selection, [one for one in known if selection.covers(one) and one not in present])

    def lost(self, selection: Selection) -> None:
        """What is followed by name, but may not be looked at, counts as gone."""
        if selection.name:
            self._left(selection, [one for one in self.unlabelled if selection.covers(one)])

    def _left(self, selection: Selection, objects: Iterable[ObjectId]) -> None:
        for one in objects:
            if selection.name:
                self.unlabelled.discard(one)
            elif one in self.unlabelled:
                continue
            elif self._is_written(one):
                self.unlabelled.add(one)  # judged when it is known what became of it
                continue
            if self.live.pop(one, None):
                self._is_gone(one)
            self._judge(one)

    def _is_behind(self, live: Live) -> bool:
        """Whether this is older than what we wrote since (resourceVersions compare as numbers, KEP-5504)."""
        ahead = self._ahead.get(live.id)
        if ahead is None:
            return False
        if live.resource_version.isdigit() and int(live.resource_version) < ahead:
            return True
        del self._ahead[live.id]
        return False

    def _count(self, one: ObjectId, number: int) -> None:
        scope = self.scopes.setdefault(one.group_kind, Counter())
        scope[one.namespace] += number
        if not scope[one.namespace]:
            del scope[one.namespace]
        if not scope:
            del self.scopes[one.group_kind]
            self._dropped = True

    def _leave_kinds(self) -> None:
        """Nothing of some kinds is owned any more."""
        self._dropped = False
        self._listed = {scope for scope in self._listed if scope[0] in self.scopes}
        for one in [one for one in self.live if one.group_kind not in self.scopes]:
            del self.live[one]

    def _compare(self, one: ObjectId) -> None:
        """With what was seen before anybody expected the object; it may have been gone by then."""
        if one in self.live:
            self._judge(one)
        elif self._is_listed(one) and self._is_written(one) and self._odd.get(one) != _GONE:
            self.unlabelled.add(one)

    def _is_listed(self, one: ObjectId) -> bool:
        return (one.group_kind, "") in self._listed or (one.group_kind, one.namespace) in self._listed

    def _judge(self, one: ObjectId) -> None:
        state = self._oddity(one)
        if state is None:
            self._odd.pop(one, None)
        elif self._odd.get(one) != state:
            self._odd[one] = state
            self._suspect(self._bundles[one], one)

    def _oddity(self, one: ObjectId) -> _State | None:
        entry, live = self._entry(one), self.live.get(one)
        if entry is None or not entry.uid:
            return None
        state = (live.uid, live.signature, live.mark) if live else _GONE
        return None if state == (entry.uid, entry.signature, entry.mark) else state

    def _entry(self, one: ObjectId) -> Entry | None:
        bundle = self._bundles.get(one)
        return None if bundle is None else self._owned[bundle].get(one)

    def _is_written(self, one: ObjectId) -> bool:
        entry = self._entry(one)
        return entry is not None and bool(entry.uid)

    def _forget(self, one: ObjectId) -> None:
        self._ahead.pop(one, None)
        del self._bundles[one]
        self._count(one, -1)
        self._odd.pop(one, None)
        self.unlabelled.discard(one)


def _sharing(live: Live, entry: Entry) -> Live:
    """The same, with the entry's texts where they are equal: one in memory for each object is enough."""
    return structs.replace(
        live,
        id=entry.id,
        uid=entry.uid if entry.uid == live.uid else live.uid,
        resource_version=entry.mark if entry.mark == live.resource_version else live.resource_version,
        mark=entry.mark if entry.mark == live.mark else live.mark,
        signature=entry.signature if entry.signature == live.signature else live.signature,
    )
