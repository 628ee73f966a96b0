"""What is written down of a decision."""

from datetime import UTC, datetime

from roadstead.model.decision import Decision, DecisionKind
from roadstead.stages.audit import recording

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_a_decision_and_its_end_are_two_records():
    hold = Decision("hold-1", DecisionKind.HOLD, "ann", "INC-1", NOW, NOW, ("c1",), ("web",), "freeze")
    made = recording.decision(hold, now=NOW)
    assert (made.actor, made.cluster, made.bundle, made.result, made.message) == (
        "ann",
        "c1",
        "web",
        "made",
        "INC-1",
    )
    lifted = Decision(
        "hold-1", DecisionKind.HOLD, "ann", "INC-1", NOW, lifted=NOW, lifted_by="bob", lifted_because="over"
    )
    assert recording.decision(lifted, now=NOW).actor == "bob"
    assert recording.decision(lifted, now=NOW).result == "lifted"
