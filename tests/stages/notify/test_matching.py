"""Which Alerts an event concerns."""

from datetime import UTC, datetime

import pytest

from roadstead.model.alert import Address, Alert, Forge, Receiver, ReceiverKind, Word
from roadstead.model.events import Event, Level
from roadstead.stages.notify import matching

NOW = datetime(2026, 5, 4, tzinfo=UTC)
SLACK = Receiver(ReceiverKind.APPRISE, Address(secret="slack"))
STATUS = Receiver(ReceiverKind.COMMIT_STATUS, Address(text="https://api"), "gh", Forge.GITHUB, "shop/fleet")


def alert(*on, **values):
    return Alert("a", frozenset(map(Word, on)), values.pop("to", (SLACK,)), **values)


def event(kind, cluster="", bundle="", level=Level.WARNING):
    return Event(NOW, kind, "x", level, cluster, bundle)


DRIFT = event("drift", "c1", "web")


@pytest.mark.parametrize(
    ("told", "one", "expected"),
    [
        pytest.param(DRIFT, alert("drift", everywhere=True), True, id="what is asked for, everywhere"),
        pytest.param(DRIFT, alert("frozen", everywhere=True), False, id="another kind"),
        pytest.param(DRIFT, alert("drift", clusters=frozenset({"c1"})), True, id="on one of its clusters"),
        pytest.param(DRIFT, alert("drift", clusters=frozenset({"c2"})), False, id="on another cluster"),
        pytest.param(DRIFT, alert("drift", everywhere=True, bundles=("w*",)), True, id="a bundle by pattern"),
        pytest.param(DRIFT, alert("drift", everywhere=True, bundles=("db",)), False, id="another bundle"),
        pytest.param(DRIFT, alert("drift", everywhere=True, labelled=frozenset({"db"})), False,
                     id="a bundle without the labels"),
        pytest.param(DRIFT, alert("drift", everywhere=True, levels=frozenset({Level.ERROR})), False, id="too harmless"),
        pytest.param(event("drift-resolved", "c1", "web", Level.INFO),
                     alert("drift", everywhere=True, levels=frozenset({Level.WARNING})), True,
                     id="the end of what is asked for, whatever its level"),
        pytest.param(event("cluster-unreachable", "c1"), alert("cluster-unreachable", everywhere=True, bundles=("db",)),
                     True, id="a whole cluster concerns every bundle"),
        pytest.param(event("frozen"), alert("frozen", clusters=frozenset({"c2"})), True,
                     id="the whole fleet concerns every cluster"),
    ],
)  # fmt: skip
def test_an_event_is_told_where_an_alert_asks_for_it(told, one, expected):
    assert matching.routes([one], told) == (("a apprise:slack",) if expected else ())


def test_a_commit_status_hears_of_all_that_may_change_it():
    one = alert("drift", everywhere=True, to=(SLACK, STATUS))
    route = "a commitStatus:https://api:shop/fleet:gh"
    assert matching.routes([one], event("applied", "c1", "web")) == (route,)
    assert matching.routes([one], DRIFT) == ("a apprise:slack",)
