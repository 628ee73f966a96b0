from datetime import UTC, datetime, timedelta

import pytest

from roadstead.objects import break_glass

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SEEN = NOON + timedelta(minutes=5)


def namespace(text, *, managed=True):
    entry = {
        "manager": "kubectl-annotate",
        "operation": "Update",
        "time": "2026-11-22T12:00:00Z",
        "fieldsV1": {"f:metadata": {"f:annotations": {f"f:{break_glass.ANNOTATION}": {}}}},
    }
    metadata = {"name": "roadstead-system", "annotations": {break_glass.ANNOTATION: text}}
    return {"metadata": {**metadata, "managedFields": [entry] if managed else []}}


@pytest.mark.parametrize(
    ("text", "lasts", "reason"),
    [
        pytest.param("2h INC-4711 on fire", timedelta(hours=2), "INC-4711 on fire", id="as it is meant"),
        pytest.param("30m", timedelta(minutes=30), "no reason given", id="without a reason"),
        pytest.param(
            "INC-4711", timedelta(hours=1), "INC-4711", id="without a duration it holds for an hour"
        ),
        pytest.param("30d holidays", timedelta(hours=12), "holidays", id="nobody can forget it for good"),
        pytest.param("", timedelta(hours=1), "no reason given", id="empty"),
    ],
)
def test_it_holds_for_as_long_as_it_says_within_limits(text, lasts, reason):
    found = break_glass.read(namespace(text), seen=SEEN)
    assert (found.since, found.until, found.reason, found.by) == (
        NOON,
        NOON + lasts,
        reason,
        "kubectl-annotate",
    )


def test_where_the_server_knows_no_time_it_counts_from_when_it_was_seen():
    found = break_glass.read(namespace("2h", managed=False), seen=SEEN)
    assert (found.since, found.by) == (SEEN, "")


def test_no_annotation_asks_for_nothing():
    assert break_glass.read({"metadata": {"name": "roadstead-system"}}, seen=SEEN) is None
