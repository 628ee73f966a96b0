"""The verifier finds every change of a chain, whatever it is, and none where there is none."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from roadstead.language import chain
from roadstead.model.record import Anchor, Kept, Record, RecordId, RecordKind, Segment, Touched
from roadstead.stages.audit.verifying import Verifier, lost

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
LENGTH, EVERY = 12, 4


def made(length: int = LENGTH, *, writer: str = "hub", actor: str = "ann") -> list[Kept]:
    """A chain as a database would give it."""
    previous, found = chain.GENESIS, []
    for number in range(1, length + 1):
        kind = RecordKind.INTENT if number % 2 else RecordKind.OUTCOME
        record = Record(
            kind, NOON + timedelta(seconds=number), actor, f"c{number}", "web", "4be1", "v1:aa", "v1:bb",
            (Touched(f"Pod/shop/p{number}", "create"),), closes=RecordId(writer, number - 1) if number % 2 == 0 else None,
        )  # fmt: skip
        linked = chain.link(record, RecordId(writer, number), previous)
        objects = frozenset(one.object for one in record.objects)
        found.append(
            Kept(
                writer,
                number,
                linked.hash,
                linked.body,
                record.time,
                str(kind),
                actor,
                record.cluster,
                "web",
                objects,
            )
        )
        previous = linked.hash
    return found


def sealed(records: list[Kept], *, kept_from: int = 1) -> list[Segment]:
    ends = range(EVERY, len(records) + 1, EVERY)
    return [
        Segment(
            "hub", number, end - EVERY + 1, end, records[end - 1].hash, NOON, "c0ffee", number >= kept_from
        )
        for number, end in enumerate(ends, start=1)
    ]


def anchored(segments: list[Segment]) -> list[Anchor]:
    return [Anchor(one.writer, one.number, one.last, one.head) for one in segments]


def verdict(records, *, head="last", segments=None, anchors=None):
    if head == "last":
        head = (records[-1].sequence, records[-1].hash) if records else None
    verifier = Verifier("hub", head, segments if segments is not None else [], anchors)
    for one in records:
        verifier.take(one)
    return verifier.end()


WHOLE = made()
SEGMENTS = sealed(WHOLE)
ANCHORS = anchored(SEGMENTS)
HEAD = (WHOLE[-1].sequence, WHOLE[-1].hash)


def test_a_whole_chain_is_found_whole():
    found = verdict(WHOLE, segments=SEGMENTS, anchors=ANCHORS)
    assert (found.problems, found.records, found.last, found.unanchored) == ((), LENGTH, LENGTH, 0)


def test_a_chain_whose_beginning_retention_took_is_whole():
    found = verdict(WHOLE[EVERY:], segments=sealed(WHOLE, kept_from=2), anchors=ANCHORS)
    assert found.problems == ()


def test_records_after_the_last_anchor_are_counted():
    assert verdict(WHOLE, segments=SEGMENTS[:2], anchors=ANCHORS[:2]).unanchored == LENGTH - 2 * EVERY


def changed_byte(records, at, offset, bit):
    body = bytearray(records[at].body)
    body[offset % len(body)] ^= 1 << bit
    return [*records[:at], replace(records[at], body=bytes(body)), *records[at + 1 :]]


@given(at=st.integers(0, LENGTH - 1), offset=st.integers(0, 2_000), bit=st.integers(0, 7))
def test_any_changed_bit_of_a_body_is_found(at, offset, bit):
    assert verdict(changed_byte(WHOLE, at, offset, bit), head=HEAD).problems


@given(
    at=st.integers(0, LENGTH - 1),
    change=st.sampled_from([
        {"hash": "0" * 64}, {"time": NOON - timedelta(days=1)}, {"kind": "access"}, {"actor": "eve"},
        {"cluster": "elsewhere"}, {"bundle": "other"}, {"objects": frozenset()}, {"sequence": 99},
        {"objects": frozenset(["Pod/shop/innocent"])}, {"writer": "other"},
    ]),
)  # fmt: skip
def test_a_changed_column_is_found(at, change):
    records = sorted(
        [*WHOLE[:at], replace(WHOLE[at], **change), *WHOLE[at + 1 :]], key=lambda one: one.sequence
    )
    assert verdict(records, head=HEAD).problems


@given(gone=st.sets(st.integers(0, LENGTH - 1), min_size=1))
def test_any_removed_records_are_found(gone):
    records = [one for index, one in enumerate(WHOLE) if index not in gone]
    assert verdict(records, head=HEAD).problems
    assert verdict(records, head=HEAD, segments=SEGMENTS, anchors=ANCHORS).problems


@given(order=st.permutations(range(LENGTH)).filter(lambda order: list(order) != list(range(LENGTH))))
def test_any_other_order_is_found(order):
    """Bodies under other sequence numbers, with or without the hashes that belong to them."""
    swapped = [replace(WHOLE[one], sequence=index + 1) for index, one in enumerate(order)]
    assert verdict(swapped, head=HEAD).problems
    assert verdict([WHOLE[one] for one in order], head=HEAD).problems


@given(left=st.integers(0, LENGTH - 1))
def test_a_cut_tail_is_found_by_the_head_and_by_anchors_when_the_head_was_cut_too(left):
    records = WHOLE[:left]
    assert verdict(records, head=HEAD).problems
    segments = [one for one in SEGMENTS if one.last <= left]
    assert verdict(records, segments=segments, anchors=ANCHORS).problems


@given(at=st.integers(1, LENGTH), data=st.data())
def test_a_chain_that_somebody_computed_anew_is_found_by_its_anchors(at, data):
    """He may write all of the database: records, hashes, head and segments, from record `at` on."""
    forged = made(data.draw(st.integers(max(at, 1), LENGTH)), actor="eve")
    found = verdict(forged, segments=sealed(forged), anchors=ANCHORS)
    assert found.problems


@pytest.mark.parametrize(
    "segments",
    [
        pytest.param([], id="all removed"),
        pytest.param(SEGMENTS[1:], id="the first removed"),
        pytest.param([SEGMENTS[0], SEGMENTS[2]], id="one in the middle removed"),
        pytest.param([replace(SEGMENTS[0], head="0" * 64), *SEGMENTS[1:]], id="another head"),
        pytest.param([SEGMENTS[0], replace(SEGMENTS[1], kept=False), SEGMENTS[2]], id="a hole in the middle"),
    ],
)
def test_changed_segments_are_found(segments):
    assert verdict(WHOLE, segments=segments, anchors=ANCHORS).problems


def test_anchors_that_were_removed_from_git_are_found():
    assert verdict(WHOLE, segments=SEGMENTS, anchors=ANCHORS[:-1]).problems
    assert verdict(WHOLE, segments=SEGMENTS, anchors=None).problems == (), "not read is not missing"


def test_a_whole_chain_that_was_removed_is_found_by_its_anchors():
    assert [str(one.cause) for one in lost(ANCHORS, []).values()] == [
        "hub: anchored in Git, and nothing of it is here"
    ]


def test_what_is_told_names_the_record():
    (found,) = verdict([*WHOLE[:3], *WHOLE[5:]], head=HEAD).problems
    assert found.cause == "hub: records 4 to 5 are missing"
