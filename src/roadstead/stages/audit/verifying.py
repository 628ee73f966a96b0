"""Whether a writer's chain is whole: finds every record that was changed, removed, reordered or cut off.

Pure, and one record at a time, so that a chain of any length can be verified. Three things are held against
each other: the records, what the database says beside them (head, segments), and the anchors in Git. Who can
write all of the database can make up a whole chain; only what was anchored before is safe from him.
"""

import itertools
from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from roadstead.language import chain
from roadstead.model import reasons
from roadstead.model.errors import Problem
from roadstead.model.record import Anchor, Kept, Segment


class Verdict(Struct, frozen=True):
    """`unanchored` counts the newest records, which no anchor vouches for yet."""

    writer: str
    records: int
    last: int
    unanchored: int
    problems: tuple[Problem, ...] = ()


class Verifier(Struct):
    """`head` is the sequence and hash that the database has for the writer (None: it has none); `anchors` is
    None where they were not read, which says nothing about them."""

    writer: str
    head: tuple[int, str] | None
    segments: Sequence[Segment]
    anchors: Sequence[Anchor] | None = None
    _sequence: int = 0
    _hash: str = chain.GENESIS
    _count: int = 0
    _ends: dict[int, str] = field(default_factory=dict)
    _problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        gone = [one for one in self.segments if not one.kept]
        if gone:  # retention took them away: their last hash is where the chain goes on
            self._sequence, self._hash = gone[-1].last, gone[-1].head
        self._ends = {one.last: "" for one in self.segments}
        self._ends |= {one.last: "" for one in self.anchors or ()}
        if self._sequence in self._ends:
            self._ends[self._sequence] = self._hash

    def take(self, kept: Kept) -> None:
        """The next record in the order of its sequence number."""
        expected = self._sequence + 1
        if kept.sequence > expected:
            self._broken(f"{_numbers(expected, kept.sequence - 1)} missing")
        elif kept.sequence < expected:
            self._broken(f"record {kept.sequence} stands where {expected} should, out of order")
        self._check(kept, follows=kept.sequence == expected)
        self._sequence, self._hash = kept.sequence, kept.hash
        self._count += 1
        if kept.sequence in self._ends:
            self._ends[kept.sequence] = kept.hash

    def end(self) -> Verdict:
        """After the last record."""
        self._check_head()
        self._check_segments()
        anchored = self._check_anchors()
        return Verdict(
            self.writer, self._count, self._sequence, max(0, self._sequence - anchored), tuple(self._problems)
        )

    def _check(self, kept: Kept, *, follows: bool) -> None:
        where = f"record {kept.sequence}"
        try:
            linked = chain.read(kept.body, kept.hash)
        except ValueError as cause:
            self._broken(f"{where}: {cause}")
            return
        if chain.hash_of(linked.previous, kept.body) != kept.hash:
            self._broken(f"{where} was changed: its hash is another")
        if linked.id != (kept.writer, kept.sequence):
            self._broken(f"{where} was moved: it says that it is {linked.id}")
        if follows and linked.previous != self._hash:
            self._broken(f"{where} does not follow the record before it")
        record = linked.record
        beside = (record.time, str(record.kind), record.actor, record.cluster, record.bundle)
        objects = frozenset(one.object for one in record.objects)
        if (kept.time, kept.kind, kept.actor, kept.cluster, kept.bundle, kept.objects) != (*beside, objects):
            self._broken(f"{where}: what searches go by was changed")

    def _check_head(self) -> None:
        if self.head is None:
            if self._count or self.segments:
                self._broken("the database has no head for this chain")
        elif self.head[0] > self._sequence:
            self._broken(f"{_numbers(self._sequence + 1, self.head[0])} cut off at the end")
        elif self.head != (self._sequence, self._hash):
            self._broken(f"the head of the chain is another than its last record, found {self.head[0]}")

    def _check_segments(self) -> None:
        last = 0
        for number, one in enumerate(self.segments, start=1):
            where = f"segment {one.number}"
            if one.number != number or one.first != last + 1 or one.last < one.first:
                self._broken(f"{where} does not follow the one before it")
            if one.kept and self._ends.get(one.last) != one.head:
                self._broken(f"{where}: its last record is another than when it was sealed")
            last = one.last
        if any(earlier.kept and not later.kept for earlier, later in itertools.pairwise(self.segments)):
            self._broken("a segment in the middle was taken away, which retention never does")

    def _check_anchors(self) -> int:
        """The last record that an anchor vouches for."""
        known = {one.number: one for one in self.segments}
        for anchor in self.anchors or ():
            found = known.get(anchor.number)
            if found is None:
                self._broken(
                    f"segment {anchor.number}, anchored in Git, is missing: the chain was cut or made up"
                )
            elif (found.last, found.head) != (anchor.last, anchor.head):
                self._broken(f"segment {anchor.number} is another than the one anchored in Git")
        anchors = {anchor.number for anchor in self.anchors or ()}
        if self.anchors is not None:
            for one in self.segments:
                if one.anchored and one.number not in anchors:
                    self._broken(f"the anchor of segment {one.number} is missing in Git")
        vouched = [one.last for one in self.segments if one.anchored or one.number in anchors]
        return max(vouched, default=0)

    def _broken(self, cause: str) -> None:
        text = f"{self.writer}: {cause}"
        hint = reasons.RECORD_BROKEN.remedy
        self._problems.append(Problem(reasons.RECORD_BROKEN, text, hint, action="verifying the record"))


def lost(anchors: Iterable[Anchor], writers: Iterable[str]) -> dict[str, Problem]:
    """Chains that Git knows and the database has nothing of, by their writers."""
    gone = sorted({anchor.writer for anchor in anchors} - set(writers))
    hint = reasons.RECORD_BROKEN.remedy
    return {
        writer: Problem(reasons.RECORD_BROKEN, f"{writer}: anchored in Git, and nothing of it is here", hint)
        for writer in gone
    }


def _numbers(first: int, last: int) -> str:
    return f"record {first} is" if first == last else f"records {first} to {last} are"
