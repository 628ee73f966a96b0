"""An exported record, verified where it was taken to: against itself, and against what Git vouches for."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from roadstead.language import chain
from roadstead.model.record import Anchor, Record, RecordId, RecordKind
from roadstead.operations import audit


def made(count, writer="hub"):
    found, previous = [], chain.GENESIS
    for number in range(1, count + 1):
        record = Record(RecordKind.ACCESS, datetime(2026, 5, 4, tzinfo=UTC), "ann", message=f"{number}")
        found.append(chain.link(record, RecordId(writer, number), previous))
        previous = found[-1].hash
    return found


def anchor(found, number, last):
    return Anchor("hub", number, last, found[last - 1].hash)


WHOLE = made(6)
ANCHORS = (anchor(WHOLE, 1, 2), anchor(WHOLE, 2, 4))


@pytest.mark.parametrize(
    ("found", "anchors", "expected"),
    [
        pytest.param(WHOLE, ANCHORS, "", id="whole"),
        pytest.param(WHOLE, None, "", id="whole, and nothing was asked of Git"),
        pytest.param(WHOLE[2:], ANCHORS, "", id="retention took an anchored segment"),
        pytest.param(WHOLE[3:], None, "", id="retention took something, and nothing was asked of Git"),
        pytest.param(WHOLE[3:], ANCHORS, "record 3 is missing", id="the begin is not where a segment ends"),
        pytest.param(WHOLE[:2] + WHOLE[3:], ANCHORS, "record 3 is missing", id="one was left out"),
        pytest.param(
            WHOLE[:3], ANCHORS, "segment 2: its last record is another", id="cut off before an anchor"
        ),
        pytest.param(
            [*WHOLE[:4], replace(WHOLE[4], body=WHOLE[4].body.replace(b'"5"', b'"9"')), WHOLE[5]],
            ANCHORS,
            "record 5 was changed",
            id="one was changed",
        ),
        pytest.param(made(6, "hub2"), ANCHORS, "hub: anchored in Git, and nothing of it is here", id="gone"),
    ],
)
def test_what_is_wrong_with_an_export_is_found(found, anchors, expected):
    verdicts = audit.verify_export(found, anchors)
    told = "\n".join(str(problem) for one in verdicts for problem in one.problems)
    assert expected in told
    assert bool(told) is bool(expected), told


def test_what_no_anchor_vouches_for_yet_is_counted():
    [verdict] = audit.verify_export(WHOLE, ANCHORS)
    assert (verdict.records, verdict.last, verdict.unanchored) == (6, 6, 2)
